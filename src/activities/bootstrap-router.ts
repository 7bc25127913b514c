import { Compose } from '../docker/compose.js';
import { findContainer } from '../docker/container.js';
import type { Host } from '../hosts/host.js';
import type { BootstrapResult, StepArgs } from '../model/activities.js';
import { routersOf } from '../model/routers.js';
import type { Settings } from '../model/settings.js';
import { slots, type Live } from '../model/slot.js';
import { foreignConfigCheck, judgeForeignConfig } from '../preflight/checks/foreign-config.js';
import { bothSlotsRun, whichSlotCheck } from '../preflight/checks/slots.js';
import { findForeignConfig } from '../router/foreign-config.js';
import { askLive, askLiveOnceUp, askRouter, type RouterState } from '../router/live-slot.js';
import { isWhole } from '../router/nginx-config.js';
import { noStates, statesIn, type RouterStates } from '../router/router-states.js';
import { WatchLog } from '../router/watch-log.js';
import { endHold, endStage } from './end-state.js';
import { preflightFailed } from './failures.js';
import { putInStep } from './in-step.js';
import { configFor, routerOf } from './live-config.js';
import type { Running } from './running.js';

/** Docker waits longer with every restart; a router that crashes again and again is not waited for. */
const upAgainMs = 10_000;

/** The primary first: what it serves is what is live, and the others are put in step with it. */
export async function bootstrapRouters(
  host: Host,
  { settings }: StepArgs,
  { signal }: Running,
): Promise<BootstrapResult> {
  const [own, ...others] = routersOf(settings);
  // A primary that knows nothing any more is told by those that do: users get their answers through these.
  const otherwise = async () => (await servedByOthers(host, others)) ?? (await slotThatRuns(host, own));
  const primary = await bootstrapRouter(host, own, { signal, otherwise, maintained: () => maintainedBy(host, others) });
  const results: BootstrapResult[] = [];
  for (const other of others) {
    const told = () => Promise.resolve(primary.live);
    const maintained = () => maintainedBy(host, [own]);
    const result = await bootstrapRouter(host, other, { signal, otherwise: told, maintained });
    await putInStep(host, other, { serves: result.live, live: primary.live, signal });
    results.push(result);
  }
  return accountOf(primary, results);
}

/** The primary's account, and what was left behind in any of them. */
function accountOf(primary: BootstrapResult, others: readonly BootstrapResult[]): BootstrapResult {
  const all = [primary, ...others];
  return {
    ...primary,
    ...(all.some(({ holdEnded }) => holdEnded) ? { holdEnded: true } : {}),
    ...(all.some(({ stageEnded }) => stageEnded) ? { stageEnded: true } : {}),
  };
}

/** `null`: they serve nothing, or do not agree. */
async function servedByOthers(host: Host, others: readonly Settings[]): Promise<Live | null> {
  const serves = await Promise.all(others.map((other) => askLive(host, other)));
  const [first] = serves.filter((live) => live !== null);
  return first && serves.every((live) => live === null || live.slot === first.slot) ? first : null;
}

/** The maintenance that one of them is in; `null`: none is. */
async function maintainedBy(host: Host, routers: readonly Settings[]): Promise<RouterStates['maintenance']> {
  const states = await Promise.all(routers.map((router) => askRouter(host, router)));
  return states.map(({ maintenance }) => maintenance).find((maintenance) => maintenance !== null) ?? null;
}

interface Bootstrap {
  readonly signal: AbortSignal;
  /** What a router without a config serves, where it does not tell that itself. */
  readonly otherwise: () => Promise<Live | null>;
  /** The maintenance that such a router is in: a person has asked for it at all of them. */
  readonly maintained: () => Promise<RouterStates['maintenance']>;
}

/**
 * Writes a config only where there is none: the router's own health check fails without one, so the first
 * `up --wait` could never succeed. Where there is one it stays, unless a deploy that is gone left its write hold, its canary
 * or its notes there: these are ended. Maintenance is a person's, and stays.
 */
async function bootstrapRouter(
  host: Host,
  settings: Settings,
  { signal, otherwise, maintained }: Bootstrap,
): Promise<BootstrapResult> {
  const compose = new Compose(host, settings);
  await compose.create(settings.router.service);
  const nginx = await routerOf(host, settings);
  const config = await nginx.readConfig();
  const foreign = await requireTakeable(host, settings);
  const missing = !foreign && (config === null || !isWhole(config));
  // A router that still runs knows what it serves, though its config file is gone.
  const state = await askRouter(host, settings);
  const live = state.live ?? (missing ? await otherwise() : null);
  const maintenance = state.maintenance ?? (missing ? await maintained() : null);
  if (missing) await nginx.place(await configFor(nginx, settings, live, { ...noStates, maintenance }));
  await compose.ensure([settings.router.service], 60_000, { signal });
  if (missing) await (await routerOf(host, settings)).reload();
  const left = missing ? {} : await endWhatIsLeft(host, settings, { states: statesIn(config), state, signal });
  return {
    config: missing ? (live ? 'live-slot' : 'placeholder') : 'kept',
    live: live ?? (await askLiveOnceUp(host, settings, upAgainMs)),
    ...left,
  };
}

/** What a deploy that is gone has left; this one has nothing there yet. */
async function endWhatIsLeft(
  host: Host,
  settings: Settings,
  {
    states,
    state,
    signal,
  }: { readonly states: RouterStates; readonly state: RouterState; readonly signal: AbortSignal },
): Promise<Pick<BootstrapResult, 'holdEnded' | 'stageEnded'>> {
  const held = states.hold ?? state.hold;
  if (held) await endHold(host, settings, { by: null, signal });
  const staged = states.candidate ?? state.canary ?? states.watch ?? state.watched;
  if (staged) {
    await endStage(host, settings, signal);
    await new WatchLog(await routerOf(host, settings), settings.router).remove();
  }
  return { ...(held ? { holdEnded: true } : {}), ...(staged ? { stageEnded: true } : {}) };
}

/**
 * What pointsman did not write is never written over unless all that it does is known. Preflight has said so already where the
 * router had a container.
 *
 * @throws `PreflightFailed`, with what preflight says of it.
 */
async function requireTakeable(host: Host, settings: Settings): Promise<boolean> {
  const foreign = await findForeignConfig(host, settings);
  const findings = judgeForeignConfig(foreign, settings).map((said) => ({ ...said, check: foreignConfigCheck }));
  const errors = findings.filter(({ severity }) => severity === 'error');
  if (errors.length > 0) throw preflightFailed(findings);
  return foreign !== null;
}

/**
 * The slot that runs, where the router's volume was wiped: the healthy one of two. `null`: none runs.
 *
 * @throws `PreflightFailed` where either may be the one that users get: to take one for idle would end it.
 */
async function slotThatRuns(host: Host, settings: Settings): Promise<Live | null> {
  const { project, slots: services } = settings;
  const states = await Promise.all(slots.map((slot) => findContainer(host.docker, project, services[slot])));
  const running = slots.filter((_, at) => states[at]?.running);
  const healthy = running.filter((slot) => states[slots.indexOf(slot)]?.health === 'healthy');
  const candidates = healthy.length > 0 ? healthy : running;
  if (candidates.length > 1) throw preflightFailed([{ ...bothSlotsRun(settings), check: whichSlotCheck }]);
  return candidates[0] ? { slot: candidates[0], release: null } : null;
}
