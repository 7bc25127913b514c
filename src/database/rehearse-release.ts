import { Compose } from '../docker/compose.js';
import { redactorFor } from '../docker/redactor.js';
import { redactLines } from '../secrets/redact.js';
import { environmentOf } from '../docker/service-copy.js';
import type { Host } from '../hosts/host.js';
import type { Rehearsal } from '../model/database.js';
import type { Settings } from '../model/settings.js';
import type { DatabaseOptions } from './database-of.js';
import { rehearse, RehearsalError, type RehearsalRequest } from './rehearsal.js';

/** Of what a migration writes, so many of the last lines are kept, each cut at so many characters. */
const keepLines = { done: 10, failed: 40, characters: 500 };

export interface ReleaseRehearsal extends Omit<RehearsalRequest, 'config'> {
  readonly release: string;
}

/**
 * Runs the migrations of a release on a copy of the database; `null` when there is none yet. What it says has no secret in it.
 *
 * @throws {RehearsalError} when they fail: with their last lines.
 */
export async function rehearseRelease(
  host: Host,
  settings: Settings,
  { release, ...request }: ReleaseRehearsal,
  options: DatabaseOptions,
): Promise<Rehearsal | null> {
  const config = await new Compose(host, settings).config({ [request.slot]: { image: request.image, release } });
  // A variable that came with this release is in no container yet, and need not be in the project's env file.
  const redact = await redactorFor(host, settings, Object.values(config.services).flatMap(environmentOf));
  const last = (lines: readonly string[], count: number) =>
    redactLines(redact, lines)
      .slice(-count)
      .map((line) => line.slice(0, keepLines.characters));
  try {
    const rehearsed = await rehearse(host, settings, { ...request, config }, options);
    if (!rehearsed) return null;
    const { lines, ...outcome } = rehearsed;
    return { ...outcome, output: last(lines, keepLines.done) };
  } catch (error) {
    if (!(error instanceof RehearsalError)) throw error;
    const reason = redact(error.message).slice(0, keepLines.characters);
    throw new RehearsalError(reason, last(error.lines, keepLines.failed));
  }
}
