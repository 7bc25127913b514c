import type { Host } from '../hosts/host.js';
import { holdName } from '../model/hold.js';
import type { Settings } from '../model/settings.js';
import { sameLive, type Live } from '../model/slot.js';
import { askRouter, type RouterState } from '../router/live-slot.js';
import { Nginx } from '../router/nginx.js';
import { isOwnConfig, liveInConfig } from '../router/nginx-config.js';
import { proveLive } from '../router/proof.js';
import { sameStates, statesIn, type RouterStates } from '../router/router-states.js';
import { configFor } from './live-config.js';

/** Names the copy of the config from before the watch. */
export function watchName(timestamp: string): string {
  return `${timestamp}-watch`;
}

/** Names the copy of the config from before the maintenance. */
export function maintenanceName(timestamp: string): string {
  return `${timestamp}-maintenance`;
}

/** What is told of a state by a config and by the router alike. */
type Told = Pick<RouterState, 'canary' | 'maintenance' | 'watched'> & { readonly hold: { readonly by: string } | null };

interface Ending {
  /** Whether there is something to end. */
  readonly isIn: (state: Told) => boolean;
  /** The states that stay. */
  readonly without: (states: RouterStates) => RouterStates;
  readonly signal: AbortSignal;
}

export interface EndHold {
  /** Only the hold of the deploy with this timestamp; `null`: any, since nobody can want it any more. */
  readonly by: string | null;
  readonly signal: AbortSignal;
}

/**
 * Makes the router let writes through again, and proves it.
 *
 * @returns whether there was something to do.
 */
export function endHold(host: Host, settings: Settings, { by, signal }: EndHold): Promise<boolean> {
  return endState(host, settings, {
    isIn: ({ hold }) => hold !== null && (by === null || hold.by === by),
    without: (states) => ({ ...states, hold: null }),
    signal,
  });
}

/** As {@link endHold}, for the notes of what each slot answers. */
export function endNotes(host: Host, settings: Settings, signal: AbortSignal): Promise<boolean> {
  return endState(host, settings, {
    isIn: ({ watched }) => watched,
    without: (states) => ({ ...states, watch: null }),
    signal,
  });
}

/** As {@link endHold}, for the canary and the notes of a deploy that is gone. */
export function endStage(host: Host, settings: Settings, signal: AbortSignal): Promise<boolean> {
  return endState(host, settings, {
    isIn: ({ canary, watched }) => canary !== null || watched,
    without: (states) => ({ ...states, candidate: null, watch: null }),
    signal,
  });
}

/** As {@link endHold}, for the page of maintenance. */
export function endMaintenance(host: Host, settings: Settings, signal: AbortSignal): Promise<boolean> {
  return endState(host, settings, {
    isIn: ({ maintenance }) => maintenance !== null,
    without: (states) => ({ ...states, maintenance: null }),
    signal,
  });
}

/** Makes the router end a state. It goes on serving the slot that it serves, and stays in all other states. */
async function endState(host: Host, settings: Settings, { isIn, without, signal }: Ending): Promise<boolean> {
  const nginx = await Nginx.find(host, settings);
  if (!nginx) return false;
  await nginx.closeFence();
  const inPlace = (await nginx.readConfig()) ?? '';
  const loaded = await askRouter(host, settings);
  let config = inPlace;
  if (isIn(toldBy(inPlace))) {
    const next = await ended(nginx, settings, { inPlace, serves: loaded.live, without });
    await nginx.install((config = next.config), next.name);
  } else if (!isIn(loaded) || !sameLive(liveInConfig(inPlace, settings.slots), loaded.live)) {
    return false;
  }
  // Else the attempt before this one has put it there, and died before it was loaded.
  await nginx.reload();
  const live = isOwnConfig(config) ? liveInConfig(config, settings.slots) : null;
  const { hold, candidate, watch, maintenance } = statesIn(config);
  const states = { canary: candidate, watched: watch !== null, maintenance: maintenance !== null };
  // An app that is ill is no reason to stay in a state that has to end.
  await proveLive(host, settings, { live, health: false, ...(hold ? {} : { hold }), ...states }, signal);
  return true;
}

function toldBy(config: string): Told {
  const { hold, candidate, watch, maintenance } = statesIn(config);
  return { hold, canary: candidate, watched: watch !== null, maintenance };
}

/**
 * The config for the same slot without the state, and the name under which the present one is kept. It is the very one from
 * before the state, so that one written by hand comes back, unless anything else has changed since.
 */
async function ended(
  nginx: Nginx,
  settings: Settings,
  { inPlace, serves, without }: Pick<Ending, 'without'> & { readonly inPlace: string; readonly serves: Live | null },
): Promise<{ config: string; name: string }> {
  const states = statesIn(inPlace);
  const wanted = without(states);
  // A switch that was written and never loaded is of a release that nobody has proven.
  const live = serves ?? liveInConfig(inPlace, settings.slots);
  const names = keptNames(states, wanted);
  for (const name of names) {
    const before = await nginx.readPrevious(name);
    if (
      before !== null &&
      sameStates(statesIn(before), wanted) &&
      sameLive(liveInConfig(before, settings.slots), live)
    ) {
      return { config: before, name };
    }
  }
  // A name of its own: what nginx refuses must leave this config in place, and not the one from before the state.
  return { config: await configFor(nginx, settings, live, wanted), name: `${names[0] ?? 'state'}-ended` };
}

/** Where the config from before each state that ends was kept. */
function keptNames(states: RouterStates, wanted: RouterStates): string[] {
  const { hold, candidate, watch, maintenance } = states;
  return [
    hold && !wanted.hold && holdName(hold.by),
    watch && !wanted.watch && watchName(watch.by),
    candidate && !wanted.candidate && candidate.by,
    maintenance && !wanted.maintenance && maintenanceName(maintenance.since),
  ].filter((name) => typeof name === 'string');
}
