import type { Host } from '../hosts/host.js';
import { routersOf } from '../model/routers.js';
import type { Settings } from '../model/settings.js';
import { liveText, type Live, type Slot } from '../model/slot.js';
import { askRouter, type RouterState } from './live-slot.js';

/** What a router of the project does now. */
export interface AskedRouter {
  readonly service: string;
  readonly state: RouterState;
}

/** The primary first. */
export type AskedRouters = readonly [AskedRouter, ...AskedRouter[]];

/** What each router of the project does. */
export async function askRouters(host: Host, settings: Settings): Promise<AskedRouters> {
  const [primary, ...others] = routersOf(settings);
  const ask = async (own: Settings) => ({ service: own.router.service, state: await askRouter(host, own) });
  return [await ask(primary), ...(await Promise.all(others.map(ask)))];
}

/** Whether any of them sends anybody to a slot. */
export function isUsed(routers: AskedRouters, slot: Slot): boolean {
  return routers.some(({ state: { live, canary } }) => slot === live?.slot || slot === canary?.slot);
}

/** A release that one of them does not tell, since its config was written by hand, may be the same. */
export function serveTheSame(one: Live | null, other: Live | null): boolean {
  if (one?.slot !== other?.slot) return false;
  return one?.release === other?.release || one?.release === null || other?.release === null;
}

/** Which of the others do not serve what the primary serves, in words; none where all are in step. */
export function outOfStep([primary, ...others]: AskedRouters): string[] {
  const { live } = primary.state;
  return others
    .filter(({ state }) => !serveTheSame(state.live, live))
    .map(({ service, state }) => `the router ${service} serves ${liveText(state.live)}, and not ${liveText(live)}`);
}
