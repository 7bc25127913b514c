import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { exitCodes } from '../../src/cli/exit-codes.js';
import { until } from '../../src/install/until.js';
import { whoIsUp } from '../../src/temporal/presence.js';
import { Playground, type Ran } from '../support/playground.js';
import { answers, bystander, canBeNobody, lives, squat } from '../support/squatter.js';

const stranger = fileURLToPath(new URL('../support/stranger.mjs', import.meta.url));

describe.skipIf(!canBeNobody)('another account of the machine, with Temporal in its reach,', () => {
  let place: Playground;

  beforeAll(async () => {
    place = await Playground.create();
    expect(await place.deploy('v1')).toEndWith(0);
    await place.configure({ approval: { when: 'before-switch', timeout: '10m' } });
  });
  afterAll(() => place?.[Symbol.asyncDispose]());

  /** What comes of what that account does about the deploy that waits. */
  async function tried(what: 'start' | 'step' | 'answer' | 'cancel' | 'terminate'): Promise<string> {
    const address = `127.0.0.1:${place.temporalPort}`;
    const { stdout } = await execa(process.execPath, [stranger, address, `${place.project}/demo`, what]);
    return stdout;
  }

  /** A deploy that waits for a person. */
  async function waiting(): Promise<{ readonly end: Promise<Ran> }> {
    const end = place.deploy('v2');
    await place.runs.untilPhase('waiting-for-approval');
    return { end };
  }

  let deploying: Awaited<ReturnType<typeof waiting>>;
  const runs = async (): Promise<unknown[]> => {
    const slots = await Promise.all(['app-blue', 'app-green'].map((service) => place.container(service)));
    return slots.map((slot) => [slot?.id, slot?.startedAt, slot?.running]);
  };

  test('has no deploy run by a request that it copied from a history', async () => {
    deploying = await waiting();
    const before = await runs();
    expect(await tried('start')).toMatch(/^failed at (\w+): \1 is not done: /);
    expect(await runs()).toEqual(before);
  });

  test('has no slot stopped by a workflow of its own', async () => {
    const before = await runs();
    expect(await tried('step')).toBe('stopSlots is not done: it was not asked for by a run of pointsman');
    expect(await runs()).toEqual(before);
  });

  test('cannot answer for a person', async () => {
    expect(await tried('answer')).toContain('it is not signed by somebody who may answer');
    expect(await place.live()).toEqual({ slot: 'blue', release: 'v1' });
    expect(await place.run('status', '-e', 'demo')).toMatchObject({
      out: expect.stringContaining('pointsman approve') as string,
    });
  });

  test('can cancel a deploy, which is undone', async () => {
    expect(await tried('cancel')).toBe('it was done');
    const { code, out } = await deploying.end;
    expect(code, out).toBe(exitCodes.cancelled);
    expect(await place.live()).toEqual({ slot: 'blue', release: 'v1' });
    expect((await place.container('app-green'))?.running).toBe(false);
  });

  test('can end a deploy at once, which "pointsman recover" puts in order', async () => {
    deploying = await waiting();
    expect(await tried('terminate')).toBe('it was done');
    expect(await deploying.end).toEndWith(exitCodes.terminated);
    expect(await place.live()).toEqual({ slot: 'blue', release: 'v1' });
    expect(await place.run('recover', '-e', 'demo', '--database', 'restore')).toEndWith(0);
    expect((await place.container('app-green'))?.running).toBe(false);
  });
});

describe.skipIf(!canBeNobody)('another account that takes what pointsman would take', () => {
  let place: Playground;

  beforeAll(async () => {
    place = await Playground.create();
  });
  afterAll(() => place?.[Symbol.asyncDispose]());

  test.each([
    ['the port of Temporal', () => place.temporalPort],
    ['the port of its UI', () => place.uiPort],
  ])('first, %s, has `up` end with what to do, and `down` with nothing', async (_, port) => {
    const squatter = await squat(port(), answers.silence());
    const up = await place.run('up');
    expect(up.out).toContain(
      `Port ${port()} is taken by another program: set POINTSMAN_TEMPORAL_PORT and POINTSMAN_UI_PORT.`,
    );
    expect(up).toEndWith(75);
    expect(await place.run('down')).toMatchObject({
      code: 0,
      out: expect.stringContaining('nothing was up') as string,
    });
    expect(lives(squatter)).toBe(true);
    squatter.kill('SIGKILL');
  });

  test('the name on which an earlier `up` announced itself, is in nobody’s way', async () => {
    const victim = bystander();
    const name = `pointsman-${createHash('sha256').update(place.home).digest('hex').slice(0, 24)}`;
    const squatter = await squat(name, answers.lie(victim.pid ?? 0));
    const up = place.run('up');
    const ready = async (): Promise<boolean> => (await whoIsUp(place.home))?.ready ?? false;
    expect(await until(ready, { limitMs: 120_000, everyMs: 50 })).toBe(true);
    expect(await place.run('down')).toMatchObject({ code: 0, out: expect.stringMatching(/^down$/m) as string });
    expect(await up).toEndWith(0);
    expect([lives(victim), lives(squatter)]).toEqual([true, true]);
  });
});
