import { describe, expect, test } from 'vitest';
import type { RouterSettings, Settings } from '../../src/model/settings.js';
import type { Live } from '../../src/model/slot.js';
import { askRouters } from '../../src/router/all-routers.js';
import { renderLiveConfig } from '../../src/router/nginx-config.js';
import { RouterPlace } from '../support/router-place.js';
import { runStep, timestamp } from '../support/run-step.js';
import { holdWrites, settings as usual, withDatabase } from '../support/settings.js';

const internal: RouterSettings = { ...usual.router, service: 'router-internal', port: 5001 };
const blue: Live = { slot: 'blue', release: 'v1' };
const green = { slot: 'green', release: 'v2' } as const;

function serving({ port, upstreamPort }: RouterSettings, live: Live): string {
  return renderLiveConfig({ live, service: usual.slots[live.slot], upstreamPort, port, modern: true });
}

interface Routers {
  readonly primary: RouterPlace;
  readonly other: RouterPlace;
}

/** Two routers in front of the same slots; the second one serves what the first one does, or something else. */
async function twoRouters(change: Partial<Settings> = {}, others: Live = blue): Promise<Routers> {
  const primary = await RouterPlace.create(serving(usual.router, blue), { ...change, otherRouters: [internal] });
  return { primary, other: await primary.beside(internal, serving(internal, others)) };
}

async function releases({ primary, other }: Routers): Promise<(string | undefined)[]> {
  const answers = await Promise.all([primary.ask('GET', '/'), other.ask('GET', '/')]);
  return answers.map(({ headers }) => headers['x-release']);
}

async function workersOf({ primary, other }: Routers) {
  return [await (await primary.nginx()).workers(), await (await other.nginx()).workers()];
}

describe('two routers in front of the same slots', () => {
  test('are switched together, drained of all that they had, and switched back together', async () => {
    const routers = await twoRouters();
    const { primary, other } = routers;
    const slow = other.ask('GET', '/slow');
    await expect.poll(() => other.hasArrived('/slow'), { timeout: 30_000 }).toBe(true);
    const { changed, workers } = await runStep(primary, 'writeRouterConfig', green);
    expect(changed).toBe(true);
    expect([...new Set(workers.map(({ service }) => service))]).toEqual([undefined, 'router-internal']);
    expect(await runStep(primary, 'reloadRouter', green)).toMatchObject({ answers: 5 });
    expect(await releases(routers)).toEqual(['v2', 'v2']);
    expect(await runStep(primary, 'drainSlot', { workers })).toMatchObject({ drained: true, remaining: 0 });
    expect((await slow).headers['x-release']).toBe('v1');
    expect(await runStep(primary, 'stopSlots', { slots: ['green'] })).toEqual({ stopped: [], kept: ['app-green'] });
    expect(await runStep(primary, 'switchBack', { live: blue })).toMatchObject({ changed: true });
    expect(await releases(routers)).toEqual(['v1', 'v1']);
  });

  test('have loaded nothing where the second one refuses its config', async () => {
    const routers = await twoRouters();
    const { primary, other } = routers;
    const [nginx, refusing] = [await primary.nginx(), await other.nginx()];
    await refusing.exec(['sh', '-c', 'echo nonsense > /etc/nginx/conf.d/own.conf']);
    const before = { config: await nginx.readConfig(), workers: await workersOf(routers) };
    await expect(runStep(primary, 'writeRouterConfig', green)).rejects.toMatchObject({
      type: 'RouterConfigInvalid',
      message: expect.stringMatching(/^router-internal: nginx refuses the config: .*own\.conf/) as string,
    });
    expect(await runStep(primary, 'switchBack', { live: blue })).toEqual({ changed: false, workers: [] });
    expect({ config: await nginx.readConfig(), workers: await workersOf(routers) }).toEqual(before);
    expect(await releases(routers)).toEqual(['v1', 'v1']);
  });

  test('hold writes together, and let them through together', async () => {
    const { database } = withDatabase({ holdWrites });
    const { primary, other } = await twoRouters({ database });
    const writes = async () =>
      (await Promise.all([primary.ask('POST', '/note'), other.ask('POST', '/note')])).map(({ status }) => status);
    expect(await runStep(primary, 'holdWrites', { live: blue })).toMatchObject({ changed: true, cut: 0 });
    expect(await writes()).toEqual([503, 503]);
    expect(await runStep(primary, 'releaseWrites', { live: blue })).toEqual({ changed: true });
    expect(await writes()).toEqual([200, 200]);
    expect(await runStep(primary, 'releaseWrites', { live: blue })).toEqual({ changed: false });
  });

  test('are judged by what both of them noted', async () => {
    const { primary, other } = await twoRouters();
    expect(await runStep(primary, 'watchLive', { live: blue })).toEqual({ changed: true });
    const judge = { ...blue, release: 'v1', baseline: null };
    const { next } = await runStep(primary, 'judgeTraffic', { ...judge, from: null });
    for (const router of [primary, other, other]) await router.ask('GET', '/');
    await other.ask('GET', '/broken');
    const window = await runStep(primary, 'judgeTraffic', { ...judge, from: next });
    expect(window).toMatchObject({ release: { requests: 4, errors: 1 }, unhealthy: null });
    const after = await runStep(primary, 'judgeTraffic', { ...judge, from: window.next });
    expect(after).toMatchObject({ release: { requests: 0 } });
    expect(await runStep(primary, 'endWatch', { live: blue })).toEqual({ changed: true });
    expect((await askRouters(primary.host, primary.settings)).map(({ state }) => state.watched)).toEqual([
      false,
      false,
    ]);
  });

  test('show the page of maintenance together, and the app again', async () => {
    const routers = await twoRouters();
    const { primary, other } = routers;
    const page = { by: 'ada', timestamp };
    const statuses = async () =>
      (await Promise.all([primary.ask('GET', '/'), other.ask('GET', '/')])).map(({ status }) => status);
    expect(await runStep(primary, 'setMaintenance', { ...page, on: true })).toEqual({ changed: true, live: blue });
    expect(await statuses()).toEqual([503, 503]);
    expect(await runStep(primary, 'setMaintenance', { ...page, on: false })).toEqual({ changed: true, live: blue });
    expect(await statuses()).toEqual([200, 200]);
  });

  test('keep the slot up that only the second one serves, and nothing replaces it', async () => {
    const { primary, other } = await twoRouters({}, green);
    expect(await runStep(primary, 'stopSlots', { slots: ['green'] })).toEqual({ stopped: [], kept: ['app-green'] });
    const replacing = runStep(primary, 'composeUpWait', { slot: 'green', release: 'v9', image: 'shop:v9' });
    await expect(replacing).rejects.toMatchObject({
      type: 'SwitchedMeanwhile',
      message: expect.stringContaining('router-internal') as string,
    });
    expect((await other.ask('GET', '/')).headers['x-release']).toBe('v2');
  });
});
