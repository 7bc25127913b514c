import { hasTool, uniqueCall } from '../database/database-of.js';
import { RehearsalError } from '../database/rehearsal.js';
import { rehearseRelease } from '../database/rehearse-release.js';
import { settingsOn } from '../docker/project-directory.js';
import { imageId } from '../docker/image.js';
import type { Host } from '../hosts/host.js';
import type { Rehearsal } from '../model/database.js';
import type { SwitchPlan } from '../model/plan.js';
import { sqliteSettings, type Settings } from '../model/settings.js';
import { Exit, exitCodes } from './exit-codes.js';
import { untilInterrupted } from './interrupted.js';

/** What a plan found by running the release's migrations on a copy. */
export type PlannedRehearsal =
  | { readonly state: 'done'; readonly rehearsal: Rehearsal }
  | { readonly state: 'failed'; readonly reason: string; readonly lines: readonly string[] }
  /** It was not made, and why. */
  | { readonly state: 'none'; readonly reason: string };

/** @throws {Exit} `usage` where there is nothing that could be rehearsed. */
export function requireMigrate(settings: Settings): void {
  if (sqliteSettings(settings)?.migrate) return;
  throw new Exit(
    exitCodes.usage,
    '--rehearse runs the migrations, and pointsman.yml does not say how: set database.migrate.',
  );
}

/**
 * As the deploy's own rehearsal: on a copy, in a container that is gone after it. Ctrl-C ends it.
 *
 * @param obstacle why a deploy would not begin; then nothing is rehearsed.
 */
export async function planRehearsal(
  host: Host,
  settings: Settings,
  plan: SwitchPlan,
  obstacle: string | null,
): Promise<PlannedRehearsal> {
  if (obstacle !== null) return { state: 'none', reason: obstacle };
  const there = settingsOn(host, settings);
  const missing = await missingImage(host, there, plan.image);
  if (missing) return { state: 'none', reason: `${missing} is not on ${host.name} yet; the deploy itself fetches it` };
  const { slot, release, image } = plan;
  const request = { slot, release, image, timestamp: uniqueCall(), purpose: 'planned-rehearsal' } as const;
  try {
    const rehearsal = await untilInterrupted((signal) => rehearseRelease(host, there, request, { signal }));
    return rehearsal ? { state: 'done', rehearsal } : { state: 'none', reason: 'there is no database yet' };
  } catch (error) {
    if (!(error instanceof RehearsalError)) throw error;
    return { state: 'failed', reason: error.message, lines: error.lines };
  }
}

async function missingImage(host: Host, settings: Settings, image: string): Promise<string | null> {
  if (!(await imageId(host.docker, image))) return image;
  return (await hasTool(host, settings)) ? null : settings.toolImage;
}
