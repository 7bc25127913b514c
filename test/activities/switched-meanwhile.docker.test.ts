import { MockActivityEnvironment } from '@temporalio/testing';
import { describe, expect, test } from 'vitest';
import { createActivities } from '../../src/activities/index.js';
import { findContainer } from '../../src/docker/container.js';
import { appendRecord } from '../../src/docker/release-record.js';
import type { Hosts } from '../../src/hosts/hosts.js';
import type { Activities } from '../../src/model/activities.js';
import { timestampOf } from '../../src/model/names.js';
import type { ReleaseRecord } from '../../src/model/release-record.js';
import type { Live } from '../../src/model/slot.js';
import { askLive } from '../../src/router/live-slot.js';
import { renderLiveConfig } from '../../src/router/nginx-config.js';
import { RouterPlace } from '../support/router-place.js';
import { settings as usual } from '../support/settings.js';

const blue: Live = { slot: 'blue', release: 'v1' };
const green: Live = { slot: 'green', release: 'v2' };
const begun = Date.parse('2026-11-23T09:23:34.000Z');
const timestamp = timestampOf(begun);

function serving(live: Live): Promise<RouterPlace> {
  const { port } = usual.router;
  const service = usual.slots[live.slot];
  return RouterPlace.create(renderLiveConfig({ live, service, upstreamPort: 8000, port, modern: true }));
}

/** Runs a step as a worker would. */
function run<N extends keyof Activities>(place: RouterPlace, name: N, args: object): ReturnType<Activities[N]> {
  const hosts: Hosts = { of: () => Promise.resolve(place.host) };
  const step = createActivities({ hosts })[name] as (args: object) => Promise<void>;
  const all = { settings: place.settings, timestamp, ...args };
  return new MockActivityEnvironment().run(step, all) as ReturnType<Activities[N]>;
}

const runs = async ({ host, settings }: RouterPlace, service: string): Promise<boolean | undefined> =>
  (await findContainer(host.docker, settings.project, service))?.running;

describe('the slot that the router serves', () => {
  test('is never stopped, and that is said', async () => {
    const place = await serving(blue);
    expect(await run(place, 'stopSlots', { slots: ['blue'] })).toEqual({ stopped: [], kept: ['app-blue'] });
    expect(await runs(place, 'app-blue')).toBe(true);
  });

  test('is never replaced by another release', async () => {
    const place = await serving(blue);
    const before = await findContainer(place.host.docker, place.settings.project, 'app-blue');
    const replacing = run(place, 'composeUpWait', { slot: 'blue', release: 'v9', image: 'shop:v9' });
    await expect(replacing).rejects.toMatchObject({
      type: 'SwitchedMeanwhile',
      message: 'the router serves app-blue (v1): it is not replaced',
    });
    expect(await findContainer(place.host.docker, place.settings.project, 'app-blue')).toEqual(before);
  });
});

describe('a slot that died since it was healthy', () => {
  const killed = async ({ host, settings }: RouterPlace) => {
    const found = await findContainer(host.docker, settings.project, 'app-green');
    const container = host.docker.getContainer(found?.id ?? '');
    await container.kill();
    return container;
  };

  test('gets no users until it is back', async () => {
    const place = await serving(blue);
    await run(place, 'writeRouterConfig', green);
    const slot = await killed(place);
    const answers: number[] = [];
    let asking = true;
    const users = (async () => {
      while (asking) answers.push((await place.ask('GET', '/')).status);
    })();
    const switching = run(place, 'reloadRouter', green);
    await expect.poll(() => answers.length, { timeout: 60_000 }).toBeGreaterThan(100);
    await slot.start();
    await switching;
    expect(await askLive(place.host, place.settings)).toEqual(green);
    asking = false;
    await users;
    expect([...new Set(answers)]).toEqual([200]);
  });

  test('gets none at all where it does not come back', async () => {
    const place = await serving(blue);
    await run(place, 'writeRouterConfig', green);
    await killed(place);
    await expect(run(place, 'reloadRouter', green)).rejects.toMatchObject({
      type: 'SwitchNotProven',
      message: 'app-green does not answer as v2: it does not run',
    });
    expect(await askLive(place.host, place.settings)).toEqual(blue);
  });
});

describe('a run that comes back after somebody broke the glass', () => {
  /** As a rollback by break glass would leave it, so many seconds after the run began. */
  const broken = (place: RouterPlace, seconds: number): Promise<void> => {
    const startedAt = new Date(begun + seconds * 1000).toISOString();
    const record: ReleaseRecord = {
      ...{ deployId: `break-glass-${seconds}`, kind: 'rollback', outcome: 'succeeded', release: 'v1', slot: 'blue' },
      ...{ image: 'shop:v1', previous: 'v2', backup: null, requestedBy: 'ada', message: '' },
      ...{ startedAt, endedAt: startedAt, breakGlass: true },
    };
    return appendRecord(place.host, place.settings, record);
  };
  const message = 'ada went back to v1 by break glass since this began: the router is left as it is';

  test('does not switch the router', async () => {
    const place = await serving(blue);
    await broken(place, 60);
    for (const step of ['writeRouterConfig', 'reloadRouter'] as const) {
      await expect(run(place, step, green)).rejects.toMatchObject({ type: 'SwitchedMeanwhile', message });
    }
    expect(await askLive(place.host, place.settings)).toEqual(blue);
  });

  test('does not judge its release any more, which nobody is given', async () => {
    const place = await serving(blue);
    await run(place, 'watchLive', { live: blue });
    await broken(place, 60);
    const judging = run(place, 'judgeTraffic', { ...green, from: null, baseline: null });
    await expect(judging).rejects.toMatchObject({ type: 'SwitchedMeanwhile', message });
  });

  test('does not switch it back either', async () => {
    const place = await serving(blue);
    await run(place, 'writeRouterConfig', green);
    await run(place, 'reloadRouter', green);
    await broken(place, 60);
    expect(await run(place, 'switchBack', { live: blue })).toEqual({ changed: false, workers: [] });
    expect(await askLive(place.host, place.settings)).toEqual(green);
  });

  test('and one that began later does both', async () => {
    const place = await serving(blue);
    await broken(place, -60);
    await run(place, 'writeRouterConfig', green);
    await run(place, 'reloadRouter', green);
    expect(await askLive(place.host, place.settings)).toEqual(green);
    expect(await run(place, 'switchBack', { live: blue })).toMatchObject({ changed: true });
    expect(await askLive(place.host, place.settings)).toEqual(blue);
  });
});
