import { setTimeout as sleep } from 'node:timers/promises';

export interface Patience {
  readonly limitMs: number;
  readonly everyMs: number;
}

/** Asks again and again until it is so. `false` when the limit has passed; it is asked at least once. */
export async function until(isSo: () => Promise<boolean>, { limitMs, everyMs }: Patience): Promise<boolean> {
  const deadline = Date.now() + limitMs;
  for (;;) {
    if (await isSo()) return true;
    if (Date.now() + everyMs > deadline) return false;
    await sleep(everyMs);
  }
}
