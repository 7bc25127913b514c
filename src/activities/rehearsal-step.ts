import { environmentOf } from '../database/rehearsal-container.js';
import { rehearse, RehearsalError } from '../database/rehearsal.js';
import { Compose } from '../docker/compose.js';
import type { Host } from '../hosts/host.js';
import type { Activities, LogSection, RehearsalArgs } from '../model/activities.js';
import type { Rehearsal } from '../model/database.js';
import type { Dependencies } from './dependencies.js';
import { failureOf } from './failures.js';
import { redactorFor } from './redactor.js';
import type { Running } from './running.js';
import { stepsOn } from './step.js';

/** Of what a migration writes, so many of the last lines are kept, each cut at so many characters. */
const keepLines = { done: 10, failed: 40, characters: 500 };

/** Runs the migrations of a release before they can do harm. */
export function rehearsalStep(dependencies: Dependencies): Pick<Activities, 'rehearseMigration'> {
  const step = stepsOn(dependencies);
  return { rehearseMigration: step(rehearseMigration) };
}

async function rehearseMigration(host: Host, args: RehearsalArgs, context: Running): Promise<Rehearsal | null> {
  const { settings, slot, release, image, timestamp } = args;
  const config = await new Compose(host, settings).config({ [slot]: { image, release } });
  // A variable that came with this release is in no container yet, and need not be in the project's env file.
  const environments = Object.values(config.services).flatMap((service) => Object.entries(environmentOf(service)));
  const redact = await redactorFor(
    host,
    settings,
    environments.map(([name, value]) => `${name}=${value}`),
  );
  const last = (lines: readonly string[], count: number) =>
    lines.slice(-count).map((line) => redact(line).slice(0, keepLines.characters));
  try {
    const rehearsed = await rehearse(host, settings, { slot, image, timestamp, config }, context);
    if (!rehearsed) return null;
    const { lines, ...outcome } = rehearsed;
    return { ...outcome, output: last(lines, keepLines.done) };
  } catch (error) {
    if (!(error instanceof RehearsalError)) throw error;
    const section: LogSection = { title: 'migration on a copy', lines: last(error.lines, keepLines.failed) };
    const reason = redact(error.message).slice(0, keepLines.characters);
    throw failureOf('RehearsalFailed', `${reason}; the database never saw it`, [section]);
  }
}
