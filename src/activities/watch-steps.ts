import { setTimeout as sleep } from 'node:timers/promises';
import { findContainer } from '../docker/container.js';
import type { Host } from '../hosts/host.js';
import type { Activities } from '../model/activities.js';
import type { JudgeArgs, JudgedWindow, WatchArgs, Watched, WatchEnded } from '../model/rollout.js';
import type { Settings } from '../model/settings.js';
import { otherSlot, type Live } from '../model/slot.js';
import { askRouter } from '../router/live-slot.js';
import { proveLive, slotMismatch } from '../router/proof.js';
import { statesIn } from '../router/router-states.js';
import { statsOf, WatchLog } from '../router/watch-log.js';
import type { Dependencies } from './dependencies.js';
import { atOnce, placedThenLoaded } from './each-router.js';
import { endNotes, watchName } from './end-state.js';
import { failureOf } from './failures.js';
import { configFor, routerOf } from './live-config.js';
import { setMaintenance } from './maintenance-step.js';
import type { Running } from './running.js';
import { stepsOn } from './step.js';
import { requireUnbroken } from './unbroken.js';

type WatchSteps = Pick<Activities, 'watchLive' | 'judgeTraffic' | 'endWatch' | 'setMaintenance'>;

const notedWithinMs = 10_000;

/** How a release is judged under users' requests, and the router's page while the app is maintained. */
export function watchSteps(dependencies: Dependencies): WatchSteps {
  const step = stepsOn(dependencies);
  return {
    watchLive: step(watchLive),
    judgeTraffic: step(judgeTraffic),
    endWatch: step(endWatch),
    setMaintenance: step(setMaintenance),
  };
}

/** Makes the routers note what they answer, and sees that they do. They stay in all other states. */
async function watchLive(host: Host, args: WatchArgs, { signal }: Running): Promise<Watched> {
  const watched = await placedThenLoaded(
    args,
    (own) => placeWatch(host, own),
    (own, changed) => loadWatch(host, own, changed, signal),
  );
  return { changed: watched.includes(true) };
}

/** @returns whether there is something to load. */
async function placeWatch(host: Host, { settings, live, timestamp }: WatchArgs): Promise<boolean> {
  const nginx = await routerOf(host, settings);
  const present = await nginx.readConfig();
  const states = statesIn(present);
  const config = await configFor(nginx, settings, live, { ...states, watch: { by: timestamp } });
  if (present === config && (await askRouter(host, settings)).watched) return false;
  // What an earlier deploy has left says nothing about this one.
  if (states.watch?.by !== timestamp) await new WatchLog(nginx, settings.router).remove();
  await nginx.install(config, watchName(timestamp));
  return true;
}

async function loadWatch(
  host: Host,
  { settings, live }: WatchArgs,
  changed: boolean,
  signal: AbortSignal,
): Promise<boolean> {
  const nginx = await routerOf(host, settings);
  if (changed) await nginx.reload();
  // An app that is ill is no reason not to watch: the release that mends it may be on its way.
  await proveLive(host, settings, { live, watched: true, health: false }, signal);
  await untilNoted(host, settings, new WatchLog(nginx, settings.router), signal);
  return changed;
}

/**
 * Asks through the router until that is noted. A release that is judged by notes that nobody takes would look like one without
 * users, and never be found bad.
 */
async function untilNoted(host: Host, settings: Settings, log: WatchLog, signal: AbortSignal): Promise<void> {
  const deadline = Date.now() + notedWithinMs;
  while ((await log.size()) === 0) {
    if (Date.now() > deadline) {
      const why = "does a snippet have an access_log in server or location? It replaces pointsman's; move it to http";
      throw failureOf('RouterConfigInvalid', `nginx does not note what it answers: ${why}`);
    }
    const { address } = (await findContainer(host.docker, settings.project, settings.router.service)) ?? {};
    const { port } = settings.router;
    // Whatever is answered is noted.
    if (address)
      await host.request({ host: address, port, path: settings.health.path, timeoutMs: 3000 }).catch(() => null);
    await sleep(100, undefined, { signal });
  }
}

/** Reads one window of what all routers have noted, and asks the slot itself how it is. */
async function judgeTraffic(host: Host, args: JudgeArgs): Promise<JudgedWindow> {
  await requireUnbroken(host, args);
  const { settings, slot, release, from } = args;
  const begins = placesIn(from);
  const noted = await atOnce(args, async ({ settings: own }, at) => {
    const nginx = await routerOf(host, own);
    return new WatchLog(nginx, own.router).read(begins[at] ?? null);
  });
  const answers = noted.flatMap((one) => one.answers);
  return {
    next: inAll(noted.map(({ next }) => next)),
    release: statsOf(from === null ? [] : answers, slot),
    other: statsOf(answers, otherSlot(slot)),
    unhealthy: await whatAils(host, settings, { slot, release }),
  };
}

/** Where each router's window begins, as one text: of a single router it is that router's own. */
function inAll(places: readonly string[]): string {
  return places.join(' ');
}

function placesIn(from: string | null): readonly string[] {
  return from === null ? [] : from.split(' ');
}

/** What is wrong with a slot by the word of its engine and by its own; `null` where it is well. */
async function whatAils(host: Host, settings: Settings, live: Live): Promise<string | null> {
  const service = settings.slots[live.slot];
  const container = await findContainer(host.docker, settings.project, service);
  if (!container?.running) return `${service} does not run`;
  if (container.health === 'unhealthy') return `${service} is unhealthy`;
  const wrong = await slotMismatch(host, settings, live);
  return wrong === '' ? null : `${service}: ${wrong}`;
}

/** Ends the notes, and removes them. */
async function endWatch(host: Host, args: WatchArgs, { signal }: Running): Promise<WatchEnded> {
  const ended = await atOnce(args, async ({ settings }) => {
    const changed = await endNotes(host, settings, signal);
    await new WatchLog(await routerOf(host, settings), settings.router).remove();
    return changed;
  });
  return { changed: ended.includes(true) };
}
