/** One of the two places where a release of the app can run: one Compose service in a profile of the same name. */
export type Slot = 'blue' | 'green';

export const slots: readonly Slot[] = ['blue', 'green'];

/** The slot that the next deploy uses when `slot` is live. */
export function otherSlot(slot: Slot): Slot {
  return slot === 'blue' ? 'green' : 'blue';
}

/** What the router serves, as the router itself answered. */
export interface Live {
  readonly slot: Slot;
  /** Unknown (`null`) when the router's config was not written by pointsman. */
  readonly release: string | null;
}

/** Do both mean the same release in the same slot, or both none? */
export function sameLive(one: Live | null, other: Live | null): boolean {
  return one?.slot === other?.slot && one?.release === other?.release;
}

/** For people. */
export function liveText(live: Live | null): string {
  return live ? `${live.slot} (${live.release ?? 'release unknown'})` : 'nothing';
}
