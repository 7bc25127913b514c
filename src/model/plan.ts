import { imageOf } from './names.js';
import type { Settings } from './settings.js';
import { otherSlot, type Live, type Slot } from './slot.js';

/** Where a release goes: computed from what is live, shown, and then carried out. */
export interface SwitchPlan {
  /** What the router serves before; `null` on a first deploy. */
  readonly from: Live | null;
  readonly slot: Slot;
  readonly release: string;
  readonly image: string;
}

/** The idle slot gets the new release; where nothing is live, blue does. */
export function planDeploy(settings: Settings, release: string, live: Live | null): SwitchPlan {
  return { from: live, slot: live ? otherSlot(live.slot) : 'blue', release, image: imageOf(settings, release) };
}
