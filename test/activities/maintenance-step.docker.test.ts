import { describe, expect, test } from 'vitest';
import type { Live } from '../../src/model/slot.js';
import { askRouter } from '../../src/router/live-slot.js';
import { renderLiveConfig, renderPlaceholder } from '../../src/router/nginx-config.js';
import { RouterPlace } from '../support/router-place.js';
import { runStep, timestamp } from '../support/run-step.js';
import { settings as usual } from '../support/settings.js';

const live: Live = { slot: 'blue', release: 'v1' };
const next = { slot: 'green', release: 'v2' } as const;
const port = usual.router.port;
const blue = renderLiveConfig({ live, service: 'app-blue', upstreamPort: 8000, port, modern: true });
const byHand = `server { listen ${port} default_server; location / { proxy_pass http://app-blue:8000; } }\n`;

const set = (place: RouterPlace, on: boolean, args = {}) =>
  runStep(place, 'setMaintenance', { on, by: 'ada', ...args });

describe('maintenance', () => {
  test('answers everybody with a page, and the health path as ever', async () => {
    const place = await RouterPlace.create(blue);
    expect(await set(place, true)).toEqual({ changed: true, live });
    for (const [method, path] of [
      ['GET', '/'],
      ['POST', '/notes'],
      ['GET', '/healthz/other'],
    ] as const) {
      const answer = await place.ask(method, path);
      expect(answer.status).toBe(503);
      expect(answer.headers).toMatchObject({
        'retry-after': '60',
        'cache-control': 'no-store',
        'content-type': 'text/html',
      });
      expect(answer.body).toContain('<title>Under maintenance</title>');
    }
    await expect(place.socket()).rejects.toThrow('answered 503');
    const health = await place.ask('GET', '/healthz?deep=1');
    expect(health).toMatchObject({ status: 200, headers: { 'x-release': 'v1' } });
    expect(health.headers['retry-after']).toBeUndefined();
    expect(await askRouter(place.host, place.settings)).toMatchObject({
      live,
      maintenance: { by: 'ada', since: timestamp },
    });
  });

  test('begins and ends once, and leaves the config from before', async () => {
    const place = await RouterPlace.create(blue);
    expect(await set(place, false)).toEqual({ changed: false, live });
    await set(place, true);
    expect(await set(place, true, { by: 'bob', timestamp: '20261124T000000Z' })).toEqual({ changed: false, live });
    expect((await askRouter(place.host, place.settings)).maintenance).toEqual({ by: 'ada', since: timestamp });
    expect(await set(place, false)).toEqual({ changed: true, live });
    expect(await (await place.nginx()).readConfig()).toBe(blue);
    expect((await place.ask('GET', '/search')).status).toBe(200);
  });

  test('stays over a deploy, and ends with what was switched behind it', async () => {
    const place = await RouterPlace.create(blue);
    await set(place, true);
    await runStep(place, 'watchLive', { live });
    await runStep(place, 'writeRouterConfig', next);
    await runStep(place, 'reloadRouter', next);
    await runStep(place, 'endWatch', { live: next });
    expect(await askRouter(place.host, place.settings)).toMatchObject({
      live: next,
      maintenance: { by: 'ada' },
      watched: false,
    });
    expect((await place.ask('GET', '/search')).status).toBe(503);
    expect(await set(place, false)).toEqual({ changed: true, live: next });
    expect((await place.ask('GET', '/search')).headers['x-release']).toBe('v2');
  });

  test('stays where a switch is undone', async () => {
    const place = await RouterPlace.create(blue);
    await set(place, true);
    await runStep(place, 'writeRouterConfig', next);
    await runStep(place, 'reloadRouter', next);
    await runStep(place, 'switchBack', { live });
    expect(await askRouter(place.host, place.settings)).toMatchObject({ live, maintenance: { by: 'ada' } });
  });

  test('is possible while the app is down', async () => {
    const place = await RouterPlace.create(blue);
    await (await place.container('app-blue')).kill();
    expect(await set(place, true)).toEqual({ changed: true, live });
    expect((await place.ask('GET', '/')).body).toContain('Under maintenance');
    expect(await set(place, false)).toEqual({ changed: true, live });
    expect(await (await place.nginx()).readConfig()).toBe(blue);
  });

  test('brings a config back that was written by hand', async () => {
    const place = await RouterPlace.create(byHand);
    const unknown = { slot: 'blue', release: null };
    expect(await set(place, true)).toEqual({ changed: true, live: unknown });
    expect((await place.ask('GET', '/')).status).toBe(503);
    expect(await set(place, false)).toEqual({ changed: true, live: unknown });
    expect(await (await place.nginx()).readConfig()).toBe(byHand);
  });

  test('holds for a location of the user’s own, too', async () => {
    const snippets = '/etc/nginx/snippets';
    const place = await RouterPlace.create(blue, { router: { ...usual.router, snippets } });
    const write = 'mkdir -p "$1/server" && echo "location /own { return 204; }" > "$1/server/own.conf"';
    await (await place.nginx()).exec(['sh', '-c', write, 'sh', snippets]);
    await set(place, true);
    expect((await place.ask('GET', '/own')).status).toBe(503);
  });
});

test('maintenance of a router without a release is refused: everybody gets 503 already', async () => {
  const place = await RouterPlace.create(blue);
  const nginx = await place.nginx();
  await nginx.install(renderPlaceholder(port), 'none');
  await nginx.reload();
  await expect.poll(async () => (await askRouter(place.host, place.settings)).live, { timeout: 30_000 }).toBeNull();
  await expect(set(place, true)).rejects.toMatchObject({
    type: 'PreflightFailed',
    message: 'The router router serves no release. Deploy one first: until then everybody gets 503 anyway.',
  });
  expect(await set(place, false)).toEqual({ changed: false, live: null });
});
