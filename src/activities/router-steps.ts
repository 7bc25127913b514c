import { setTimeout as sleep } from 'node:timers/promises';
import { Compose } from '../docker/compose.js';
import { findContainer } from '../docker/container.js';
import type {
  Activities,
  BootstrapResult,
  DrainArgs,
  Drained,
  RouterConfigArgs,
  RouterConfigWritten,
  StepArgs,
  SwitchBackArgs,
  SwitchedBack,
  SwitchProven,
} from '../model/activities.js';
import type { Settings } from '../model/settings.js';
import { sameLive, slots, type Live } from '../model/slot.js';
import { heldIn, type HoldConfig } from '../router/hold-config.js';
import { askLive, askRouter, proveLive } from '../router/live-slot.js';
import { Nginx } from '../router/nginx.js';
import { marker, slotInConfig } from '../router/nginx-config.js';
import type { Host } from '../hosts/host.js';
import type { Dependencies } from './dependencies.js';
import { endHold } from './end-hold.js';
import { configFor, routerOf } from './live-config.js';
import type { Running } from './running.js';
import { stepsOn } from './step.js';

type RouterSteps = Pick<
  Activities,
  'bootstrapRouter' | 'writeRouterConfig' | 'reloadRouter' | 'drainSlot' | 'switchBack'
>;

const answersInARow = 5;
const proofTimeoutMs = 20_000;

/** What is done to the router. */
export function routerSteps(dependencies: Dependencies): RouterSteps {
  const step = stepsOn(dependencies);
  return {
    bootstrapRouter: step(bootstrapRouter),
    writeRouterConfig: step(writeRouterConfig),
    reloadRouter: step(reloadRouter),
    drainSlot: step(drainSlot),
    switchBack: step(switchBack),
  };
}

/**
 * Writes a config only where there is none: the router's own health check fails without one, so the first
 * `up --wait` could never succeed. Where there is one it stays, unless a deploy that is gone left its write hold there:
 * that one is ended.
 */
async function bootstrapRouter(host: Host, { settings }: StepArgs, { signal }: Running): Promise<BootstrapResult> {
  const compose = new Compose(host, settings);
  await compose.create(settings.router.service);
  const nginx = await routerOf(host, settings);
  const config = await nginx.readConfig();
  const missing = config === null || !isRouterConfig(config, settings);
  // A router that still runs knows what it serves, though its config file is gone.
  const state = await askRouter(host, settings);
  const live = state.live ?? (missing ? await onlyHealthySlot(host, settings) : null);
  if (missing) await nginx.place(await configFor(nginx, settings, live));
  await compose.ensure([settings.router.service], 60_000, { signal });
  if (missing) await (await routerOf(host, settings)).reload();
  const held = !missing && (heldIn(config) !== null || state.hold !== null);
  if (held) await endHold(host, settings, { by: null, signal });
  return {
    config: missing ? (live ? 'live-slot' : 'placeholder') : 'kept',
    live: live ?? (await askLive(host, settings)),
    ...(held ? { holdEnded: true } : {}),
  };
}

/** The slot that runs and is healthy, when it is the only one: the router's volume was wiped. */
async function onlyHealthySlot(host: Host, { project, slots: services }: Settings): Promise<Live | null> {
  const states = await Promise.all(slots.map((slot) => findContainer(host.docker, project, services[slot])));
  const healthy = slots.filter((_, at) => states[at]?.running && states[at]?.health === 'healthy');
  const [slot] = healthy;
  return healthy.length === 1 && slot ? { slot, release: null } : null;
}

async function writeRouterConfig(host: Host, args: RouterConfigArgs): Promise<RouterConfigWritten> {
  const { settings, slot, release, timestamp } = args;
  const nginx = await routerOf(host, settings);
  const present = await nginx.readConfig();
  const config = await configFor(nginx, settings, { slot, release }, holdOf(settings, timestamp, present));
  const changed = present !== config;
  // Before the reload: these are the workers that may still hold requests to the old slot.
  const workers = await nginx.workers();
  if (changed) await nginx.install(config, timestamp);
  return { changed, workers };
}

/**
 * The hold of this deploy goes over to the new slot: until that one is proven, a write that it acknowledged could still
 * be undone.
 */
function holdOf(settings: Settings, timestamp: string, config: string | null): HoldConfig | null {
  const held = heldIn(config);
  const rules = settings.database?.holdWrites;
  return held?.by === timestamp && rules ? { ...held, rules, healthPath: settings.health.path } : null;
}

async function reloadRouter(
  host: Host,
  { settings, slot, release }: RouterConfigArgs,
  { signal }: Running,
): Promise<SwitchProven> {
  const started = Date.now();
  const live = { slot, release };
  await (await routerOf(host, settings)).reload();
  await proveLive(host, settings, { live, answers: answersInARow, timeoutMs: proofTimeoutMs }, signal);
  return { answers: answersInARow, afterMs: Date.now() - started };
}

async function drainSlot(host: Host, { settings, workers }: DrainArgs, { signal }: Running): Promise<Drained> {
  const started = Date.now();
  for (;;) {
    const nginx = await Nginx.find(host, settings);
    const remaining = nginx?.running ? (await nginx.remaining(workers)).length : 0;
    const afterMs = Date.now() - started;
    if (remaining === 0) return { drained: true, remaining, afterMs };
    if (afterMs > settings.drain.timeoutMs) return { drained: false, remaining, afterMs };
    await sleep(200, undefined, { signal });
  }
}

/** Puts the config of before the deploy back, and proves it where pointsman wrote it. */
async function switchBack(
  host: Host,
  { settings, timestamp, live }: SwitchBackArgs,
  { signal }: Running,
): Promise<SwitchedBack> {
  const nginx = await routerOf(host, settings);
  const previous = await nginx.readPrevious(timestamp);
  if (previous === null) return { changed: false, workers: [] };
  const inPlace = (await nginx.readConfig()) === previous;
  // Never switched: nothing to load again, and whatever else is wrong in nginx's config is no reason to fail.
  if (inPlace && sameLive(await askLive(host, settings), live)) return { changed: false, workers: [] };
  const workers = await nginx.workers();
  if (!inPlace) await nginx.install(previous, timestamp);
  await nginx.reload();
  if (live && previous.startsWith(marker)) {
    await proveLive(host, settings, { live, answers: answersInARow, timeoutMs: proofTimeoutMs }, signal);
  }
  return { changed: true, workers };
}

/** An image's own default page is no config of a router; one written by hand that names a slot is. */
function isRouterConfig(config: string, settings: Settings): boolean {
  return config.startsWith(marker) || slotInConfig(config, settings.slots) !== null;
}
