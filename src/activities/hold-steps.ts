import { setTimeout as sleep } from 'node:timers/promises';
import type { Host } from '../hosts/host.js';
import type {
  Activities,
  HoldArgs,
  ReleaseWritesArgs,
  RouterWorker,
  WritesHeld,
  WritesReleased,
} from '../model/activities.js';
import { holdName } from '../model/hold.js';
import type { Settings } from '../model/settings.js';
import { heldIn, timeOf } from '../router/hold-config.js';
import { proveLive } from '../router/live-slot.js';
import type { Nginx } from '../router/nginx.js';
import type { Dependencies } from './dependencies.js';
import { endHold } from './end-hold.js';
import { failureOf } from './failures.js';
import { configFor, routerOf } from './live-config.js';
import type { Running } from './running.js';
import { stepsOn } from './step.js';

const answersInARow = 5;
const proofTimeoutMs = 20_000;

/** How long a worker that was told to end may take: it only has to close its connections. */
const endingMs = 10_000;

/** What keeps writes away from the database while a release is started. */
export function holdSteps(dependencies: Dependencies): Pick<Activities, 'holdWrites' | 'releaseWrites'> {
  const step = stepsOn(dependencies);
  return { holdWrites: step(holdWrites), releaseWrites: step(releaseWrites) };
}

/**
 * Makes the router refuse writes, and returns when none is on its way any more: what is acknowledged is then in the
 * database. A config written by hand is replaced as by the switch, and kept.
 *
 * Each attempt holds anew, with a deadline of its own. All workers of before its reload are older, whichever attempt
 * they are from, so it has to wait for these and for no others.
 */
async function holdWrites(
  host: Host,
  { settings, live, timestamp }: HoldArgs,
  { signal }: Running,
): Promise<WritesHeld> {
  const rules = settings.database?.holdWrites;
  if (!rules) throw failureOf('InvalidInput', 'database.holdWrites is not in the settings');
  const nginx = await routerOf(host, settings);
  const changed = heldIn(await nginx.readConfig())?.by !== timestamp;
  // What is waited for here is no part of the time that the deploy is given.
  const lasts = settings.drain.timeoutMs + 2 * rules.timeoutMs;
  const hold = { by: timestamp, until: (await nginx.now()) + Math.ceil(lasts / 1000), rules };
  const config = await configFor(nginx, settings, live, { ...hold, healthPath: settings.health.path });
  const older = await nginx.workers();
  await nginx.install(config, holdName(timestamp));
  await nginx.reload();
  const until = timeOf(hold.until);
  // Not by a write: where the hold did not work, it would reach the app.
  const proof = { live, hold: { by: timestamp, until }, answers: answersInARow, timeoutMs: proofTimeoutMs };
  await proveLive(host, settings, proof, signal);
  return { changed, until, cut: await untilGone(nginx, settings, older, signal) };
}

/**
 * Waits until the workers have answered what they had; those that still have something at `drain.timeout` are ended.
 * A write that is cut off was not acknowledged.
 *
 * @returns how many were ended.
 */
async function untilGone(
  nginx: Nginx,
  settings: Settings,
  workers: readonly RouterWorker[],
  signal: AbortSignal,
): Promise<number> {
  const left = await remainingAfter(nginx, workers, settings.drain.timeoutMs, signal);
  if (left === 0) return 0;
  await nginx.endOldWorkers();
  const stubborn = await remainingAfter(nginx, workers, endingMs, signal);
  if (stubborn > 0)
    throw failureOf('CommandFailed', `${stubborn} workers of the router do not end: a write may be on its way`);
  return left;
}

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

/** Undoes a hold, and ends it where the switch was proven: the router goes on serving what it serves. */
async function releaseWrites(
  host: Host,
  { settings, timestamp }: ReleaseWritesArgs,
  { signal }: Running,
): Promise<WritesReleased> {
  return { changed: await endHold(host, settings, { by: timestamp, signal }) };
}
