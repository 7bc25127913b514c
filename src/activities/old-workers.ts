import { setTimeout as sleep } from 'node:timers/promises';
import type { RouterWorker } from '../model/activities.js';
import type { Settings } from '../model/settings.js';
import type { Nginx } from '../router/nginx.js';

/** How long a worker that was told to end may take: it only has to close its connections. */
const endingMs = 10_000;

/**
 * Waits until the workers have answered what they had, and ends those that still have something at `drain.timeout`.
 *
 * @returns how many had to be ended, and how many of these did not end all the same.
 */
export async function endAfterDrain(
  nginx: Nginx,
  workers: readonly RouterWorker[],
  { drain }: Pick<Settings, 'drain'>,
  signal: AbortSignal,
): Promise<{ readonly left: number; readonly stubborn: number }> {
  const left = await remainingAfter(nginx, workers, drain.timeoutMs, signal);
  return { left, stubborn: left === 0 ? 0 : await endNow(nginx, workers, signal) };
}

/** Ends the workers with the requests that they have. @returns how many did not end. */
export async function endNow(nginx: Nginx, workers: readonly RouterWorker[], signal: AbortSignal): Promise<number> {
  await nginx.endOldWorkers();
  return remainingAfter(nginx, workers, endingMs, signal);
}

/** Waits until all of these workers are gone, or the time is over: how many there still are. */
async function remainingAfter(
  nginx: Nginx,
  workers: readonly RouterWorker[],
  timeoutMs: number,
  signal: AbortSignal,
): Promise<number> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const { length } = await nginx.remaining(workers);
    if (length === 0 || Date.now() > deadline) return length;
    await sleep(200, undefined, { signal });
  }
}
