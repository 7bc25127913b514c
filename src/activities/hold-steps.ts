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
import { timeOf } from '../router/hold-config.js';
import { proveLive } from '../router/proof.js';
import type { Nginx } from '../router/nginx.js';
import { statesIn } from '../router/router-states.js';
import type { Dependencies } from './dependencies.js';
import { atOnce, placedThenLoaded } from './each-router.js';
import { endHold } from './end-state.js';
import { endAfterDrain } from './old-workers.js';
import { failureOf } from './failures.js';
import { configFor, routerOf } from './live-config.js';
import type { Running } from './running.js';
import { stepsOn } from './step.js';

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
async function holdWrites(host: Host, args: HoldArgs, { signal }: Running): Promise<WritesHeld> {
  const held = await placedThenLoaded(
    args,
    (own) => placeHold(host, own),
    (own, placed) => loadHold(host, own, placed, signal),
  );
  const until = Math.min(...held.map((one) => one.until));
  return {
    changed: held.some(({ changed }) => changed),
    until: timeOf(until),
    cut: held.reduce((sum, { cut }) => sum + cut, 0),
  };
}

interface PlacedHold {
  readonly nginx: Nginx;
  readonly changed: boolean;
  readonly until: number;
  /** Those that may have a write on its way. */
  readonly older: readonly RouterWorker[];
}

async function placeHold(host: Host, { settings, live, timestamp }: HoldArgs): Promise<PlacedHold> {
  const rules = settings.database?.holdWrites;
  if (!rules) throw failureOf('InvalidInput', 'database.holdWrites is not in the settings');
  const nginx = await routerOf(host, settings);
  const states = statesIn(await nginx.readConfig());
  const changed = states.hold?.by !== timestamp;
  // What is waited for here is no part of the time that the deploy is given.
  const lasts = settings.drain.timeoutMs + 2 * rules.timeoutMs;
  const hold = { by: timestamp, until: (await nginx.now()) + Math.ceil(lasts / 1000) };
  const config = await configFor(nginx, settings, live, { ...states, hold });
  const older = await nginx.workers();
  await nginx.install(config, holdName(timestamp));
  return { nginx, changed, until: hold.until, older };
}

/** @returns how many workers had to be ended, too. */
async function loadHold(
  host: Host,
  { settings, live, timestamp }: HoldArgs,
  { nginx, changed, until, older }: PlacedHold,
  signal: AbortSignal,
): Promise<{ changed: boolean; until: number; cut: number }> {
  await nginx.reload();
  // Not by a write: where the hold did not work, it would reach the app.
  const hold = { by: timestamp, until: timeOf(until) };
  await proveLive(host, settings, { live, hold }, signal);
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
  const { left, stubborn } = await endAfterDrain(nginx, workers, settings, signal);
  if (stubborn > 0)
    throw failureOf('CommandFailed', `${stubborn} workers of the router do not end: a write may be on its way`);
  return left;
}

/** Undoes a hold, and ends it where the switch was proven: the router goes on serving what it serves. */
async function releaseWrites(host: Host, args: ReleaseWritesArgs, { signal }: Running): Promise<WritesReleased> {
  const ended = await atOnce(args, ({ settings, timestamp }) => endHold(host, settings, { by: timestamp, signal }));
  return { changed: ended.includes(true) };
}
