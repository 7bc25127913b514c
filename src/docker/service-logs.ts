import type { Host } from '../hosts/host.js';
import type { LogSection } from '../model/activities.js';
import type { Settings } from '../model/settings.js';
import type { Slot } from '../model/slot.js';
import { reasonOf } from '../model/reason.js';
import { whyEngineRefused } from './engine-refusal.js';
import { findContainer, isGone, tailLogs } from './container.js';

/**
 * The last lines of a slot, the router and litestream, each apart: a replica's errors must not bury the app's crash. One
 * that the engine cannot give says so in its own place: the others are what a person looks for then.
 *
 * @param lines of each. Default: as many as the settings say.
 * @throws what the engine says, where it gives none of them.
 */
export async function readServiceLogs(
  host: Host,
  settings: Settings,
  slot: Slot,
  lines?: number,
): Promise<LogSection[]> {
  const { logs, router, otherRouters = [], replica, slots, project } = settings;
  const wanted = [
    { title: `app (${slots[slot]})`, service: slots[slot], last: logs.app },
    { title: 'router', service: router.service, last: logs.router },
    ...otherRouters.map(({ service }) => ({ title: `router (${service})`, service, last: logs.router })),
    ...(replica ? [{ title: 'litestream', service: replica.service, last: logs.litestream }] : []),
  ];
  const failures: unknown[] = [];
  const sections = await Promise.all(
    wanted.map(async ({ title, service, last }) => {
      const read = linesOf(host, project, service, lines ?? last);
      return { title, lines: await read.catch((error: unknown) => [cannotBeRead(error, failures)]) };
    }),
  );
  if (failures.length === wanted.length) throw failures[0];
  return sections;
}

async function linesOf({ docker }: Host, project: string, service: string, lines: number): Promise<string[]> {
  const container = await findContainer(docker, project, service);
  if (!container) return [];
  try {
    return await tailLogs(docker, container.id, lines);
  } catch (error) {
    // Removed between the two: there is nothing to read any more, and nothing wrong with the engine.
    if (!isGone(error)) throw error;
    return ['(gone)'];
  }
}

function cannotBeRead(error: unknown, failures: unknown[]): string {
  failures.push(error);
  return `(cannot be read: ${whyEngineRefused(error) ?? reasonOf(error)})`;
}
