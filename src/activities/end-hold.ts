import type { Host } from '../hosts/host.js';
import { holdName } from '../model/hold.js';
import type { Settings } from '../model/settings.js';
import { sameLive } from '../model/slot.js';
import { heldIn } from '../router/hold-config.js';
import { askRouter, proveLive } from '../router/live-slot.js';
import { Nginx } from '../router/nginx.js';
import { liveInConfig, marker } from '../router/nginx-config.js';
import { configFor } from './live-config.js';

/** An app that is ill is no reason to go on refusing writes. */
const proof = { answers: 5, timeoutMs: 20_000, health: false };

export interface EndHold {
  /** Only the hold of the deploy with this timestamp; `null`: any, since nobody can want it any more. */
  readonly by: string | null;
  readonly signal: AbortSignal;
}

/**
 * Makes the router let writes through again, and proves it. It goes on serving the slot that it serves.
 *
 * @returns whether there was something to do.
 */
export async function endHold(host: Host, settings: Settings, { by, signal }: EndHold): Promise<boolean> {
  const nginx = await Nginx.find(host, settings);
  if (!nginx) return false;
  const wanted = (hold: { readonly by: string } | null) => hold !== null && (by === null || hold.by === by);
  const inPlace = (await nginx.readConfig()) ?? '';
  const loaded = await askRouter(host, settings);
  let config = inPlace;
  if (wanted(heldIn(inPlace))) {
    const open = await withoutHold(nginx, settings, inPlace);
    await nginx.install((config = open.config), open.name);
  } else if (!wanted(loaded.hold) || !sameLive(liveInConfig(inPlace, settings.slots), loaded.live)) {
    return false;
  }
  // Else the attempt before this one has put it there, and died before it was loaded.
  await nginx.reload();
  const live = config.startsWith(marker) ? liveInConfig(config, settings.slots) : null;
  await proveLive(host, settings, { ...proof, live, hold: null }, signal);
  return true;
}

/**
 * The config for the same slot that holds nothing, and the name under which the one with the hold is kept. It is the
 * very one from before the hold, so that one written by hand comes back, unless the router was switched since.
 */
async function withoutHold(nginx: Nginx, settings: Settings, held: string): Promise<{ config: string; name: string }> {
  const timestamp = heldIn(held)?.by ?? '';
  const live = liveInConfig(held, settings.slots);
  const before = await nginx.readPrevious(holdName(timestamp));
  if (before !== null && !heldIn(before) && sameLive(liveInConfig(before, settings.slots), live)) {
    return { config: before, name: holdName(timestamp) };
  }
  // A name of its own: what nginx refuses must leave this slot in place, and not the one from before the hold.
  return { config: await configFor(nginx, settings, live), name: `${timestamp}-released` };
}
