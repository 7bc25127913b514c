import type { Host } from '../hosts/host.js';
import { timestampOf } from '../model/names.js';
import type { Settings } from '../model/settings.js';
import type { Live } from '../model/slot.js';
import { proveLive } from '../router/proof.js';
import { statesIn } from '../router/router-states.js';
import { serveTheSame } from '../router/all-routers.js';
import { configFor, routerOf } from './live-config.js';
import { endAfterDrain } from './old-workers.js';
import { warmUp } from './warm-up.js';

export interface InStep {
  /** What this router serves now. */
  readonly serves: Live | null;
  /** What the primary serves. */
  readonly live: Live | null;
  readonly signal: AbortSignal;
}

/**
 * Makes another router serve what the primary serves, where a crash or a hand has left them apart. The slot that it served is
 * the idle one, and about to be replaced: it returns when nobody has a request there any more.
 */
export async function putInStep(host: Host, settings: Settings, { serves, live, signal }: InStep): Promise<void> {
  if (serveTheSame(serves, live)) return;
  const nginx = await routerOf(host, settings);
  // A name of its own: what nginx refuses must leave this config in place, and not one from before an earlier deploy.
  const by = `${timestampOf(Date.now())}-in-step`;
  const present = await nginx.readConfig();
  if (live) await warmUp(host, settings, nginx, { next: live, present, by, ifUnreached: 'users-go', signal });
  const workers = await nginx.workers();
  const states = { ...statesIn(present), candidate: null };
  await nginx.install(await configFor(nginx, settings, live, states), by);
  await nginx.reload();
  // An app that is ill is no reason to send users to a slot that is about to be replaced.
  await proveLive(host, settings, { live, health: false }, signal);
  await endAfterDrain(nginx, workers, settings, signal);
}
