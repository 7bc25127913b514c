import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { whoIsUp } from '../../src/temporal/presence.js';
import { Playground } from '../support/playground.js';
import { trafficBeside } from '../support/under-traffic.js';

let place: Playground;

const breakGlass = (...more: string[]) => place.run('rollback', '-e', 'demo', '--break-glass', ...more);

/** Server and worker, both at once, as when the machine's memory ran out. */
async function killTemporal(): Promise<void> {
  const { pid } = (await whoIsUp(place.home)) ?? {};
  const server = (await readFile(join(place.home, 'temporal.pid'), 'utf8')).trim();
  await execa('kill', ['-9', String(pid), server]);
  await expect.poll(() => whoIsUp(place.home), { timeout: 10_000 }).toBeNull();
}

describe('a rollback by break glass', () => {
  beforeAll(async () => {
    place = await Playground.create();
    for (const release of ['v1', 'v2', 'v3']) expect(await place.deploy(release)).toEndWith(0);
  });
  afterAll(() => place?.[Symbol.asyncDispose]());

  test('is refused while Temporal answers and a run is under way', async () => {
    const deploying = place.start('deploy', '-e', 'demo', '--release', 'hanging');
    await place.untilRunning('composeUpWait');
    const { code, out } = await breakGlass('--yes');
    expect(code, out).toBe(6);
    expect(out).toContain('deploy hanging by ');
    expect(await place.run('abort', '-e', 'demo')).toEndWith(7);
    expect((await deploying).exitCode).toBe(7);
  });

  test('asks first, and does nothing without an answer', async () => {
    await killTemporal();
    const { code, out } = await breakGlass();
    expect(code, out).toBe(2);
    expect(out).toContain('the router serves blue (v3); it is to serve v2 from green (app-green).');
    expect(out).toContain('Nothing was changed: without a terminal this needs --yes.');
    expect(await whoIsUp(place.home)).toBeNull();
  });

  test('goes back without Temporal and without a failed request, and starts no Temporal', async () => {
    const before = await place.identities();
    const traffic = trafficBeside(place);
    await traffic.atLeast(50);
    const { code, out } = await breakGlass('--yes', '--reason', 'prices are wrong');
    await traffic.atLeast(50);
    const { failures } = await traffic.stop();
    expect(out).toContain('live: green (v2)');
    expect(code, out).toBe(0);
    expect(failures).toEqual({});
    expect(await whoIsUp(place.home)).toBeNull();
    expect(await place.identities()).toEqual(before);
    expect((await place.container('app-blue'))?.running).toBe(false);
  });

  test('is in the history, and the next deploy says so and goes on from what is live', async () => {
    const history = await place.run('history', '-e', 'demo', '-n', '1');
    expect(history.out).toContain('back to v2 in green by break glass, without Temporal (prices are wrong)');
    const { code, out } = await place.deploy('v3');
    expect(out).toContain('The last run went back to v2 by break glass, without Temporal');
    expect(code, out).toBe(0);
    expect(await place.live()).toEqual({ slot: 'blue', release: 'v3' });
  });

  test('stays when a deploy comes back that was under way: it neither stops nor replaces what is served', async () => {
    const deploying = place.start('deploy', '-e', 'demo', '--release', 'hanging');
    await place.untilRunning('composeUpWait');
    deploying.kill('SIGKILL');
    await deploying;
    await killTemporal();
    const traffic = trafficBeside(place);
    await traffic.atLeast(50);
    expect((await breakGlass('--yes')).out).toContain('live: green (v2)');
    const served = await place.container('app-green');
    // The deploy of the same release, asked for again, brings Temporal back and follows what was under way.
    const { code, out } = await place.deploy('hanging');
    await traffic.atLeast(50);
    expect((await traffic.stop()).failures).toEqual({});
    expect(out).toContain('the router serves app-green (v2): it is not replaced');
    expect(out).toContain('kept app-green: it is what the router serves');
    expect(code, out).toBe(4);
    expect(await place.live()).toEqual({ slot: 'green', release: 'v2' });
    expect((await place.container('app-green'))?.id).toBe(served?.id);
  });

  test('ends a bake that comes back: its release is judged no more, and what is live stays', async () => {
    const bake = { duration: '10m', window: '2s', failures: 2, latency: false };
    await place.configure({ bake });
    const deploying = place.start('deploy', '-e', 'demo', '--release', 'v3');
    await place.runs.untilPhase('baking');
    deploying.kill('SIGKILL');
    await deploying;
    await killTemporal();
    const traffic = trafficBeside(place);
    await traffic.atLeast(50);
    expect((await breakGlass('--yes', '--reason', 'prices are wrong')).out).toContain('live: green (v2)');
    const { code, out } = await place.deploy('v3');
    await traffic.atLeast(50);
    expect((await traffic.stop()).failures).toEqual({});
    expect(out).toContain('went back to v2 by break glass since this began: the router is left as it is');
    expect(code, out).toBe(4);
    expect(await place.live()).toEqual({ slot: 'green', release: 'v2' });
    expect((await place.container('app-blue'))?.running).toBe(false);
  });
});
