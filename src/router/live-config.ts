import type { Settings } from '../model/settings.js';
import type { Live } from '../model/slot.js';
import { isAtLeast, type Nginx } from './nginx.js';
import { renderLiveConfig, renderPlaceholder } from './nginx-config.js';
import { noStates, type RouterStates } from './router-states.js';
import { watchFile } from './watch-log.js';

/** The config of a router that serves `live` and is in these states, in the form that its nginx understands. */
export async function configFor(
  nginx: Nginx,
  settings: Settings,
  live: Live | null,
  states: RouterStates = noStates,
): Promise<string> {
  const { router, slots, health, database } = settings;
  if (!live) return renderPlaceholder(router.port);
  // A router that does not run yet cannot tell its version; its names may be missing, so the modern form is needed.
  const version = nginx.running ? await nginx.version() : null;
  const modern = !nginx.running || isAtLeast(version, '1.27.4');
  const rules = database?.holdWrites;
  const { hold, candidate, watch, maintenance } = states;
  return renderLiveConfig({
    live,
    service: slots[live.slot],
    upstreamPort: router.upstreamPort,
    port: router.port,
    modern,
    mergesHeaders: isAtLeast(version, '1.29.3'),
    own: router,
    hold: hold && rules ? { ...hold, rules, healthPath: health.path } : null,
    candidate: candidate && { ...candidate, service: slots[candidate.slot] },
    watch: watch && { ...watch, file: watchFile(router), healthPath: health.path },
    maintenance: maintenance && { ...maintenance, healthPath: health.path },
  });
}
