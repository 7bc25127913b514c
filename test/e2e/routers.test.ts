import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseDocument } from 'yaml';
import { Traffic, type TrafficReport } from '../../bench/traffic.js';
import { exitCodes } from '../../src/cli/exit-codes.js';
import { execIn } from '../../src/docker/container.js';
import { freePort } from '../support/free-port.js';
import { Playground, type Identity, type Ran } from '../support/playground.js';

let place: Playground;
let internalPort: number;
let unchanged: Record<string, Identity>;

const demo = ['-e', 'demo'] as const;
const routers = ['router', 'router-internal'] as const;

/** As the example's own router, on another port and with a config of its own. */
async function addRouter(): Promise<void> {
  await place.edit('compose.yml', (text) => {
    const file = parseDocument(text);
    file.setIn(['services', 'router-internal'], {
      image: 'nginx:1.30',
      restart: 'always',
      ports: [`${internalPort}:5001`],
      volumes: ['router-internal-config:/etc/nginx/conf.d'],
      healthcheck: { test: ['CMD', 'nginx', '-t'], interval: '5s', timeout: '5s', retries: 3, start_period: '10s' },
    });
    file.setIn(['volumes', 'router-internal-config'], {});
    return file.toString();
  });
  await place.edit(
    'pointsman.yml',
    (text) => `${text}router: { others: [{ service: router-internal, port: 5001 }] }\n`,
  );
}

async function identities(): Promise<Record<string, Identity>> {
  const found = await Promise.all(routers.map((name) => place.container(name)));
  return Object.fromEntries(
    routers.map((name, at) => [name, { id: found[at]?.id ?? '', startedAt: found[at]?.startedAt ?? '' }]),
  );
}

/** Runs a command while clients keep requesting through both routers. */
async function underTraffic(act: () => Promise<Ran>): Promise<{ ran: Ran; reports: TrafficReport[] }> {
  const traffic = [place.port, internalPort].map((port) => new Traffic({ port, clients: 5 }));
  await Promise.all(traffic.map((one) => one.atLeast(100)));
  const ran = await act();
  await Promise.all(traffic.map((one) => one.atLeast(Math.max(100, 500 - one.requests))));
  return { ran, reports: await Promise.all(traffic.map((one) => one.stop())) };
}

const failures = (reports: readonly TrafficReport[]) => reports.map((report) => report.failures);
const releases = (reports: readonly TrafficReport[]) => reports.map((report) => Object.keys(report.releases).sort());

/** The release that each router gives its users. */
async function served(): Promise<(string | null)[]> {
  const answers = await Promise.all(
    [place.port, internalPort].map((port) => fetch(`http://127.0.0.1:${port}/healthz`)),
  );
  return answers.map(({ headers }) => headers.get('x-release'));
}

/** Runs a command in the second router's container. */
async function inInternal(script: string): Promise<void> {
  const { exitCode, stderr } = await execIn(place.docker, (await place.container('router-internal'))?.id ?? '', [
    'sh',
    '-c',
    script,
  ]);
  expect(exitCode, stderr).toBe(0);
}

beforeAll(async () => {
  place = await Playground.create();
  expect(await place.deploy('v1')).toEndWith(exitCodes.succeeded);
  internalPort = await freePort();
  await addRouter();
});
afterAll(() => place?.[Symbol.asyncDispose]());

test('a router that is added to a running app serves what is live, and then the next release', async () => {
  expect(await place.deploy('v2')).toEndWith(exitCodes.succeeded);
  expect(await served()).toEqual(['v2', 'v2']);
  unchanged = await identities();
});

test('a deploy switches both routers, and no request fails through either', async () => {
  const { ran, reports } = await underTraffic(() => place.deploy('v3'));
  expect(ran).toEndWith(exitCodes.succeeded);
  expect(failures(reports)).toEqual([{}, {}]);
  expect(releases(reports)).toEqual([
    ['v2', 'v3'],
    ['v2', 'v3'],
  ]);
  expect((await place.container('app-green'))?.running).toBe(false);
  expect(await identities()).toEqual(unchanged);
});

test('a deploy that fails leaves both routers where they were, and fails no request', async () => {
  const { ran, reports } = await underTraffic(() => place.deploy('broken'));
  expect(ran).toEndWith(exitCodes.undone);
  expect(failures(reports)).toEqual([{}, {}]);
  expect(releases(reports)).toEqual([['v3'], ['v3']]);
  expect(await identities()).toEqual(unchanged);
});

test('a release that only users of the second router see fail is taken back in both', async () => {
  await place.configure({ bake: { duration: '1m', window: '2s', failures: 2, errors: '5%', minRequests: 5 } });
  const traffic = new Traffic({ port: internalPort, path: '/api/count', writes: false });
  const ran = await place.deploy('erring');
  const { failures: seen } = await traffic.stop();
  await place.configure({});
  expect(ran).toEndWith(exitCodes.undone);
  expect(ran.out).toContain('Undone: switchBack, stopSlots');
  expect(Object.keys(seen)).toEqual(['500']);
  expect(await served()).toEqual(['v3', 'v3']);
});

test('a second router that refuses its config leaves both untouched', async () => {
  await inInternal('echo nonsense > /etc/nginx/conf.d/own.conf');
  const { ran, reports } = await underTraffic(() => place.deploy('v2'));
  await inInternal('rm /etc/nginx/conf.d/own.conf');
  expect(ran).toEndWith(exitCodes.refused);
  expect(ran.out).toMatch(/router-internal: nginx refuses the router's present config: .*own\.conf/);
  expect(failures(reports)).toEqual([{}, {}]);
  expect(releases(reports)).toEqual([['v3'], ['v3']]);
  expect(await identities()).toEqual(unchanged);
});

test('a rollback takes both routers back, and fails no request', async () => {
  const { ran, reports } = await underTraffic(() => place.run('rollback', ...demo, '--yes'));
  expect(ran).toEndWith(exitCodes.succeeded);
  expect(failures(reports)).toEqual([{}, {}]);
  expect(releases(reports)).toEqual([
    ['v2', 'v3'],
    ['v2', 'v3'],
  ]);
});

test('a second router that a hand has switched is told by status, and put in step by the next deploy', async () => {
  const file = '/etc/nginx/conf.d/default.conf';
  await inInternal(`sed -i 's/green/blue/g; s/"v2"/"v1"/g; s/v2/v1/g' ${file} && nginx -s reload`);
  await expect
    .poll(async () => (await place.run('status', ...demo)).out, { timeout: 30_000 })
    .toContain('router: router-internal serves blue (v1), and not green (v2)');
  expect(await place.deploy('v3')).toEndWith(exitCodes.succeeded);
  expect(await served()).toEqual(['v3', 'v3']);
  expect((await place.run('status', ...demo)).out).not.toContain('router-internal');
});

test('a second router that lost its config in maintenance comes back with the page, and not with the app', async () => {
  expect(await place.run('maintenance', 'on', ...demo)).toEndWith(exitCodes.succeeded);
  await inInternal('rm /etc/nginx/conf.d/default.conf && nginx -s reload');
  expect(await place.deploy('v2')).toEndWith(exitCodes.succeeded);
  const statuses = [place.port, internalPort].map(async (port) => (await fetch(`http://127.0.0.1:${port}/`)).status);
  expect(await Promise.all(statuses)).toEqual([503, 503]);
  expect(await place.run('maintenance', 'off', ...demo)).toEndWith(exitCodes.succeeded);
  expect(await served()).toEqual(['v2', 'v2']);
  expect(await place.deploy('v3')).toEndWith(exitCodes.succeeded);
});

test('a rollback by break glass takes both routers back', async () => {
  const { ran, reports } = await underTraffic(() =>
    place.run('rollback', ...demo, '--break-glass', '--yes', '--reason', 'prices are wrong'),
  );
  expect(ran).toEndWith(exitCodes.succeeded);
  expect(failures(reports)).toEqual([{}, {}]);
  expect(await served()).toEqual(['v2', 'v2']);
});
