import { readFile } from 'node:fs/promises';
import { get } from 'node:http';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { Traffic } from '../../bench/traffic.js';
import { exitCodes } from '../../src/cli/exit-codes.js';
import { whoIsUp } from '../../src/temporal/presence.js';
import { Playground } from '../support/playground.js';

let place: Playground;
let traffic: Traffic | null = null;

/** Short, so that a test sees several windows; wide enough apart from what one core makes of a busy second. */
const bake = { duration: '8s', window: '2s', failures: 2, errors: '5%', latency: false, minRequests: 10 };

function users(): Traffic {
  return (traffic = new Traffic({ port: place.port, clients: 8, path: '/api/count' }));
}

interface Answer {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
}

function ask(path: string, headers: Record<string, string> = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port: place.port, path, headers, agent: false }, (response) => {
      response.resume();
      resolve({ status: response.statusCode ?? 0, headers: response.headers });
    }).once('error', reject);
  });
}

beforeAll(async () => {
  place = await Playground.create();
  expect(await place.deploy('v1')).toEndWith(exitCodes.succeeded);
});
afterEach(() => traffic?.stop());
afterAll(() => place?.[Symbol.asyncDispose]());

test('a canary gives a release its users in stages: none of them notices, and router and litestream stay', async () => {
  await place.configure({ canary: { stages: [20, 60], pause: '4s' }, bake });
  const before = await place.identities();
  const load = users();
  const ran = await place.deploy('v2');
  expect(ran).toEndWith(exitCodes.succeeded);
  await load.atLeast(100);
  const { failures, releases } = await load.stop();
  expect(failures).toEqual({});
  expect(releases).toMatchObject({ v1: expect.any(Number) as number, v2: expect.any(Number) as number });
  expect(ran.out).toMatch(/20 % of the requests[^]*60 % of the requests/);
  expect(await place.live()).toEqual({ slot: 'green', release: 'v2' });
  expect((await place.container('app-blue'))?.running).toBe(false);
  expect(await place.identities()).toEqual(before);
});

test('a release that answers with errors ends its canary, with the numbers, and only its share of users saw it', async () => {
  await place.configure({ canary: { stages: [25, 75], pause: '6s' }, bake });
  const load = users();
  const ran = await place.deploy('erring');
  await load.atLeast(100);
  const { failures, releases, sent } = await load.stop();
  expect(ran).toEndWith(exitCodes.undone);
  expect(ran.out).toMatch(/5xx \d+(\.\d)? % > 5 % for 2 windows/);
  expect(ran.out).not.toContain('75 % of the requests');
  expect(Object.keys(failures)).toEqual(['500']);
  expect(failures['500']).toBeLessThan((releases['erring'] ?? 0) + 1);
  expect(releases['erring']).toBeLessThan(sent / 2);
  expect(await place.live()).toEqual({ slot: 'green', release: 'v2' });
  expect((await place.container('app-blue'))?.running).toBe(false);
});

test('a release that answers with errors after the switch is switched back from, and no row of its users is lost', async () => {
  await place.configure({ bake });
  const load = users();
  const ran = await place.deploy('erring');
  await load.atLeast(100);
  const { failures, written } = await load.stop();
  expect(ran).toEndWith(exitCodes.undone);
  expect(ran.out).toMatch(/5xx \d+(\.\d)? % > 5 % for 2 windows/);
  expect(ran.out).toContain('Undone: switchBack, stopSlots');
  expect(Object.keys(failures)).toEqual(['500']);
  const notes = await place.notes();
  expect(written.filter((id) => !notes.has(id))).toEqual([]);
  expect(await place.live()).toEqual({ slot: 'green', release: 'v2' });
});

test('a bake goes on after worker and Temporal were killed in it', async () => {
  await place.configure({ bake: { ...bake, duration: '20s' } });
  const load = users();
  const deploying = place.start('deploy', '-e', 'demo', '--release', 'v3');
  await place.runs.untilPhase('baking');
  process.kill((await whoIsUp(place.home))?.pid ?? 0, 'SIGKILL');
  process.kill(Number(await readFile(join(place.home, 'temporal.pid'), 'utf8')), 'SIGKILL');
  const { exitCode, all } = await deploying;
  expect({ code: exitCode ?? -1, out: all }).toEndWith(exitCodes.succeeded);
  await load.atLeast(50);
  expect((await load.stop()).failures).toEqual({});
  expect(await place.live()).toEqual({ slot: 'blue', release: 'v3' });
});

test('a rollback in a bake takes the users back to the slot that is still warm', async () => {
  await place.configure({ bake: { ...bake, duration: '5m' } });
  const load = users();
  const deploying = place.start('deploy', '-e', 'demo', '--release', 'v2');
  await place.runs.untilPhase('baking');
  const warm = (await place.container('app-blue'))?.id;
  expect(await place.run('rollback', '-e', 'demo', '--yes')).toEndWith(exitCodes.succeeded);
  expect((await deploying).exitCode).toBe(exitCodes.cancelled);
  expect(await place.live()).toEqual({ slot: 'blue', release: 'v3' });
  expect((await place.container('app-blue'))?.id).toBe(warm);
  expect((await load.stop()).failures).toEqual({});
});

test('a deploy that waits for approval can be looked at by header, and goes on with a yes', async () => {
  await place.configure({ approval: { when: 'before-switch', timeout: '10m' } });
  const deploying = place.start('deploy', '-e', 'demo', '--release', 'v2');
  await place.runs.untilPhase('waiting-for-approval');
  expect((await ask('/', { 'X-Pointsman-Preview': 'v2' })).headers['x-release']).toBe('v2');
  expect((await ask('/')).headers['x-release']).toBe('v3');
  const told = await place.run('status', '-e', 'demo');
  expect(told.out).toContain('pointsman approve');
  expect(await place.run('approve', '-e', 'demo', '--reason', 'looks good')).toEndWith(exitCodes.succeeded);
  expect((await deploying).exitCode).toBe(exitCodes.succeeded);
  expect((await ask('/')).headers['x-release']).toBe('v2');
  expect((await place.run('history', '-e', 'demo')).out).toContain('looks good');
});

test('a no is the end of a release, with who and why, and nobody was switched', async () => {
  await place.configure({ approval: { when: 'before-switch', timeout: '10m' } });
  const load = users();
  const deploying = place.start('deploy', '-e', 'demo', '--release', 'v1');
  await place.runs.untilPhase('waiting-for-approval');
  const no = await place.run('abort', '-e', 'demo', '--reason', 'the prices are wrong');
  expect(no.out).toContain('the prices are wrong');
  expect((await deploying).exitCode).toBe(exitCodes.undone);
  const { failures, releases } = await load.stop();
  expect(failures).toEqual({});
  expect(Object.keys(releases)).toEqual(['v2']);
  expect(await place.live()).toEqual({ slot: 'green', release: 'v2' });
});

test('a maintenance answers users with 503 and when to come back, over a deploy, until it is ended', async () => {
  await place.configure({});
  expect(await place.run('maintenance', 'on', '-e', 'demo', '--reason', 'moving house')).toEndWith(exitCodes.succeeded);
  const closed = await ask('/api/count');
  expect({ status: closed.status, retry: Number(closed.headers['retry-after']) > 0 }).toEqual({
    status: 503,
    retry: true,
  });
  expect((await ask('/healthz')).status).toBe(200);
  expect((await place.run('status', '-e', 'demo')).out).toContain('maintenance');
  expect(await place.deploy('v3')).toEndWith(exitCodes.succeeded);
  expect((await ask('/api/count')).status).toBe(503);
  expect(await place.run('maintenance', 'off', '-e', 'demo')).toEndWith(exitCodes.succeeded);
  const open = await ask('/api/count');
  expect([open.status, open.headers['x-release']]).toEqual([200, 'v3']);
});
