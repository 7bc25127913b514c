import { MockActivityEnvironment } from '@temporalio/testing';
import { describe, expect, test } from 'vitest';
import { execIn, findContainer } from '../../src/docker/container.js';
import type { Activities } from '../../src/model/activities.js';
import { holdName } from '../../src/model/hold.js';
import type { HoldSettings, Settings } from '../../src/model/settings.js';
import type { Live } from '../../src/model/slot.js';
import { askRouter } from '../../src/router/live-slot.js';
import { renderLiveConfig } from '../../src/router/nginx-config.js';
import { RouterPlace } from '../support/router-place.js';
import { runStep, timestamp } from '../support/run-step.js';
import { settings as usual } from '../support/settings.js';

const live: Live = { slot: 'blue', release: 'v1' };
const blue = renderLiveConfig({ live, service: 'app-blue', upstreamPort: 8000, port: usual.router.port, modern: true });
const byHand = `server { listen ${usual.router.port} default_server; location / { proxy_pass http://app-blue:8000; } }\n`;

const rules: HoldSettings = {
  methods: ['POST', 'PUT', 'PATCH', 'DELETE'],
  paths: ['/cart/'],
  except: ['/search'],
  timeoutMs: 300_000,
  retryAfterSeconds: 7,
};

function holding(change: Partial<HoldSettings> = {}, drainMs = 30_000): Pick<Settings, 'database' | 'drain'> {
  const database = usual.database && { ...usual.database, holdWrites: { ...rules, ...change } };
  return { database, drain: { timeoutMs: drainMs } };
}

/** Runs a step as a worker would, with what every step of the run gets. */
function run<N extends keyof Activities>(
  place: RouterPlace,
  name: N,
  args: object = {},
  environment = new MockActivityEnvironment(),
): ReturnType<Activities[N]> {
  return runStep(place, name, { live, ...args }, environment);
}

const status = async (place: RouterPlace, method = 'POST', path = '/notes') => (await place.ask(method, path)).status;

describe('while writes are held', () => {
  test('a write gets 503 with Retry-After and a reason, and reads are served', async () => {
    const place = await RouterPlace.create(blue, holding());
    const { changed, until, cut } = await run(place, 'holdWrites');
    expect({ changed, cut }).toEqual({ changed: true, cut: 0 });
    const refused = await place.ask('POST', '/notes');
    expect(refused.status).toBe(503);
    expect(refused.headers).toMatchObject({
      'retry-after': '7',
      'cache-control': 'no-store',
      'content-type': 'text/plain',
      'x-pointsman-hold': `until ${until}`,
      'x-pointsman-slot': 'blue',
    });
    expect(refused.body).toBe('Nothing can be written while a new release is started. Try again in 7 s.\n');
    const served = await place.ask('GET', '/notes');
    expect(served).toMatchObject({ status: 200, headers: { 'x-release': 'v1', 'x-pointsman-slot': 'blue' } });
    expect(await askRouter(place.host, place.settings)).toMatchObject({
      live,
      hold: { by: timestamp, until, active: true },
    });
    expect(await place.written()).toEqual([]);
  });

  test('what counts as a write is as configured', async () => {
    const place = await RouterPlace.create(blue, holding());
    await run(place, 'holdWrites');
    const upgrade = { Connection: 'Upgrade', Upgrade: 'websocket' };
    const asked: [method: string, path: string, status: number, headers?: Record<string, string>][] = [
      ['PUT', '/notes/1', 503],
      ['DELETE', '/', 503],
      ['GET', '/cart/add?id=1', 503],
      ['GET', '/%63art//x', 503],
      ['GET', '/x/../cart/add', 503],
      ['GET', '/live', 503, upgrade],
      ['GET', '/cart', 200],
      ['GET', '/other/cart/', 200],
      ['POST', '/search?q=a', 200],
      ['GET', '/search/live', 200, upgrade],
      ['POST', '/search/../notes', 503],
      ['POST', '/healthz', 200],
      ['POST', '/healthz/other', 503],
      ['GET', '/__pointsman', 200],
    ];
    const answers = await Promise.all(
      asked.map(async ([method, path, , headers = {}]) => (await place.ask(method, path, { headers })).status),
    );
    expect(asked.map(([method, path], at) => `${method} ${path} ${answers[at]}`)).toEqual(
      asked.map(([method, path, wanted]) => `${method} ${path} ${wanted}`),
    );
  });

  test('odd methods and paths from the settings are taken literally by nginx', async () => {
    const odd = ['/a;b', '/"q"', '/$uri', '/(x|y)*', '/caf%C3%A9'];
    const place = await RouterPlace.create(blue, holding({ methods: ['POST', 'POST'], paths: odd, except: [] }));
    await run(place, 'holdWrites');
    const paths = ['/a;b', '/%22q%22', '/$uri', '/(x%7Cy)*', '/caf%c3%a9', '/x', '/'];
    const answers = await Promise.all(paths.map((path) => status(place, 'GET', path)));
    expect(answers).toEqual([503, 503, 503, 503, 503, 200, 200]);
  });

  test('an nginx before 1.27.4 understands the config, too', async () => {
    const place = await RouterPlace.create(blue, holding());
    const nginx = await place.nginx();
    const hold = { by: timestamp, until: (await nginx.now()) + 600, rules, healthPath: '/healthz' };
    const slot = { service: 'app-blue', upstreamPort: 8000, port: usual.router.port };
    await nginx.install(renderLiveConfig({ live, ...slot, modern: false, hold }), timestamp);
    await nginx.reload();
    await expect.poll(() => status(place), { timeout: 30_000 }).toBe(503);
    expect(await status(place, 'GET')).toBe(200);
  });
});

describe('the hold begins', () => {
  test('only when a write that was on its way has been answered', async () => {
    const place = await RouterPlace.create(blue, holding());
    let answered = false;
    const slow = place.ask('POST', '/slow').finally(() => (answered = true));
    await expect.poll(() => place.hasArrived('/slow'), { timeout: 30_000 }).toBe(true);
    const { cut } = await run(place, 'holdWrites');
    expect({ answered, cut }).toEqual({ answered: true, cut: 0 });
    expect((await slow).status).toBe(200);
    expect(await place.written()).toEqual(['/slow']);
  });

  test('also where a client never ends: its connection is cut after the time to drain, and counted', async () => {
    const place = await RouterPlace.create(blue, holding({}, 1000));
    const stream = await place.open('GET', '/stream');
    const ended = new Promise((resolve) => stream.once('close', resolve).on('error', resolve).resume());
    const before = await (await place.nginx()).workers();
    const { cut } = await run(place, 'holdWrites');
    expect(cut).toBe(1);
    await ended;
    expect(await (await place.nginx()).remaining(before)).toEqual([]);
    expect([await status(place), await status(place, 'GET')]).toEqual([503, 200]);
  });

  test('only then also in a second attempt, after the first one died in the middle', async () => {
    const place = await RouterPlace.create(blue, holding());
    let answered = false;
    const slow = place.ask('POST', '/slow').finally(() => (answered = true));
    await expect.poll(() => place.hasArrived('/slow'), { timeout: 30_000 }).toBe(true);
    const environment = new MockActivityEnvironment();
    const first = run(place, 'holdWrites', {}, environment);
    const died = first.then(
      () => 'ended',
      () => 'died',
    );
    await expect
      .poll(async () => (await askRouter(place.host, place.settings)).hold, { timeout: 30_000 })
      .not.toBeNull();
    environment.cancel('WORKER_SHUTDOWN');
    expect([await died, answered]).toEqual(['died', false]);
    const { changed } = await run(place, 'holdWrites');
    expect({ answered, changed }).toEqual({ answered: true, changed: false });
    expect((await slow).status).toBe(200);
    expect(await run(place, 'releaseWrites')).toEqual({ changed: true });
    expect(await (await place.nginx()).readConfig()).toBe(blue);
  });
});

test('the router ends the hold by itself at its deadline, though nothing reloads it', async () => {
  const place = await RouterPlace.create(blue, holding({ timeoutMs: 2000 }, 1000));
  const { until } = await run(place, 'holdWrites');
  const nginx = await place.nginx();
  const workers = await nginx.workers();
  const early: number[] = [];
  await expect
    .poll(
      async () => {
        const answer = await status(place);
        if (answer === 200 && (await nginx.now()) * 1000 < Date.parse(until)) early.push(answer);
        return answer;
      },
      { timeout: 60_000, interval: 50 },
    )
    .toBe(200);
  expect(early).toEqual([]);
  expect(await nginx.remaining(workers)).toEqual(workers);
  expect((await askRouter(place.host, place.settings)).hold).toEqual({ by: timestamp, until, active: false });
  expect(await run(place, 'releaseWrites')).toEqual({ changed: true });
  expect((await askRouter(place.host, place.settings)).hold).toBeNull();
});

describe('the release of writes', () => {
  test('puts the config from before back, and has nothing to do a second time', async () => {
    const place = await RouterPlace.create(blue, holding());
    await run(place, 'holdWrites');
    expect(await run(place, 'releaseWrites')).toEqual({ changed: true });
    expect(await (await place.nginx()).readConfig()).toBe(blue);
    expect(await status(place)).toBe(200);
    expect(await run(place, 'releaseWrites')).toEqual({ changed: false });
  });

  test('has nothing to do where writes were never held, or are held by another deploy', async () => {
    const place = await RouterPlace.create(blue, holding());
    expect(await run(place, 'releaseWrites')).toEqual({ changed: false });
    await run(place, 'holdWrites', { timestamp: '20261122T000000Z' });
    expect(await run(place, 'releaseWrites')).toEqual({ changed: false });
    expect(await status(place)).toBe(503);
  });

  test('finishes what an attempt left that died before the reload', async () => {
    const place = await RouterPlace.create(blue, holding());
    await run(place, 'holdWrites');
    await (await place.nginx()).install(blue, holdName(timestamp));
    expect(await run(place, 'releaseWrites')).toEqual({ changed: true });
    expect(await status(place)).toBe(200);
  });

  test('takes a held config away that was never loaded', async () => {
    const place = await RouterPlace.create(blue, holding());
    const nginx = await place.nginx();
    await run(place, 'holdWrites');
    const held = (await nginx.readConfig()) ?? '';
    await run(place, 'releaseWrites');
    await nginx.install(held, holdName(timestamp));
    expect(await run(place, 'releaseWrites')).toEqual({ changed: true });
    expect(await nginx.readConfig()).toBe(blue);
  });

  test('brings a config back that was written by hand', async () => {
    const place = await RouterPlace.create(byHand, holding());
    await run(place, 'holdWrites', { live: { slot: 'blue', release: null } });
    expect([await status(place), await status(place, 'GET')]).toEqual([503, 200]);
    expect(await run(place, 'releaseWrites')).toEqual({ changed: true });
    expect(await (await place.nginx()).readConfig()).toBe(byHand);
    expect(await status(place)).toBe(200);
  });
});

describe('the switch', () => {
  const toGreen = { slot: 'green', release: 'v2' };

  test('hands the hold over, so that no write reaches a release that is not proven; its end lets writes through', async () => {
    const place = await RouterPlace.create(blue, holding());
    const { until } = await run(place, 'holdWrites');
    await run(place, 'writeRouterConfig', toGreen);
    await run(place, 'reloadRouter', toGreen);
    expect(await askRouter(place.host, place.settings)).toMatchObject({
      live: toGreen,
      hold: { by: timestamp, until, active: true },
    });
    expect([await status(place), await status(place, 'GET')]).toEqual([503, 200]);
    expect(await run(place, 'releaseWrites', { live: toGreen })).toEqual({ changed: true });
    expect(await askRouter(place.host, place.settings)).toMatchObject({ live: toGreen, hold: null });
    expect(await place.ask('POST', '/notes')).toMatchObject({ status: 200, headers: { 'x-release': 'v2' } });
    expect(await run(place, 'releaseWrites', { live: toGreen })).toEqual({ changed: false });
  });

  test('undone goes back to the hold, and only the release of writes to what was before', async () => {
    const place = await RouterPlace.create(blue, holding());
    const { until } = await run(place, 'holdWrites');
    await run(place, 'writeRouterConfig', toGreen);
    await run(place, 'reloadRouter', toGreen);
    expect(await run(place, 'switchBack')).toMatchObject({ changed: true });
    expect(await askRouter(place.host, place.settings)).toMatchObject({
      live,
      hold: { by: timestamp, until, active: true },
    });
    expect(await run(place, 'releaseWrites')).toEqual({ changed: true });
    expect(await (await place.nginx()).readConfig()).toBe(blue);
  });

  test('that could not be undone keeps its slot when writes are released', async () => {
    const place = await RouterPlace.create(blue, holding());
    await run(place, 'holdWrites');
    await run(place, 'writeRouterConfig', toGreen);
    await run(place, 'reloadRouter', toGreen);
    expect(await run(place, 'releaseWrites')).toEqual({ changed: true });
    expect(await askRouter(place.host, place.settings)).toMatchObject({ live: toGreen, hold: null });
  });

  test('whose config was never loaded is not made by the end of the hold: users stay with what serves them', async () => {
    const place = await RouterPlace.create(blue, holding());
    await run(place, 'holdWrites');
    await run(place, 'writeRouterConfig', toGreen);
    expect(await run(place, 'releaseWrites')).toEqual({ changed: true });
    expect(await askRouter(place.host, place.settings)).toMatchObject({ live, hold: null });
    expect(await place.ask('POST', '/notes')).toMatchObject({ status: 200, headers: { 'x-release': 'v1' } });
    expect(await (await place.nginx()).readConfig()).toBe(blue);
  });

  test('after which is tidied up leaves no config of the hold', async () => {
    const place = await RouterPlace.create(blue, holding());
    await run(place, 'holdWrites');
    await run(place, 'writeRouterConfig', toGreen);
    await run(place, 'reloadRouter', toGreen);
    await run(place, 'releaseWrites', { live: toGreen });
    await (await place.nginx()).removePrevious(timestamp);
    const router = await findContainer(place.host.docker, place.settings.project, 'router');
    const { stdout } = await execIn(place.host.docker, router?.id ?? '', ['ls', usual.router.configDirectory]);
    expect(stdout.trim().split('\n')).toEqual(['default.conf', `default.conf.${timestamp}.previous`]);
  });
});
