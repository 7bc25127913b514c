import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createActivities } from '../../src/activities/index.js';
import { loadSettings } from '../../src/config/load.js';
import { SshHost } from '../../src/hosts/ssh/ssh-host.js';
import type { Activities } from '../../src/model/activities.js';
import type { BackupManifest } from '../../src/model/database.js';
import { sqliteSettings, type Settings } from '../../src/model/settings.js';
import { imageRepository, Playground } from '../support/playground.js';

/**
 * Every step of a deploy, with the connection cut at each place where it asks the host for something: one attempt for
 * each place, and then one that is left alone. The places are counted while it runs, so a step that asks for more is cut
 * more often without anybody remembering.
 */

type Name = keyof Activities;
type Args<N extends Name> = Omit<Parameters<Activities[N]>[0], 'settings'>;

let place: Playground;
let host: SshHost;
let settings: Settings;
let activities: Activities;

/** How many more times the host may be asked before the connection is cut; `null`: as often as needed. */
let before: number | null = null;
let cuts = 0;
/** Failures since the last cut. */
let failed = 0;

beforeAll(async () => {
  place = await Playground.create({ kind: 'ssh' });
  const { ssh } = place;
  if (!ssh) throw new Error('no sshd');
  host = await SshHost.open(ssh.url, await ssh.environment());
  const { connection } = host;
  const count = async (): Promise<void> => {
    if (before === null) return;
    if (before-- === 0) {
      before = null;
      cuts += 1;
      await ssh.cut();
    }
  };
  // The cut comes once the host has been asked: what was begun there goes on.
  for (const way of ['exec', 'dial', 'dialSocket', 'sftp'] as const) {
    const open = connection[way].bind(connection) as (...args: unknown[]) => Promise<unknown>;
    const cutAfter = async (...args: unknown[]): Promise<unknown> => {
      const opened = await open(...args);
      await count();
      return opened;
    };
    Object.assign(connection, { [way]: cutAfter });
  }
  activities = createActivities({ hosts: { of: () => Promise.resolve(host) } });
  const loaded = await loadSettings({ directory: place.directory, environment: 'demo' });
  const database = sqliteSettings(loaded);
  settings = { ...loaded, database: database && { ...database, restore: 'always' } };
});
afterAll(async () => {
  host?.close();
  await place?.[Symbol.asyncDispose]();
});

/** Runs a step as Temporal would: again after each failure that may pass. Returns its result and how often it was cut. */
async function underCuts<N extends Name>(name: N, args: Args<N>): Promise<Awaited<ReturnType<Activities[N]>>> {
  const step = activities[name] as (args: object) => Promise<unknown>;
  for (let at = 0; ; at++) {
    before = at;
    const cutsBefore = cuts;
    const run = new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') }).run(step, {
      ...args,
      settings,
    });
    const ended = await run.then(
      (result) => ({ result }),
      (error: unknown) => ({ error }),
    );
    before = null;
    if ('error' in ended) {
      // One that comes right after a cut may find the old connection dying still.
      failed = cuts > cutsBefore ? 1 : failed + 1;
      expect(failed, `${name} failed though it was not cut: ${String(ended.error)}`).toBeLessThanOrEqual(2);
      const { type } = ended.error as { type?: string };
      expect(type, `${name} failed: ${String(ended.error)}`).toMatch(/^(HostUnreachable|DockerUnavailable)$/);
    } else if (cuts === cutsBefore) {
      expect(at, `${name} asked the host for nothing`).toBeGreaterThan(0);
      return ended.result as Awaited<ReturnType<Activities[N]>>;
    }
  }
}

const timestamp = '20261123T100000Z';
const image = `${imageRepository}:v1`;
let backup: BackupManifest | null;

test('preflight, images and router: each ends as if nothing had been cut', async () => {
  expect((await underCuts('preflight', { release: 'v1', kind: 'deploy' })).live).toBeNull();
  expect(await underCuts('fetchImages', { slot: 'blue', release: 'v1', image })).toMatchObject({ source: 'present' });
  expect((await underCuts('bootstrapRouter', {})).config).toBe('kept');
});

test('the slot is started once, however often its start was cut', async () => {
  const { container } = await underCuts('composeUpWait', { slot: 'blue', release: 'v1', image });
  const all = await place.docker.listContainers({
    all: true,
    filters: { label: [`com.docker.compose.project=${place.project}`, 'com.docker.compose.service=app-blue'] },
  });
  expect(all.map(({ Id }) => Id)).toEqual([container]);
  expect(await underCuts('probeSlot', { slot: 'blue', release: 'v1' })).toMatchObject({ status: 200, release: 'v1' });
});

test('the switch is made and proven, and the workers before it are gone', async () => {
  const { workers } = await underCuts('writeRouterConfig', { slot: 'blue', release: 'v1', timestamp });
  await underCuts('reloadRouter', { slot: 'blue', release: 'v1', timestamp });
  expect((await underCuts('drainSlot', { workers })).drained).toBe(true);
  expect(await place.live()).toEqual({ slot: 'blue', release: 'v1' });
});

test('one backup is made, whole, and a restore from it keeps every row', async () => {
  const releases = { deployId: 'run', releaseFrom: 'v1', releaseTo: 'v2' };
  backup = await underCuts('backupDatabase', { timestamp, ...releases });
  const backups = (await place.files()).filter((name) => /^app\.db\.pre-deploy-\w+$/.test(name));
  expect(backups).toEqual([backup?.file]);
  await place.python(`db.execute("INSERT INTO notes (id, text) VALUES ('later', 'x')"); db.commit()`);
  if (!backup) throw new Error('no backup');
  const { salvage } = (await underCuts('restoreDatabase', { backup, timestamp })) as { salvage: string };
  expect((await place.notes()).has('later')).toBe(false);
  expect((await place.notes(salvage)).has('later')).toBe(true);
});

test('what comes after the switch, and what undoes it, ends as if nothing had been cut', async () => {
  const record = {
    ...({ deployId: 'run', kind: 'deploy', outcome: 'succeeded', release: 'v1', slot: 'blue', image } as const),
    ...{ previous: null, backup: null, requestedBy: 'test', startedAt: '', endedAt: '', message: '' },
  };
  await underCuts('recordRelease', { record });
  const { stdout } = await place.start('history', '-e', 'demo', '--json');
  expect((JSON.parse(stdout) as unknown[]).length).toBe(1);
  await underCuts('cleanUp', { live: { slot: 'blue', release: 'v1' }, timestamp });
  const sections = await underCuts('collectLogs', { slot: 'blue' });
  expect(sections.map(({ title }) => title)).toEqual(['app (app-blue)', 'router', 'litestream']);
  expect((await underCuts('findRollbackTarget', { to: 'v1' })).target.release).toBe('v1');
  await underCuts('switchBack', { timestamp, live: null });
  expect(await place.live()).toBeNull();
  await underCuts('stopSlots', { slots: ['blue'] });
  expect((await place.container('app-blue'))?.running).toBe(false);
});

test('every step of a deploy was cut', () => {
  expect(cuts).toBeGreaterThan(Object.keys(activities).length);
});
