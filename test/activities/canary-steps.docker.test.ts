import { describe, expect, test } from 'vitest';
import type { Live } from '../../src/model/slot.js';
import type { CanarySettings, Settings } from '../../src/model/settings.js';
import { askRouter } from '../../src/router/live-slot.js';
import { renderLiveConfig } from '../../src/router/nginx-config.js';
import { RouterPlace, type Answer } from '../support/router-place.js';
import { runStep, timestamp } from '../support/run-step.js';
import { settings as usual } from '../support/settings.js';

const live: Live = { slot: 'blue', release: 'v1' };
const next = { slot: 'green', release: 'v2' } as const;
const blue = renderLiveConfig({ live, service: 'app-blue', upstreamPort: 8000, port: usual.router.port, modern: true });

function canary(sticky: CanarySettings['sticky']): Partial<Settings> {
  return { canary: { stages: [5, 25, 50], pauseMs: 1000, sticky } };
}

/** Gives the release a share, as the workflow does. */
async function stage(place: RouterPlace, weight: number) {
  const args = { ...next, stage: { live, weight } };
  const written = await runStep(place, 'writeRouterConfig', args);
  return { ...written, proven: await runStep(place, 'reloadRouter', args) };
}

const releaseOf = ({ headers }: Answer) => headers['x-release'];
const cookieOf = ({ headers }: Answer) => headers['set-cookie']?.[0]?.split(';')[0];

/** How many of so many answers came from each release; all of them were right. */
async function shares(place: RouterPlace, requests: number): Promise<{ v1: number; v2: number }> {
  const count = { v1: 0, v2: 0 };
  const each = Array.from({ length: 10 }, async () => {
    for (let at = 0; at < requests / 10; at++) {
      const answer = await place.ask('GET', '/search');
      const release = releaseOf(answer) === 'v2' ? 'v2' : 'v1';
      const slot = release === 'v2' ? 'green' : 'blue';
      expect(answer.status).toBe(200);
      expect(answer.headers).toMatchObject({ 'x-pointsman-slot': slot, 'x-pointsman-release': release });
      count[release]++;
    }
  });
  await Promise.all(each);
  return count;
}

describe('a canary', () => {
  test('gets about its share of the requests, and the old release the rest', async () => {
    const place = await RouterPlace.create(blue, canary('none'));
    expect(await stage(place, 25)).toMatchObject({ changed: true, proven: { answers: 5 } });
    const { v2 } = await shares(place, 600);
    // 150 are expected; beyond these bounds (five standard deviations) is one in a million.
    expect(v2).toBeGreaterThan(97);
    expect(v2).toBeLessThan(203);
    expect(await askRouter(place.host, place.settings)).toEqual({
      live,
      hold: null,
      canary: { ...next, weight: 25 },
      maintenance: null,
      watched: false,
    });
  });

  test('keeps whoever has it, by a cookie of the router’s, also when its share grows', async () => {
    const place = await RouterPlace.create(blue, canary('cookie'));
    await stage(place, 50);
    const cookies = { v1: [] as string[], v2: [] as string[] };
    while (cookies.v1.length < 5 || cookies.v2.length < 5) {
      const answer = await place.ask('GET', '/search');
      const cookie = cookieOf(answer);
      expect(cookie).toMatch(/^pointsman=[0-9a-f]{32}$/);
      cookies[releaseOf(answer) === 'v2' ? 'v2' : 'v1'].push(cookie ?? '');
    }
    const releases = async (of: string[]) => {
      const answers: Answer[] = [];
      for (const cookie of of)
        answers.push(await place.ask('GET', '/search', { headers: { Cookie: `a=b; ${cookie}` } }));
      return answers.map((answer) => [releaseOf(answer), cookieOf(answer)]);
    };
    for (const release of ['v1', 'v2'] as const) {
      expect(await releases(cookies[release])).toEqual(cookies[release].map(() => [release, undefined]));
    }
    await stage(place, 99);
    expect(await releases(cookies.v2)).toEqual(cookies.v2.map(() => ['v2', undefined]));
  });

  test('keeps a client on one release by its address', async () => {
    const place = await RouterPlace.create(blue, canary('address'));
    await stage(place, 50);
    const { v1, v2 } = await shares(place, 40);
    expect([v1, v2].sort((one, other) => one - other)).toEqual([0, 40]);
  });

  test('without a share is had by whoever asks for it, by its release or its slot, and by nobody else', async () => {
    const place = await RouterPlace.create(blue, canary('cookie'));
    await stage(place, 0);
    const asked = async (preview: string) =>
      releaseOf(await place.ask('GET', '/search', { headers: { 'X-Pointsman-Preview': preview } }));
    expect([await asked('v2'), await asked('green'), await asked('v1'), await asked('v3')]).toEqual([
      'v2',
      'v2',
      'v1',
      'v1',
    ]);
    expect(await shares(place, 40)).toEqual({ v1: 40, v2: 0 });
    const socket = await place.socket({ 'X-Pointsman-Preview': 'v2' });
    socket.write('hello\n');
    expect(String(await new Promise((resolve) => socket.once('data', resolve)))).toBe('hello\n');
  });

  test('has nothing left to do in a second attempt', async () => {
    const place = await RouterPlace.create(blue, canary('none'));
    await stage(place, 25);
    expect(await stage(place, 25)).toMatchObject({ changed: false, proven: { answers: 5 } });
    expect((await askRouter(place.host, place.settings)).canary).toEqual({ ...next, weight: 25 });
  });

  test('is over once the release is live, and no user sees the way there', async () => {
    const place = await RouterPlace.create(blue, canary('none'));
    const statuses = new Set<number | string>();
    let asking = true;
    const users = Array.from({ length: 8 }, async () => {
      while (asking) statuses.add(await place.ask('GET', '/search').then(({ status }) => status, String));
    });
    for (const weight of [0, 25, 50]) await stage(place, weight);
    await runStep(place, 'writeRouterConfig', next);
    await runStep(place, 'reloadRouter', next);
    expect(await askRouter(place.host, place.settings)).toMatchObject({ live: next, canary: null });
    expect(await runStep(place, 'switchBack', { live })).toMatchObject({ changed: true });
    expect(await askRouter(place.host, place.settings)).toMatchObject({ live, canary: null });
    asking = false;
    await Promise.all(users);
    expect([...statuses]).toEqual([200]);
  });

  test('that is undone leaves the config from before, byte for byte', async () => {
    const place = await RouterPlace.create(blue, canary('none'));
    await stage(place, 25);
    expect(await runStep(place, 'switchBack', { live })).toMatchObject({ changed: true });
    expect(await (await place.nginx()).readConfig()).toBe(blue);
    expect(await shares(place, 20)).toEqual({ v1: 20, v2: 0 });
    expect(await runStep(place, 'switchBack', { live })).toEqual({ changed: false, workers: [] });
  });

  test('is not proven while its slot answers as another release', async () => {
    const place = await RouterPlace.create(blue, canary('none'));
    const args = { slot: 'green', release: 'v3', stage: { live, weight: 25 } };
    await runStep(place, 'writeRouterConfig', args);
    await expect(runStep(place, 'reloadRouter', args)).rejects.toMatchObject({
      type: 'SwitchNotProven',
      message: 'app-green does not answer as v3: /healthz answered from release v2',
    });
  });

  test('is not stopped while it has users, and may be started again itself', async () => {
    const place = await RouterPlace.create(blue, canary('none'));
    await stage(place, 25);
    expect(await runStep(place, 'stopSlots', { slots: ['blue', 'green'] })).toEqual({
      stopped: [],
      kept: ['app-blue', 'app-green'],
    });
    // It gets as far as Compose, which this place has no project for.
    const again = runStep(place, 'composeUpWait', { ...next, image: 'shop:v2' });
    await expect(again).rejects.toMatchObject({ type: 'CommandFailed' });
    expect((await askRouter(place.host, place.settings)).canary).toEqual({ ...next, weight: 25 });
  });

  test('of a deploy that is gone has no users any more when its slot is given to another release', async () => {
    const place = await RouterPlace.create(blue, canary('none'));
    await stage(place, 25);
    const other = runStep(place, 'composeUpWait', { slot: 'green', release: 'v0', image: 'shop:v0' });
    await expect(other).rejects.toMatchObject({ type: 'CommandFailed' });
    expect(await askRouter(place.host, place.settings)).toMatchObject({ live, canary: null });
    expect(await shares(place, 20)).toEqual({ v1: 20, v2: 0 });
  });
});

describe('a candidate whose slot is stopped', () => {
  test('does not keep the router from starting, and its share alone fails', async () => {
    const place = await RouterPlace.create(blue, canary('none'));
    await stage(place, 0);
    await (await place.container('app-green')).stop({ t: 0 });
    await place.restartRouter();
    await expect
      .poll(() => place.ask('GET', '/search').then(({ status }) => status, String), { timeout: 30_000 })
      .toBe(200);
    const preview = await place.ask('GET', '/search', { headers: { 'X-Pointsman-Preview': 'green' } });
    expect(preview.status).toBe(502);
    expect((await place.ask('GET', '/search')).headers['x-release']).toBe('v1');
  });
});

test('a canary is refused by name where nginx is too old to start without one of its slots', async () => {
  const place = await RouterPlace.create(blue, canary('none'));
  const nginx = await place.nginx();
  const old =
    '#!/bin/sh\n[ "$1" = -v ] && { echo nginx version: nginx/1.26.3 >&2; exit; }\nexec /usr/sbin/nginx "$@"\n';
  const script = 'printf %s "$1" >/usr/local/bin/nginx && chmod +x /usr/local/bin/nginx';
  await nginx.exec(['sh', '-c', script, 'sh', old]);
  await expect(runStep(place, 'writeRouterConfig', { ...next, stage: { live, weight: 0 } })).rejects.toMatchObject({
    type: 'RouterConfigInvalid',
    message: 'a canary or a preview needs nginx 1.27.4 or later, and the router has 1.26.3',
  });
  expect(await nginx.readConfig()).toBe(blue);
});

describe('the switch', () => {
  test('costs no user an answer, many times over in both directions', async () => {
    const place = await RouterPlace.create(blue);
    const statuses: Record<string, number> = {};
    let asking = true;
    const users = Array.from({ length: 24 }, async () => {
      while (asking) {
        const said = await place.ask('GET', '/search').then(({ status }) => String(status), String);
        statuses[said] = (statuses[said] ?? 0) + 1;
      }
    });
    for (let at = 0; at < 10; at++) {
      const own = { timestamp: `2026112${at}T000000Z` };
      const to = at % 2 === 0 ? next : live;
      await runStep(place, 'writeRouterConfig', { ...to, ...own });
      await runStep(place, 'reloadRouter', { ...to, ...own });
    }
    asking = false;
    await Promise.all(users);
    expect(Object.keys(statuses)).toEqual(['200']);
  });

  test('that was begun and never made leaves nobody sent to the new release', async () => {
    const place = await RouterPlace.create(blue);
    await runStep(place, 'writeRouterConfig', next);
    expect(await shares(place, 10)).toEqual({ v1: 10, v2: 0 });
    expect(await runStep(place, 'switchBack', { live })).toMatchObject({ changed: true });
    expect(await askRouter(place.host, place.settings)).toMatchObject({ live, canary: null });
    expect(await (await place.nginx()).readPrevious(timestamp)).toBe(blue);
  });
});
