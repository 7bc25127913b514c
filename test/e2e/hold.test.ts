import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { whoIsUp } from '../../src/temporal/presence.js';
import { Playground, type Ran } from '../support/playground.js';
import { Users, type UsersReport } from '../support/users.js';

let place: Playground;

interface Status {
  readonly live: { readonly slot: string; readonly release: string } | null;
  readonly hold: { readonly active: boolean } | null;
  readonly last: { readonly release: string; readonly outcome: string; readonly message: string } | null;
  readonly running: object | null;
}

async function status(): Promise<Status> {
  const { stdout } = await place.start('status', '-e', 'demo', '--json');
  return JSON.parse(stdout) as Status;
}

/** Brings the run that is under way on, where nobody does, and waits for its end. */
async function ended(release: string): Promise<Status> {
  await status();
  await place.runs.untilEnded();
  const state = await status();
  expect(state).toMatchObject({ running: null, last: { release } });
  return state;
}

/** Runs a command while users write and read, until writes go through again. */
async function amongUsers(act: (users: Users) => Promise<Ran>): Promise<Ran & UsersReport> {
  const users = new Users(place.port);
  onTestFinished(async () => void (await users.stop()));
  await users.untilWritten(100);
  const ran = await act(users);
  await users.untilWritten(100);
  const report = await users.stop();
  return { ...ran, ...report };
}

/** Acknowledged rows that the live database does not have. */
async function missing({ written }: Pick<UsersReport, 'written'>): Promise<string[]> {
  const notes = await place.notes();
  return written.filter((id) => !notes.has(id));
}

/** Starts a deploy and, at a moment of the hold, kills command, worker and Temporal, all at once. */
async function killEverything(release: string, moment: () => Promise<void>): Promise<void> {
  const temporal = Number(await readFile(join(place.home, 'temporal.pid'), 'utf8'));
  const deploying = place.start('deploy', '-e', 'demo', '--release', release);
  await moment();
  process.kill((await whoIsUp(place.home))?.pid ?? 0, 'SIGKILL');
  process.kill(temporal, 'SIGKILL');
  deploying.kill('SIGKILL');
  await deploying;
}

/** Waits until the slot's container of another release has been started. */
async function slotStarts(service: string, release: string): Promise<void> {
  for (;;) {
    const container = await place.container(service);
    if (container?.running && container.environment.includes(`RELEASE=${release}`)) return;
    await sleep(100);
  }
}

describe('with writes held during each deploy', () => {
  beforeAll(async () => {
    place = await Playground.create();
    await place.database({ holdWrites: true });
    expect(await place.deploy('v1')).toEndWith(0);
  });
  afterAll(() => place?.[Symbol.asyncDispose]());

  test('a release that migrates and fails is undone, and no acknowledged row is missing, not even for the salvage', async () => {
    const report = await amongUsers(() => place.deploy('broken'));
    expect(report.code, report.out).toBe(4);
    expect(report.out).toContain('Undone: stopSlots, restoreDatabase, releaseWrites.');
    expect(report.out).toContain('Database restored');
    expect(report.failures).toEqual({});
    expect(report.refused).toBeGreaterThan(0);
    expect(report.reads).toBeGreaterThan(0);
    expect(await missing(report)).toEqual([]);
    expect(await status()).toMatchObject({ live: { release: 'v1' }, hold: null });
  });

  test('the same, with everything killed while it starts and brought back at once: no row is missing either', async () => {
    const report = await amongUsers(async () => {
      await killEverything('broken', () => slotStarts('app-green', 'broken'));
      const state = await ended('broken');
      expect(state).toMatchObject({ live: { release: 'v1' }, hold: null, last: { outcome: 'undone' } });
      return { code: 0, out: '' };
    });
    expect(report.failures).toEqual({});
    expect(report.refused).toBeGreaterThan(0);
    expect(await missing(report)).toEqual([]);
  });

  test.each([
    ['as soon as writes are held', 'v2', 'green', (users: Users) => users.untilRefused()],
    ['while the slot starts', 'v3', 'blue', () => slotStarts('app-blue', 'v3')],
  ] as const)(
    'everything is killed %s and brought back at once: it ends as without the kill',
    async (_, release, slot, moment) => {
      const report = await amongUsers(async (users) => {
        await killEverything(release, () => moment(users));
        const state = await ended(release);
        expect(state).toMatchObject({ live: { slot, release }, hold: null, last: { outcome: 'succeeded' } });
        return { code: 0, out: '' };
      });
      expect(report.failures).toEqual({});
      expect(report.refused).toBeGreaterThan(0);
      expect(await missing(report)).toEqual([]);
    },
  );

  test('a release that takes longer than the limit is undone, and writes go through again', async () => {
    await place.database({ holdWrites: { timeout: '5s' } });
    const report = await amongUsers(() => place.deploy('hanging'));
    expect(report.code, report.out).toBe(4);
    expect(report.out).toContain('writes were held for 5 s (database.holdWrites.timeout)');
    expect(report.failures).toEqual({});
    expect(report.refused).toBeGreaterThan(0);
    expect(await missing(report)).toEqual([]);
    expect(await status()).toMatchObject({ live: { release: 'v3' }, hold: null });
  });

  test('everything is killed and nobody brings it back: the router ends the hold by itself, and `up` the deploy', async () => {
    await place.database({ holdWrites: { timeout: '8s' } });
    await place.edit('pointsman.yml', (text) => `${text}drain: { timeout: 2s }\n`);
    let up: ReturnType<Playground['start']> | undefined;
    const report = await amongUsers(async (users) => {
      await killEverything('hanging', () => slotStarts('app-green', 'hanging'));
      await users.untilRefused();
      await users.untilWritten(100);
      expect(await whoIsUp(place.home)).toBeNull();
      const answer = await fetch(`http://127.0.0.1:${place.port}/__pointsman`);
      expect(await answer.json()).toMatchObject({ slot: 'blue', release: 'v3', held: false });
      up = place.start('up');
      while (!(await whoIsUp(place.home))?.ready) await sleep(50);
      const state = await ended('hanging');
      expect(state).toMatchObject({ live: { release: 'v3' }, hold: null, last: { outcome: 'undone' } });
      expect(state.last?.message).toContain('writes were held for 8 s');
      return { code: 0, out: '' };
    });
    expect(report.failures).toEqual({});
    expect(await missing(report)).toEqual([]);
    await place.run('down');
    await up;
  });

  test('a deploy that is terminated in Temporal leaves its hold: `status` says so, and `recover` ends it', async () => {
    await place.database({ holdWrites: true });
    const deploying = place.start('deploy', '-e', 'demo', '--release', 'hanging');
    await place.untilRunning('composeUpWait');
    const connection = await Connection.connect({ address: `127.0.0.1:${place.temporalPort}` });
    await new Client({ connection }).workflow.getHandle(`${place.project}/demo`).terminate('by mistake');
    await connection.close();
    expect((await deploying).exitCode).toBe(9);
    const { out } = await place.run('status', '-e', 'demo');
    expect(out).toMatch(
      /^writes: held \(503\) by a deploy that is gone, until \S+Z; "pointsman recover" ends it at once$/m,
    );
    const before = (await status()).live;
    const recovered = await place.run('recover', '-e', 'demo', '--database', 'restore');
    expect(recovered.code, recovered.out).toBe(0);
    expect(await status()).toMatchObject({ live: before, hold: null });
    expect(await place.deploy('v2')).toEndWith(0);
  });

  test('a good release with a migration goes live: writes wait for it, reads never fail, and no row is lost', async () => {
    const report = await amongUsers(() => place.deploy('with-migration'));
    expect(report.code, report.out).toBe(0);
    expect(report.failures).toEqual({});
    expect(report.refused).toBeGreaterThan(0);
    expect(await missing(report)).toEqual([]);
    expect(await status()).toMatchObject({ live: { release: 'with-migration' }, hold: null });
  });
});
