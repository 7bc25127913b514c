import type { Live, Slot } from '../model/slot.js';

/** What a config of pointsman's own says of itself that it serves; `null`: no slot. */
export function liveInOwn(config: string): Live | null {
  const [, slot, release = 'null'] =
    /return 200 '\{"slot":(?:"(\w+)"|null),"release":("[^"]*"|null)/.exec(config) ?? [];
  return slot ? { slot: slot as Slot, release: textOf(release) } : null;
}

/** A hand may have left what is no JSON: then the release is unknown, and the slot is not. */
function textOf(json: string): string | null {
  try {
    return JSON.parse(json) as string | null;
  } catch {
    return null;
  }
}
