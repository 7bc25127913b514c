import type { Host } from '../hosts/host.js';
import type { LogSection } from '../model/activities.js';
import type { Settings } from '../model/settings.js';
import type { Slot } from '../model/slot.js';
import { findContainer, tailLogs } from './container.js';

/**
 * The last lines of a slot, the router and litestream, each apart: a replica's errors must not bury the app's crash.
 *
 * @param lines of each. Default: as many as the settings say.
 */
export function readServiceLogs(host: Host, settings: Settings, slot: Slot, lines?: number): Promise<LogSection[]> {
  const { logs, router, otherRouters = [], replica, slots, project } = settings;
  const wanted = [
    { title: `app (${slots[slot]})`, service: slots[slot], last: logs.app },
    { title: 'router', service: router.service, last: logs.router },
    ...otherRouters.map(({ service }) => ({ title: `router (${service})`, service, last: logs.router })),
    ...(replica ? [{ title: 'litestream', service: replica.service, last: logs.litestream }] : []),
  ];
  return Promise.all(
    wanted.map(async ({ title, service, last }) => {
      const container = await findContainer(host.docker, project, service);
      return { title, lines: container ? await tailLogs(host.docker, container.id, lines ?? last) : [] };
    }),
  );
}
