import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Playground } from '../support/playground.js';
import { trafficBeside } from '../support/under-traffic.js';

let place: Playground;

/** What the button of Temporal's web interface does. */
async function terminate(): Promise<void> {
  const connection = await Connection.connect({ address: `127.0.0.1:${place.temporalPort}` });
  await new Client({ connection }).workflow.getHandle(`${place.project}/demo`).terminate('enough of it');
  await connection.close();
}

describe('a deploy that is terminated in Temporal', () => {
  beforeAll(async () => {
    place = await Playground.create();
    expect(await place.deploy('v1')).toEndWith(0);
  });
  afterAll(() => place?.[Symbol.asyncDispose]());

  test('ends its command with 9, which names the way out', async () => {
    const deploying = place.start('deploy', '-e', 'demo', '--release', 'hanging');
    await place.untilRunning('composeUpWait');
    await terminate();
    const { exitCode, all } = await deploying;
    expect(exitCode).toBe(9);
    expect(all).toContain('"pointsman recover" puts it in order');
  });

  test('is found by status, check and deploy, which say what was left', async () => {
    const status = await place.run('status', '-e', 'demo');
    expect(status.out).toMatch(/deploy hanging by \S+ was ended from outside at composeUpWait, .*enough of it/);
    expect(status.out).toContain('left: app-green runs and is not live');
    expect(status.out).toContain('left: the database may be migrated by hanging; as it was before: app.db.pre-deploy-');
    expect(status.code, status.out).toBe(9);
    expect(await place.run('check', '-e', 'demo', '--release', 'v2')).toEndWith(9);
    const refused = await place.deploy('v2');
    expect([refused.code, refused.out]).toEqual([9, expect.stringContaining('pointsman recover') as string]);
  });

  test('has its database put back only where that is said', async () => {
    const { code, out } = await place.run('recover', '-e', 'demo');
    expect(code, out).toBe(2);
    expect(out).toContain('Nothing was changed: without a terminal, say which with --database.');
    expect((await place.container('app-green'))?.running).toBe(true);
  });

  test('is put in order from what the router serves, without a failed request, and the next deploy goes well', async () => {
    const before = await place.identities();
    const traffic = trafficBeside(place);
    await traffic.atLeast(50);
    const { code, out } = await place.run('recover', '-e', 'demo', '--database', 'restore');
    await traffic.atLeast(50);
    expect(out).toContain('live: blue (v1)');
    expect(out).toContain('kept: the failed release changed neither schema nor migration state');
    expect(code, out).toBe(0);
    expect((await traffic.stop()).failures).toEqual({});
    expect((await place.container('app-green'))?.running).toBe(false);
    expect(await place.identities()).toEqual(before);
    const status = await place.run('status', '-e', 'demo');
    expect([status.code, status.out]).toEqual([0, expect.stringContaining('last: deploy hanging undone') as string]);
    expect(await place.deploy('v2')).toEndWith(0);
  });
});
