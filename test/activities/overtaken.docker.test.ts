import { MockActivityEnvironment } from '@temporalio/testing';
import { describe, expect, test } from 'vitest';
import { asAttempt, OvertakenError } from '../../src/hosts/fence.js';
import type { Host } from '../../src/hosts/host.js';
import type { Activities } from '../../src/model/activities.js';
import type { Settings } from '../../src/model/settings.js';
import type { Live } from '../../src/model/slot.js';
import { askRouter } from '../../src/router/live-slot.js';
import { Nginx } from '../../src/router/nginx.js';
import { liveInConfig, renderLiveConfig } from '../../src/router/nginx-config.js';
import { heldHost } from '../support/held-host.js';
import { RouterPlace } from '../support/router-place.js';
import { runStep, timestamp } from '../support/run-step.js';
import { settings as usual } from '../support/settings.js';

const blue: Live = { slot: 'blue', release: 'v1' };
const green: Live = { slot: 'green', release: 'v2' };
const begun = Date.now();

const holding: Partial<Settings> = {
  database: usual.database && {
    ...usual.database,
    holdWrites: { methods: ['POST'], paths: [], except: [], timeoutMs: 60_000, retryAfterSeconds: 7 },
  },
  drain: { timeoutMs: 1000 },
};

function configOf(live: Live): string {
  const { port } = usual.router;
  return renderLiveConfig({ live, service: usual.slots[live.slot], upstreamPort: 8000, port, modern: true });
}

/** A router that serves blue. */
const servingBlue = (change: Partial<Settings> = {}): Promise<RouterPlace> =>
  RouterPlace.create(configOf(blue), change);

/** Runs a step as a worker would, as an attempt that was asked for so many seconds after the run had begun. */
function run<N extends keyof Activities>(
  place: Pick<RouterPlace, 'settings'> & { readonly host: Host },
  seconds: number,
  name: N,
  args: object = {},
): ReturnType<Activities[N]> {
  const environment = new MockActivityEnvironment({ currentAttemptScheduledTimestampMs: begun + seconds * 1000 });
  return runStep(place as RouterPlace, name, args, environment);
}

/** A step whose worker is cut off from whoever asked for it, right before the command that changes the router. */
async function held<N extends keyof Activities>(place: RouterPlace, seconds: number, name: N, args: object = {}) {
  const changes = (argv: readonly string[]): boolean =>
    argv.some((word) => word.includes('pass_fence')) && argv.includes('act');
  const { host, held: arrival, letGo } = heldHost(place.host, changes);
  const ended = run({ host, settings: place.settings }, seconds, name, args).then(
    () => 'done',
    (error: { type?: string; message?: string }) => `${error.type}: ${error.message}`,
  );
  expect(await Promise.race([arrival, ended])).toBeUndefined();
  return async (): Promise<string> => {
    letGo();
    return ended;
  };
}

const tooLate =
  'Overtaken: this attempt comes too late: a later step has changed the router router since it began, and it is left as it is';

/** What users get, and what nginx would load next. */
async function served({ host, settings }: RouterPlace): Promise<object> {
  const { live, hold } = await askRouter(host, settings);
  const config = (await (await Nginx.find(host, settings))?.readConfig()) ?? '';
  return { live, hold, inPlace: liveInConfig(config, settings.slots)?.slot };
}

describe('an attempt that wakes up after its step was undone does no harm:', () => {
  test('writeRouterConfig', async () => {
    const place = await servingBlue();
    const wake = await held(place, 1, 'writeRouterConfig', green);
    expect(await run(place, 2, 'switchBack', { live: blue })).toEqual({ changed: false, workers: [] });
    expect(await wake()).toBe(tooLate);
    expect(await served(place)).toEqual({ live: blue, hold: null, inPlace: 'blue' });
  });

  test('reloadRouter', async () => {
    const place = await servingBlue();
    await run(place, 1, 'writeRouterConfig', green);
    const wake = await held(place, 2, 'reloadRouter', green);
    expect(await run(place, 3, 'switchBack', { live: blue })).toMatchObject({ changed: true });
    // A later run has written its config, and has not loaded it yet.
    await run(place, 4, 'writeRouterConfig', { ...green, timestamp: '20261123T092335Z' });
    expect(await wake()).toBe(tooLate);
    expect(await served(place)).toEqual({ live: blue, hold: null, inPlace: 'green' });
  });

  test('holdWrites', async () => {
    const place = await servingBlue(holding);
    const wake = await held(place, 1, 'holdWrites', { live: blue });
    expect(await run(place, 2, 'releaseWrites', { live: blue })).toEqual({ changed: false });
    expect(await wake()).toBe(tooLate);
    expect(await served(place)).toEqual({ live: blue, hold: null, inPlace: 'blue' });
  });

  test('and neither does one of switchBack after a later run has switched', async () => {
    const place = await servingBlue();
    await run(place, 1, 'writeRouterConfig', green);
    await run(place, 2, 'reloadRouter', green);
    const wake = await held(place, 3, 'switchBack', { live: blue });
    expect(await run(place, 4, 'switchBack', { live: blue })).toMatchObject({ changed: true });
    const later = { ...green, timestamp: '20261123T092335Z' };
    await run(place, 5, 'writeRouterConfig', later);
    await run(place, 6, 'reloadRouter', later);
    expect(await wake()).toBe(tooLate);
    expect(await served(place)).toEqual({ live: green, hold: null, inPlace: 'green' });
  });
});

test('a second attempt at a step does it, while the first one is held and after it', async () => {
  const place = await servingBlue(holding);
  const wakeHold = await held(place, 1, 'holdWrites', { live: blue });
  expect(await run(place, 2, 'holdWrites', { live: blue })).toMatchObject({ changed: true });
  expect(await wakeHold()).toBe(tooLate);
  expect((await place.ask('POST', '/notes')).status).toBe(503);
  expect(await run(place, 3, 'releaseWrites', { live: blue })).toEqual({ changed: true });
  const wakeWrite = await held(place, 4, 'writeRouterConfig', green);
  expect(await run(place, 5, 'writeRouterConfig', green)).toMatchObject({ changed: true });
  expect(await run(place, 6, 'writeRouterConfig', green)).toMatchObject({ changed: false });
  const wakeReload = await held(place, 7, 'reloadRouter', green);
  await run(place, 8, 'reloadRouter', green);
  expect([await wakeWrite(), await wakeReload()]).toEqual([tooLate, tooLate]);
  expect(await served(place)).toMatchObject({ live: green, hold: null });
});

test('what tidies up, or places a first config, is kept out by a later step, and keeps none out itself', async () => {
  const place = await servingBlue();
  const nginx = await place.nginx();
  const { signal } = new AbortController();
  const as = <Result>(seconds: number, work: () => Promise<Result>) =>
    asAttempt({ number: begun + seconds * 1000, signal }, work);
  await as(1, () => nginx.install(configOf(green), timestamp));
  await as(3, () => nginx.removePrevious(timestamp));
  await as(2, () => nginx.reload());
  for (const late of [
    () => nginx.removePrevious('20261123T092330Z'),
    () => nginx.endOldWorkers(),
    () => nginx.accept(configOf(blue)),
    () => nginx.place(configOf(blue)),
  ]) {
    await expect(as(1, late)).rejects.toThrow(OvertakenError);
  }
  expect(await nginx.readPrevious(timestamp)).toBe(configOf(blue));
  // As whoever looked at it before it was started sees it.
  const router = await place.container(usual.router.service);
  await router.stop({ t: 0 });
  const stopped = await place.nginx();
  await router.start();
  await expect(as(1, () => stopped.place(configOf(blue)))).rejects.toThrow(OvertakenError);
  expect(await nginx.readConfig()).toBe(configOf(green));
});
