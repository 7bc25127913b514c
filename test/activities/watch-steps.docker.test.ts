import { describe, expect, test } from 'vitest';
import type { Live } from '../../src/model/slot.js';
import type { Settings } from '../../src/model/settings.js';
import type { JudgedWindow } from '../../src/model/rollout.js';
import { askRouter } from '../../src/router/live-slot.js';
import { renderLiveConfig } from '../../src/router/nginx-config.js';
import { RouterPlace } from '../support/router-place.js';
import { runStep } from '../support/run-step.js';
import { settings as usual } from '../support/settings.js';

const live: Live = { slot: 'blue', release: 'v1' };
const next = { slot: 'green', release: 'v2' } as const;
const port = usual.router.port;
const blue = renderLiveConfig({ live, service: 'app-blue', upstreamPort: 8000, port, modern: true });
const byHand = `server { listen ${port} default_server; location / { proxy_pass http://app-blue:8000; } }\n`;
const rules = { methods: ['POST'], paths: [], except: [], timeoutMs: 300_000, retryAfterSeconds: 7 };
const holding: Partial<Settings> = { database: usual.database && { ...usual.database, holdWrites: rules } };

const judge = (place: RouterPlace, from: string | null) =>
  runStep(place, 'judgeTraffic', { ...next, from, baseline: null });

/** Asks so often for each path, as users do. */
async function askAll(place: RouterPlace, asked: Readonly<Record<string, number>>, headers = {}): Promise<void> {
  for (const [path, times] of Object.entries(asked)) {
    for (let at = 0; at < times; at++) await place.ask('GET', path, { headers });
  }
}

/** A window that has all of these answers: nginx notes an answer a moment after it was given. */
async function window(place: RouterPlace, from: string | null, requests: number): Promise<JudgedWindow> {
  let judged: JudgedWindow | null = null;
  const seen = async () => {
    judged = await judge(place, from);
    return judged.release.requests + judged.other.requests;
  };
  await expect.poll(seen, { timeout: 30_000 }).toBe(requests);
  return judged ?? Promise.reject(new Error('nothing was judged'));
}

async function switchToGreen(place: RouterPlace): Promise<void> {
  await runStep(place, 'writeRouterConfig', next);
  await runStep(place, 'reloadRouter', next);
}

describe('what is noted', () => {
  test('is what users were sent: how the old release did before, then each window of the new one', async () => {
    const place = await RouterPlace.create(blue);
    expect(await runStep(place, 'watchLive', { live })).toEqual({ changed: true });
    await askAll(place, { '/search': 18, '/broken': 2, '/healthz': 5 });
    const before = await window(place, null, 20);
    expect(before).toMatchObject({ release: { requests: 0, p95Ms: null }, other: { requests: 20, errors: 2 } });
    expect(before.unhealthy).toBeNull();

    await switchToGreen(place);
    await askAll(place, { '/search': 29, '/broken': 10, '/slow': 1 });
    const { release, other, next: end } = await window(place, before.next, 40);
    expect({ ...release, p50Ms: 0, p95Ms: 0 }).toEqual({ requests: 40, errors: 10, p50Ms: 0, p95Ms: 0 });
    expect(release.p50Ms).toBeLessThan(2000);
    expect(other).toEqual({ requests: 0, errors: 0, p50Ms: null, p95Ms: null });

    await askAll(place, { '/slow': 1 });
    expect((await window(place, end, 1)).release.p95Ms).toBeGreaterThanOrEqual(2000);
    // A step that runs again finds the same.
    expect(await window(place, before.next, 41)).toMatchObject({ release: { requests: 41, errors: 10 } });
  });

  test('tells both releases apart while both serve', async () => {
    const place = await RouterPlace.create(blue);
    await runStep(place, 'watchLive', { live });
    const stage = { ...next, stage: { live, weight: 0 } };
    await runStep(place, 'writeRouterConfig', stage);
    await runStep(place, 'reloadRouter', stage);
    const { next: from } = await judge(place, null);
    await askAll(place, { '/search': 12, '/broken': 3 });
    await askAll(place, { '/search': 4, '/broken': 1 }, { 'X-Pointsman-Preview': 'v2' });
    expect(await window(place, from, 20)).toMatchObject({
      release: { requests: 5, errors: 1 },
      other: { requests: 15, errors: 3 },
    });
  });

  test('leaves out how long a WebSocket lasted', async () => {
    const place = await RouterPlace.create(blue);
    await runStep(place, 'watchLive', { live });
    const { next: from } = await judge(place, null);
    (await place.socket()).destroy();
    expect((await window(place, from, 1)).other).toEqual({ requests: 1, errors: 0, p50Ms: null, p95Ms: null });
  });

  test('begins anew where the file was emptied, and ends where there is none', async () => {
    const place = await RouterPlace.create(blue);
    await runStep(place, 'watchLive', { live });
    await askAll(place, { '/search': 30 });
    const { next: from } = await window(place, null, 30);
    const nginx = await place.nginx();
    const file = `${usual.router.configDirectory}/pointsman-watch.log`;
    await nginx.exec(['sh', '-c', ': > "$1"', 'sh', file]);
    await askAll(place, { '/broken': 2 });
    expect((await window(place, from, 2)).other).toMatchObject({ requests: 2, errors: 2 });
    await nginx.exec(['rm', file]);
    expect((await judge(place, from)).other).toMatchObject({ requests: 0 });
  });

  test('says that the slot itself is ill, or gone', async () => {
    const place = await RouterPlace.create(blue);
    await runStep(place, 'watchLive', { live });
    const wrong = await runStep(place, 'judgeTraffic', { ...next, release: 'v3', from: null, baseline: null });
    expect(wrong.unhealthy).toBe('app-green: /healthz answered from release v2');
    await (await place.container('app-green')).kill();
    expect((await judge(place, null)).unhealthy).toBe('app-green does not run');
  });
});

describe('the watch', () => {
  test('begins and ends once, and leaves the config from before and no file', async () => {
    const place = await RouterPlace.create(blue);
    expect(await runStep(place, 'watchLive', { live })).toEqual({ changed: true });
    expect(await runStep(place, 'watchLive', { live })).toEqual({ changed: false });
    expect(await askRouter(place.host, place.settings)).toMatchObject({ live, watched: true });
    expect(await runStep(place, 'endWatch', { live })).toEqual({ changed: true });
    expect(await runStep(place, 'endWatch', { live })).toEqual({ changed: false });
    const nginx = await place.nginx();
    expect(await nginx.readConfig()).toBe(blue);
    expect((await nginx.exec(['ls', usual.router.configDirectory])).stdout).not.toContain('watch.log');
    expect(await askRouter(place.host, place.settings)).toMatchObject({ live, watched: false });
  });

  test('brings a config back that was written by hand', async () => {
    const place = await RouterPlace.create(byHand);
    await runStep(place, 'watchLive', { live: { slot: 'blue', release: null } });
    expect((await place.ask('GET', '/search')).headers['x-release']).toBe('v1');
    expect(await runStep(place, 'endWatch', { live: { slot: 'blue', release: null } })).toEqual({ changed: true });
    expect(await (await place.nginx()).readConfig()).toBe(byHand);
  });

  test('is refused where a snippet’s own access_log would hide every answer from it', async () => {
    const snippets = '/etc/nginx/snippets';
    const place = await RouterPlace.create(blue, { router: { ...usual.router, snippets } });
    const nginx = await place.nginx();
    const write = 'mkdir -p "$1/server" && echo "access_log off;" > "$1/server/quiet.conf"';
    await nginx.exec(['sh', '-c', write, 'sh', snippets]);
    await expect(runStep(place, 'watchLive', { live })).rejects.toMatchObject({
      type: 'RouterConfigInvalid',
      message: expect.stringContaining('nginx does not note what it answers') as string,
    });
  });

  test('is not in the way of the router’s own access log', async () => {
    const place = await RouterPlace.create(blue);
    await runStep(place, 'watchLive', { live });
    await place.ask('GET', '/search?seen');
    const logs = async () => String(await (await place.container('router')).logs({ stdout: true, stderr: true }));
    await expect.poll(logs, { timeout: 30_000 }).toContain('GET /search?seen');
  });

  test('and a write hold go on side by side, and end each by itself', async () => {
    const place = await RouterPlace.create(blue, holding);
    await runStep(place, 'watchLive', { live });
    await runStep(place, 'holdWrites', { live });
    expect(await askRouter(place.host, place.settings)).toMatchObject({ watched: true, hold: { active: true } });
    expect([(await place.ask('POST', '/notes')).status, (await place.ask('GET', '/search')).status]).toEqual([
      503, 200,
    ]);
    await switchToGreen(place);
    expect(await askRouter(place.host, place.settings)).toMatchObject({
      live: next,
      watched: true,
      hold: { active: true },
    });
    expect(await runStep(place, 'releaseWrites', { live: next })).toEqual({ changed: true });
    expect(await askRouter(place.host, place.settings)).toMatchObject({ live: next, watched: true, hold: null });
    // What has ended since does not come back.
    expect(await runStep(place, 'switchBack', { live })).toMatchObject({ changed: true });
    expect(await askRouter(place.host, place.settings)).toMatchObject({ live, watched: true, hold: null });
    expect((await place.ask('POST', '/notes')).status).toBe(200);
    expect(await runStep(place, 'endWatch', { live })).toEqual({ changed: true });
    expect(await (await place.nginx()).readConfig()).toBe(blue);
  });
});
