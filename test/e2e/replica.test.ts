import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TrafficReport } from '../../bench/traffic.js';
import { execIn } from '../../src/docker/container.js';
import { Playground, type Ran } from '../support/playground.js';
import { S3Server } from '../support/s3-server.js';
import { trafficBeside } from '../support/under-traffic.js';

const keyId = 'demo-access-key';
const secret = 'demo-secret-key-of-this-machine';

let storage: S3Server;
let place: Playground;

/** The example with its replica in storage that is no service of its own, as R2 is none. */
async function placeWith(endpoint: string): Promise<Playground> {
  const playground = await Playground.create();
  await playground.edit('pointsman.yml', (text) => text.replace('compose: [compose.yml, compose.demo.yml], ', ''));
  await playground.edit('.env.demo', (text) => text.replace('http://s3:9000', endpoint));
  return playground;
}

async function underTraffic(act: () => Promise<Ran>): Promise<Ran & { traffic: TrafficReport }> {
  const traffic = trafficBeside(place);
  await traffic.atLeast(200);
  const ran = await act();
  await traffic.atLeast(200);
  return { ...ran, traffic: await traffic.stop() };
}

async function inLitestream(...argv: string[]) {
  const id = (await place.container('litestream'))?.id ?? '';
  return execIn(place.docker, id, argv);
}

/** Waits until Litestream says that all is replicated, restores the replica beside the database and compares the rows. */
async function expectReplicaToCatchUp(): Promise<void> {
  const sync = ['sync', '-wait', '-timeout', '30', '-socket', '/var/run/litestream.sock', '/app/data/app.db'];
  while ((await inLitestream('litestream', ...sync)).exitCode !== 0) await pause(200);
  const restore = ['restore', '-integrity-check', 'full', '-o', '/app/data/proof.db'];
  const config = ['-config', '/etc/litestream/litestream.yml', '/app/data/app.db'];
  expect(await inLitestream('litestream', ...restore, ...config)).toMatchObject({ exitCode: 0 });
  const { stdout: files } = await inLitestream('litestream', 'ltx', ...config);
  const [replicated, live] = [await place.notes('proof.db'), await place.notes()];
  await inLitestream('sh', '-c', 'rm -f /app/data/proof.db*');
  expect(replicated.size).toBeGreaterThan(0);
  const differ = [...live].filter((id) => !replicated.has(id)).concat([...replicated].filter((id) => !live.has(id)));
  expect(differ, `of ${live.size} rows; the replica has\n${files}`).toEqual([]);
}

async function expectAllRows({ written, failed }: TrafficReport): Promise<void> {
  expect(failed).toBe(0);
  expect(written.length).toBeGreaterThan(0);
  const live = await place.notes();
  expect(written.filter((id) => !live.has(id))).toEqual([]);
}

beforeAll(async () => {
  storage = await S3Server.start('notes', keyId, secret);
});
afterAll(() => storage?.[Symbol.asyncDispose]());

describe('storage that fails', () => {
  beforeAll(async () => {
    place = await placeWith(storage.url);
  });
  afterAll(() => place?.[Symbol.asyncDispose]());

  test('refusing: a wrong secret is told before anything is touched, and not shown', async () => {
    await place.edit('.env.demo', (text) => text.replace(secret, 'another-secret-altogether'));
    const { code, out } = await place.deploy('v1');
    await place.edit('.env.demo', (text) => text.replace('another-secret-altogether', secret));
    expect(out).toContain(
      'LITESTREAM_R2_SECRET_ACCESS_KEY is not the secret of the key in LITESTREAM_R2_ACCESS_KEY_ID',
    );
    expect(out).not.toContain('another-secret');
    expect(code, out).toBe(3);
    expect(await place.container('router')).toBeNull();
  });

  test('killed before a deploy: it is refused, and nothing is touched', async () => {
    await storage.kill();
    const { code, out } = await place.deploy('v1');
    await storage.bringBack();
    expect(out).toContain('(LITESTREAM_R2_ENDPOINT) refuses connections from local.');
    expect(code, out).toBe(3);
    expect(await place.container('router')).toBeNull();
  });

  test('once it answers, the deploy goes through and the replica holds every row', async () => {
    expect(await place.deploy('v1')).toMatchObject({ code: 0 });
    const { code, out, traffic } = await underTraffic(() => place.run('check', '-e', 'demo', '--release', 'v2'));
    expect(code, out).toBe(0);
    await expectAllRows(traffic);
    await expectReplicaToCatchUp();
  });

  test('killed in the middle of a deploy: it goes on, no request fails, and the replica catches up after', async () => {
    await place.holdSlots();
    const { code, out, traffic } = await underTraffic(async () => {
      const deploy = place.deploy('v2');
      await place.untilRunning('composeUpWait');
      await storage.kill();
      await place.letSlotsGo();
      return deploy;
    });
    expect(code, out).toBe(0);
    await expectAllRows(traffic);
    await storage.bringBack();
    await expectReplicaToCatchUp();
  });

  test('hung before a deploy: the check ends in time and refuses; what is live goes on, and the replica catches up', async () => {
    await storage.hang();
    const { code, out, traffic } = await underTraffic(() => place.deploy('v3'));
    await storage.goOn();
    expect(out).toContain('(LITESTREAM_R2_ENDPOINT) did not answer within 10 s.');
    expect(code, out).toBe(3);
    await expectAllRows(traffic);
    await expectReplicaToCatchUp();
  });

  test('full: the deploy goes on, no row is lost, and the replica catches up once there is room', async () => {
    await storage.fill();
    const { code, out, traffic } = await underTraffic(() => place.deploy('v3'));
    expect(code, out).toBe(0);
    await expectAllRows(traffic);
    const { exitCode } = await inLitestream('litestream', 'sync', '-wait', '-timeout', '3', '/app/data/app.db');
    expect(exitCode).not.toBe(0);
    await storage.free();
    await expectReplicaToCatchUp();
  });
});

describe('storage that is slow', () => {
  beforeAll(async () => {
    place = await placeWith(await storage.slowly(700));
    await place.edit('litestream/litestream.yml', (text) => text.replace('path: app', 'path: slow'));
  });
  afterAll(() => place?.[Symbol.asyncDispose]());

  test('holds up no deploy and no request, and the replica holds every row', async () => {
    expect(await place.deploy('v1')).toMatchObject({ code: 0 });
    const { code, out, traffic } = await underTraffic(() => place.deploy('v2'));
    expect(code, out).toBe(0);
    await expectAllRows(traffic);
    await expectReplicaToCatchUp();
  });
});
