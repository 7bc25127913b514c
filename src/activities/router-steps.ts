import { setTimeout as sleep } from 'node:timers/promises';
import { glassBrokenSince } from '../docker/release-record.js';
import type {
  Activities,
  RouterConfigArgs,
  RouterConfigWritten,
  SwitchBackArgs,
  SwitchedBack,
  SwitchProven,
} from '../model/activities.js';
import type { Settings } from '../model/settings.js';
import { sameLive } from '../model/slot.js';
import { askRouter } from '../router/live-slot.js';
import type { Nginx } from '../router/nginx.js';
import { isOwnConfig, liveInConfig } from '../router/nginx-config.js';
import { proveLive, SwitchNotProvenError, slotMismatch, usualProof } from '../router/proof.js';
import { sameStates, statesIn, type RouterStates } from '../router/router-states.js';
import type { Host } from '../hosts/host.js';
import { backInAll, drainedInAll, reloadedInAll, writtenInAll } from './all-routers.js';
import { bootstrapRouters } from './bootstrap-router.js';
import type { Dependencies } from './dependencies.js';
import { drainSlot } from './drain-step.js';
import { failureOf } from './failures.js';
import { configFor, routerOf } from './live-config.js';
import type { Running } from './running.js';
import { stepsOn } from './step.js';
import { requireUnbroken } from './unbroken.js';
import { warmUp } from './warm-up.js';

type RouterSteps = Pick<
  Activities,
  'bootstrapRouter' | 'writeRouterConfig' | 'reloadRouter' | 'drainSlot' | 'switchBack'
>;

/** What is done to the router. */
export function routerSteps(dependencies: Dependencies): RouterSteps {
  const step = stepsOn(dependencies);
  return {
    bootstrapRouter: step(bootstrapRouters),
    writeRouterConfig: step(writtenInAll(writeRouterConfig, mustAccept)),
    reloadRouter: step(reloadedInAll(reloadRouter, mustReach)),
    drainSlot: step(drainedInAll(drainSlot)),
    switchBack: step(backInAll(switchBack)),
  };
}

/** Puts the config in place that the router has to load next; what it loads on the way there changes nothing for users. */
async function writeRouterConfig(
  host: Host,
  args: RouterConfigArgs,
  { signal }: Running,
): Promise<RouterConfigWritten> {
  const { settings, slot, release, timestamp, stage } = args;
  await requireUnbroken(host, args);
  const nginx = await routerOf(host, settings);
  if (stage) await requireModern(nginx);
  const present = await nginx.readConfig();
  const config = await configToWrite(nginx, args, present);
  const changed = present !== config;
  // One that only gets whoever asks for it is its own warm-up.
  const sent = !stage || stage.weight > 0;
  const warming = { next: { slot, release }, present, by: timestamp, ifUnreached: 'users-stay', signal } as const;
  if (changed && sent) await warmUp(host, settings, nginx, warming);
  // Before the reload: these are the workers that may still hold requests to the old slot.
  const workers = await nginx.workers();
  if (changed) await nginx.install(config, timestamp);
  return { changed, workers };
}

/** Whether nginx would take the config that is to be written. */
async function mustAccept(host: Host, args: RouterConfigArgs): Promise<void> {
  const nginx = await routerOf(host, args.settings);
  await nginx.accept(await configToWrite(nginx, args, await nginx.readConfig()));
}

function configToWrite(nginx: Nginx, args: RouterConfigArgs, present: string | null): Promise<string> {
  const { settings, slot, release, stage } = args;
  return configFor(nginx, settings, stage?.live ?? { slot, release }, statesOf(args, statesIn(present)));
}

/** An older one would look the candidate's name up at its start, and not start where that slot is stopped. */
async function requireModern(nginx: Nginx): Promise<void> {
  if (await nginx.isModern()) return;
  const version = (await nginx.version()) ?? 'of an unknown version';
  throw failureOf(
    'RouterConfigInvalid',
    `a canary or a preview needs nginx 1.27.4 or later, and the router has ${version}`,
  );
}

/**
 * The states of the config that a deploy writes. Its own hold goes over to the new slot: until that one is proven, a write that
 * it acknowledged could still be undone. Its own notes go on, to judge the release by. Those of a deploy that is gone end;
 * maintenance is a person's.
 */
function statesOf(
  { settings, slot, release, timestamp: by, stage }: RouterConfigArgs,
  present: RouterStates,
): RouterStates {
  const { hold, watch, maintenance } = present;
  const sticky = settings.canary?.sticky ?? 'none';
  return {
    hold: hold?.by === by ? hold : null,
    candidate: stage ? { by, slot, release, weight: stage.weight, sticky } : null,
    watch: watch?.by === by ? watch : null,
    maintenance,
  };
}

async function reloadRouter(host: Host, args: RouterConfigArgs, { signal }: Running): Promise<SwitchProven> {
  const { settings, slot, release, stage } = args;
  await requireUnbroken(host, args);
  const started = Date.now();
  const live = stage?.live ?? { slot, release };
  const canary = stage ? { slot, release, weight: stage.weight } : null;
  await reloadOnceReached(host, args, signal);
  await proveLive(host, settings, { live, canary }, signal);
  return { answers: usualProof.answers, afterMs: Date.now() - started };
}

/** Waits until the router reaches the slot, and loads nothing. */
async function mustReach(host: Host, { settings, slot }: RouterConfigArgs, signal: AbortSignal): Promise<void> {
  const nginx = await routerOf(host, settings);
  const deadline = Date.now() + usualProof.timeoutMs;
  const { upstreamPort: port } = settings.router;
  const service = settings.slots[slot];
  while (!(await nginx.reaches(service, port))) {
    if (Date.now() > deadline) throw notReached(service, port);
    await sleep(100, undefined, { signal });
  }
}

function notReached(service: string, port: number): SwitchNotProvenError {
  return new SwitchNotProvenError(
    `the router does not reach ${service}:${port}, though it runs: are both on one network?`,
  );
}

/**
 * Asks the slot itself, then from the router, and reloads in the same breath: what dies before that has no users yet, and
 * Docker starts it again. A slot that the router cannot reach at all never gets any.
 */
async function reloadOnceReached(
  host: Host,
  { settings, slot, release }: RouterConfigArgs,
  signal: AbortSignal,
): Promise<void> {
  const nginx = await routerOf(host, settings);
  const deadline = Date.now() + usualProof.timeoutMs;
  const { upstreamPort: port } = settings.router;
  const service = settings.slots[slot];
  for (;;) {
    const seen = await slotMismatch(host, settings, { slot, release });
    if (seen === '' && (await nginx.reloadIfItReaches(service, port))) return;
    if (Date.now() > deadline) {
      if (seen === '') throw notReached(service, port);
      throw new SwitchNotProvenError(`${service} does not answer as ${release}: ${seen}`);
    }
    await sleep(100, undefined, { signal });
  }
}

/**
 * Puts the config of before the deploy back, and proves it where pointsman wrote it. States that have begun or ended since
 * stay as they are, but for the canary.
 */
async function switchBack(
  host: Host,
  { settings, timestamp, live }: SwitchBackArgs,
  { signal }: Running,
): Promise<SwitchedBack> {
  if (await glassBrokenSince(host, settings, timestamp)) return { changed: false, workers: [] };
  const nginx = await routerOf(host, settings);
  await nginx.closeFence();
  const previous = await nginx.readPrevious(timestamp);
  if (previous === null) return { changed: false, workers: [] };
  const present = await nginx.readConfig();
  const config = await asItIsNow(nginx, settings, { previous, present });
  const loaded = await askRouter(host, settings);
  // Never switched: nothing to load again, and whatever else is wrong in nginx's config is no reason to fail.
  if (present === config && sameLive(loaded.live, live) && !loaded.canary) return { changed: false, workers: [] };
  const warming = { present, by: timestamp, ifUnreached: 'users-go', signal } as const;
  if (live) await warmUp(host, settings, nginx, { next: live, ...warming });
  const workers = await nginx.workers();
  if ((await nginx.readConfig()) !== config) await nginx.install(config, timestamp);
  await nginx.reload();
  if (live && isOwnConfig(config)) await proveLive(host, settings, { live, canary: null }, signal);
  return { changed: true, workers };
}

/** The config from before with the states of the present one: a hold that has ended since does not come back with it. */
async function asItIsNow(
  nginx: Nginx,
  settings: Settings,
  { previous, present }: { readonly previous: string; readonly present: string | null },
): Promise<string> {
  const live = liveInConfig(previous, settings.slots);
  const states = { ...statesIn(present), candidate: null };
  const known = present && isOwnConfig(present) && isOwnConfig(previous) && live;
  if (!known || sameStates(statesIn(previous), states)) return previous;
  return configFor(nginx, settings, live, states);
}
