import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Playground } from '../support/playground.js';
import { untilSaid } from '../support/until-said.js';

let place: Playground;

const deploying = (release: string, ...more: string[]) =>
  place.start('deploy', '-e', 'demo', '--release', release, ...more);

describe('one at a time', () => {
  beforeAll(async () => {
    place = await Playground.create();
    expect(await place.deploy('v1')).toEndWith(0);
  });
  afterAll(() => place?.[Symbol.asyncDispose]());

  test('of two deploys in the same second one runs, and the other one is refused with who, what and since when', async () => {
    const both = await Promise.all([deploying('v2'), deploying('v3')]);
    expect(both.map(({ exitCode }) => exitCode).toSorted()).toEqual([0, 6]);
    const refused = both.find(({ exitCode }) => exitCode === 6);
    expect(refused?.all).toMatch(/is busy: deploy v[23] by \S+@\S+, since 20\S+Z\./);
  });

  test('one waits in line until the other one is through', async () => {
    await place.holdSlots();
    const first = deploying('v3');
    await place.untilRunning('composeUpWait');
    const second = deploying('v2', '--queue');
    await untilSaid(second.all, 'number 1 in line');
    await place.letSlotsGo();
    expect((await first).exitCode).toBe(0);
    const { all, exitCode } = await second;
    expect(all).toMatch(/waiting for \d+ s: number 1 in line; deploy v3 by \S+ runs for \d+ s/);
    expect(exitCode, all).toBe(0);
    expect((await place.live())?.release).toBe('v2');
  });

  test('one that supersedes has the other one undone, and starts then', async () => {
    const hanging = deploying('hanging');
    await place.untilRunning('composeUpWait');
    const { exitCode, all } = await deploying('v3', '--supersede');
    expect((await hanging).exitCode).toBe(7);
    expect((await hanging).all).toContain('Live: ');
    expect(all).toContain('cancelling deploy hanging by ');
    expect(exitCode).toBe(0);
    expect((await place.live())?.release).toBe('v3');
  });
});
