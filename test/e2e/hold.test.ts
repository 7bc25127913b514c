import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
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

/** Asks until the run that is under way has ended. */
async function ended(release: string): Promise<Status> {
  for (;;) {
    const state = await status();
    if (state.running === null && state.last?.release === release) return state;
    await sleep(200);
  }
}

/** Runs a command while users write and read, until writes go through again. */
async function amongUsers(act: (users: Users) => Promise<Ran>): Promise<Ran & UsersReport> {
  const users = new Users(place.port);
  await users.untilWritten(100);
  const ran = await act(users);
  await users.untilWritten(100);
  return { ...ran, ...(await users.stop()) };
}

/** Acknowledged rows that the live database does not have. */
async function missing({ written }: Pick<UsersReport, 'written'>): Promise<string[]> {
  const notes = await place.notes();
  return written.filter((id) => !notes.has(id));
}

async function configure(holdWrites: string): Promise<void> {
  await place.edit('pointsman.yml', (text) =>
    text.replace(/volume: app-data.*\}/, `volume: app-data, holdWrites: ${holdWrites} }`),
  );
}

/** Starts a deploy and kills command, worker and Temporal, all at once, while writes are held and the slot starts. */
async function killEverythingDuring(release: string): Promise<void> {
  const deploying = place.start('deploy', '-e', 'demo', '--release', release);
  await place.untilRunning('composeUpWait');
  const worker = (await whoIsUp(place.home))?.pid ?? 0;
  const temporal = Number(await readFile(join(place.home, 'temporal.pid'), 'utf8'));
  deploying.kill('SIGKILL');
  process.kill(worker, 'SIGKILL');
  process.kill(temporal, 'SIGKILL');
  await deploying;
}

describe('with writes held during each deploy', () => {
  beforeAll(async () => {
    place = await Playground.create();
    await configure('true');
    expect((await place.deploy('v1')).code).toBe(0);
  });
  afterAll(() => place?.[Symbol.asyncDispose]());

  test('a release that migrates and fails is undone, and no acknowledged row is missing, not even for the salvage', async () => {
    const report = await amongUsers(() => place.deploy('broken'));
    expect(report.code).toBe(4);
    expect(report.out).toContain('Undone: stopSlots, restoreDatabase, releaseWrites.');
    expect(report.out).toContain('Database restored');
    expect(report.failures).toEqual({});
    expect(report.refused).toBeGreaterThan(0);
    expect(report.reads).toBeGreaterThan(0);
    expect(await missing(report)).toEqual([]);
    expect(await status()).toMatchObject({ live: { release: 'v1' }, hold: null });
  });

  test('everything is killed in the middle and brought back at once: it ends as without the kill', async () => {
    const report = await amongUsers(async () => {
      await killEverythingDuring('v2');
      expect(await ended('v2')).toMatchObject({ live: { release: 'v2' }, hold: null, last: { outcome: 'succeeded' } });
      return { code: 0, out: '' };
    });
    expect(report.failures).toEqual({});
    expect(report.refused).toBeGreaterThan(0);
    expect(await missing(report)).toEqual([]);
  });

  test('a release that takes longer than the limit is undone, and writes go through again', async () => {
    await configure('{ timeout: 5s }');
    const report = await amongUsers(() => place.deploy('hanging'));
    expect(report.code).toBe(4);
    expect(report.out).toContain('writes were held for 5 s (database.holdWrites.timeout)');
    expect(report.failures).toEqual({});
    expect(report.refused).toBeGreaterThan(0);
    expect(await missing(report)).toEqual([]);
    expect(await status()).toMatchObject({ live: { release: 'v2' }, hold: null });
  });

  test('everything is killed and nobody brings it back: the router ends the hold by itself, and `up` the deploy', async () => {
    await configure('{ timeout: 8s }');
    await place.edit('pointsman.yml', (text) => `${text}drain: { timeout: 2s }\n`);
    let up: ReturnType<Playground['start']> | undefined;
    const report = await amongUsers(async (users) => {
      await killEverythingDuring('hanging');
      await users.untilRefused();
      await users.untilWritten(100);
      expect(await whoIsUp(place.home)).toBeNull();
      const answer = await fetch(`http://127.0.0.1:${place.port}/__pointsman`);
      expect(await answer.json()).toMatchObject({ slot: 'green', release: 'v2', held: false });
      up = place.start('up');
      expect(await ended('hanging')).toMatchObject({
        live: { release: 'v2' },
        hold: null,
        last: { outcome: 'undone' },
      });
      return { code: 0, out: '' };
    });
    expect(report.failures).toEqual({});
    expect(await missing(report)).toEqual([]);
    await place.run('down');
    await up;
  });

  test('a deploy that is terminated in Temporal leaves its hold: `status` says so, and the next deploy ends it', async () => {
    await configure('true');
    const deploying = place.start('deploy', '-e', 'demo', '--release', 'hanging');
    await place.untilRunning('composeUpWait');
    const connection = await Connection.connect({ address: `127.0.0.1:${place.temporalPort}` });
    await new Client({ connection }).workflow.getHandle(`${place.project}/demo`).terminate('by mistake');
    await connection.close();
    expect((await deploying).exitCode).toBe(9);
    const { out } = await place.run('status', '-e', 'demo');
    expect(out).toMatch(
      /^writes: held \(503\) by a deploy that is gone, until \S+Z; the next deploy ends it at once$/m,
    );
    const next = await place.deploy('v3');
    expect(next.out).toContain('the write hold of a deploy that is gone was ended');
    expect(next.code).toBe(0);
    expect(await status()).toMatchObject({ live: { release: 'v3' }, hold: null });
  });

  test('a good release with a migration goes live: writes wait for it, reads never fail, and no row is lost', async () => {
    const report = await amongUsers(() => place.deploy('with-migration'));
    expect(report.code).toBe(0);
    expect(report.failures).toEqual({});
    expect(report.refused).toBeGreaterThan(0);
    expect(await missing(report)).toEqual([]);
    expect(await status()).toMatchObject({ live: { release: 'with-migration' }, hold: null });
  });
});
