import { RehearsalError } from '../database/rehearsal.js';
import { rehearseRelease } from '../database/rehearse-release.js';
import type { Host } from '../hosts/host.js';
import type { Activities, LogSection, RehearsalArgs } from '../model/activities.js';
import type { Rehearsal } from '../model/database.js';
import type { Dependencies } from './dependencies.js';
import { failureOf } from './failures.js';
import type { Running } from './running.js';
import { stepsOn } from './step.js';

/** Runs the migrations of a release before they can do harm. */
export function rehearsalStep(dependencies: Dependencies): Pick<Activities, 'rehearseMigration'> {
  const step = stepsOn(dependencies);
  return { rehearseMigration: step(rehearseMigration) };
}

async function rehearseMigration(host: Host, args: RehearsalArgs, context: Running): Promise<Rehearsal | null> {
  const { settings, slot, release, image, timestamp } = args;
  try {
    return await rehearseRelease(host, settings, { slot, release, image, timestamp }, context);
  } catch (error) {
    if (!(error instanceof RehearsalError)) throw error;
    const section: LogSection = { title: 'migration on a copy', lines: error.lines };
    throw failureOf('RehearsalFailed', `${error.message}; the database never saw it`, [section]);
  }
}
