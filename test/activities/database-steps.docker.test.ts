import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApplicationFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { databaseSteps } from '../../src/activities/database-steps.js';
import { recordSteps } from '../../src/activities/record-steps.js';
import { appendRecord } from '../../src/docker/release-record.js';
import { createScratch } from '../../src/docker/scratch.js';
import { runTool } from '../../src/docker/tool-container.js';
import { LocalHost } from '../../src/hosts/local-host.js';
import type { BackupManifest } from '../../src/model/database.js';
import { nonRetryableFailures } from '../../src/model/failure.js';
import type { ReleaseRecord } from '../../src/model/release-record.js';
import type { DatabaseSettings, Settings } from '../../src/model/settings.js';
import { runPreflight } from '../../src/preflight/index.js';
import { settings as usual } from '../support/settings.js';
import { ownName } from '../support/names.js';

const image = usual.toolImage;
const compose = `
services:
  app-blue: &app { image: '${image}', profiles: [blue], volumes: ['app-data:/app/data'] }
  app-green: { <<: *app, profiles: [green] }
  router: { image: '${image}' }
volumes:
  app-data:
`;

const lockWaitSeconds = 0.5;
let host: LocalHost;
let settings: Settings;
let volume: string;
let steps: ReturnType<typeof databaseSteps> & ReturnType<typeof recordSteps>;

// Registered first, so run last: after the containers that a test leaves.
beforeEach(async ({ onTestFinished }) => {
  const directory = await mkdtemp(join(tmpdir(), 'pointsman-steps-'));
  const project = ownName('pm');
  await writeFile(join(directory, 'compose.yml'), compose);
  host = new LocalHost({ stateDirectory: join(directory, 'state') });
  const database = { ...(usual.database as DatabaseSettings), keepBackups: 1, backups: '/app/data/backups' };
  settings = { ...usual, project, directory, envFile: null, replica: null, database };
  volume = `${project}_app-data`;
  const dependencies = { hosts: { of: () => Promise.resolve(host) } };
  steps = { ...databaseSteps(dependencies, { lockWaitSeconds }), ...recordSteps(dependencies) };
  // Where a deploy has its commands; it tidies there.
  await mkdir(join(directory, 'state/jobs'), { recursive: true });
  await host.docker.createVolume({ Name: volume });
  onTestFinished(async () => {
    await host.docker.getVolume(volume).remove({ force: true });
    await rm(directory, { recursive: true, force: true });
  });
  await python(`
db.execute("PRAGMA journal_mode = WAL")
db.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT)")`);
});

const opening = `
import json, os, sqlite3, sys, time
os.chdir('/app/data')
db = sqlite3.connect('app.db', isolation_level=None, timeout=30)
`;

async function python(code: string): Promise<string> {
  const { exitCode, stdout, stderr } = await runTool(host.docker, {
    name: `${settings.project}-python-${randomUUID()}`,
    ...{ image, labels: {}, volumes: [{ name: volume, target: '/app/data' }] },
    argv: ['python3', '-c', opening + code],
  });
  if (exitCode !== 0) throw new Error(stderr);
  return stdout;
}

/** A container of the app that keeps a transaction open; ends it when it is told. */
async function holdLock(): Promise<{ name: string; release: () => Promise<void> }> {
  const name = `${settings.project}-slot`;
  const code = `${opening}db.execute("BEGIN IMMEDIATE"); print("held", flush=True); time.sleep(600)`;
  const container = await host.docker.createContainer({
    ...{ name, Image: image, Cmd: ['python3', '-c', code] },
    HostConfig: { Init: true, NetworkMode: 'none', Mounts: [{ Type: 'volume', Source: volume, Target: '/app/data' }] },
  });
  onTestFinished(() => container.remove({ force: true }).catch(() => undefined));
  await container.start();
  const logs = await container.logs({ follow: true, stdout: true });
  await new Promise((resolve) => logs.once('data', resolve));
  return { name, release: () => container.remove({ force: true }) };
}

function run<Args extends object, Result>(
  step: (args: Args & { settings: Settings }) => Promise<Result>,
  args: Omit<Args, 'settings'>,
): Promise<Result> {
  return new MockActivityEnvironment().run(step as (args: object) => Promise<Result>, { ...args, settings });
}

async function backUp(timestamp: string, releaseFrom = 'v1', releaseTo = 'v2'): Promise<BackupManifest> {
  const made = await run(steps.backupDatabase, { timestamp, deployId: timestamp, releaseFrom, releaseTo });
  if (!made) throw new Error('there is no database');
  return made;
}

async function failureOf(work: Promise<unknown>): Promise<ApplicationFailure> {
  const error = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (error instanceof ApplicationFailure) return error;
  throw new Error(`no failure of the closed list: ${String(error)}`);
}

function retried({ type }: ApplicationFailure): boolean {
  return !(nonRetryableFailures as readonly string[]).includes(type ?? '');
}

describe('where a process of the app keeps the database locked', () => {
  test('a restore by a person ends at once, names who may hold it, and changed nothing; later it can be made', async () => {
    const backup = await backUp('20260101T000000Z');
    await python(`db.execute("INSERT INTO notes (text) VALUES ('later')")`);
    const lock = await holdLock();
    const restore = { backup, timestamp: '20260102T000000Z' };
    const failure = await failureOf(run(steps.restoreBackup, restore));
    expect({ type: failure.type, retried: retried(failure) }).toEqual({ type: 'DatabaseLocked', retried: false });
    expect(failure.message).toContain(`A transaction is open in one of ${lock.name}: end it`);
    expect(failure.message).toContain('Nothing was changed');
    await lock.release();
    expect(await python('print(db.execute("SELECT count(*) FROM notes").fetchone()[0])')).toBe('1\n');
    expect(await run(steps.restoreBackup, restore)).toMatchObject({ restored: true });
    expect(await python('print(db.execute("SELECT count(*) FROM notes").fetchone()[0])')).toBe('0\n');
  });

  test('the restore after a failed deploy is tried again, and says the same with what to run', async () => {
    const backup = await backUp('20260101T000000Z');
    await python(`db.execute("ALTER TABLE notes ADD COLUMN broken TEXT")`);
    const lock = await holdLock();
    const restore = { backup, timestamp: '20260102T000000Z' };
    const failure = await failureOf(run(steps.restoreDatabase, restore));
    expect({ type: failure.type, retried: retried(failure) }).toEqual({ type: 'RestoreFailed', retried: true });
    expect(failure.message).toContain(`${lock.name}: end it`);
    expect(failure.message).toContain('pointsman retry');
    await lock.release();
    expect(await run(steps.restoreDatabase, restore)).toMatchObject({ restored: true });
  });
});

describe('a backup that is asked for', () => {
  test('is found where it is whole', async () => {
    const backup = await backUp('20260101T000000Z');
    expect(await run(steps.findBackup, { file: backup.file })).toEqual(backup);
  });

  test.each([
    ['is not there', 'app.db.pre-deploy-20250101T000000Z', '', 'there is no backup app.db.pre-deploy-20250101T000000Z'],
    [
      'was damaged',
      'app.db.pre-deploy-20260101T000000Z',
      `open('backups/app.db.pre-deploy-20260101T000000Z', 'r+b').write(b'x')`,
      'it was changed or damaged',
    ],
  ])('and %s is refused for good', async (_, file, damage, why) => {
    await backUp('20260101T000000Z');
    await python(damage);
    const failure = await failureOf(run(steps.findBackup, { file }));
    expect(failure.message).toContain(why);
    expect({ type: failure.type, retried: retried(failure) }).toEqual({ type: 'RestoreRefused', retried: false });
  });
});

test('a restore by a person puts back also where only rows differ, and asked for again answers the same', async () => {
  const backup = await backUp('20260101T000000Z');
  await python(`db.execute("INSERT INTO notes (text) VALUES ('later')")`);
  const restore = { backup, timestamp: '20260102T000000Z' };
  const first = await run(steps.restoreBackup, restore);
  expect(first).toMatchObject({
    restored: true,
    salvage: 'app.db.failed-20260102T000000Z',
    tables: [{ table: 'notes', onlyInSalvage: 1, onlyInBackup: 0, changed: 0 }],
  });
  await python(`db.execute("INSERT INTO notes (text) VALUES ('after')")`);
  expect(await run(steps.restoreBackup, restore)).toEqual(first);
  expect(await python('print(db.execute("SELECT text FROM notes").fetchall())')).toBe("[('after',)]\n");
});

test('after a success the last backup stays, and the one that the rollback target needs; failed deploys change nothing of that', async () => {
  const record = (release: string, outcome: ReleaseRecord['outcome']): Promise<void> =>
    appendRecord(host, settings, {
      ...{ deployId: randomUUID(), kind: 'deploy', outcome, release, slot: 'blue', image: null, previous: null },
      ...{ backup: null, requestedBy: 'ada', startedAt: '', endedAt: '', message: '' },
      image: `pm-none:${release}`,
    });
  await record('v1', 'succeeded');
  const ofV1 = await backUp('20260101T000000Z', 'v1', 'v2');
  await record('v2', 'succeeded');
  // A deploy that failed, and one of the release that is live already: v1 is what a rollback goes back to.
  await backUp('20260102T000000Z', 'v2', 'v3');
  await record('v3', 'undone');
  const manual = await run(steps.backupDatabase, {
    ...{ timestamp: '20260102T120000Z', deployId: 'by hand', releaseFrom: 'v2', releaseTo: 'v2', kind: 'manual' },
  });
  const last = await backUp('20260103T000000Z', 'v2', 'v2');
  const cleaned = await run(steps.cleanUp, {
    live: { slot: 'green', release: 'v2' },
    timestamp: '20260103T000000Z',
  });
  expect(cleaned.removedBackups).toEqual(['app.db.pre-deploy-20260102T000000Z']);
  const kept = JSON.parse(await python('print(json.dumps(sorted(os.listdir("backups"))))')) as string[];
  expect(kept.filter((name) => !name.endsWith('.json'))).toEqual([manual?.file, ofV1.file, last.file].sort());
});

test('what a killed rehearsal left is removed by the next clean-up', async () => {
  await createScratch(host.docker, settings, 'rehearsal');
  await run(steps.cleanUp, { live: { slot: 'green', release: 'v2' }, timestamp: '20260103T000000Z' });
  const filters = JSON.stringify({ label: [`io.pointsman.project=${settings.project}`] });
  expect((await host.docker.listVolumes({ filters })).Volumes).toEqual([]);
});

describe('preflight', () => {
  const looked = async () => {
    const { findings } = await runPreflight(host, settings, { release: 'v1', kind: 'deploy' });
    return findings
      .filter(({ check }) => check === 'database-file')
      .map(({ severity, message }) => [severity, message]);
  };
  const listing = () => python('print(sorted(os.listdir(".")))');

  test('finds nothing wrong with a sound database, open or closed, and leaves no file and no container', async () => {
    expect(await looked()).toEqual([]);
    const lock = await holdLock();
    const before = await listing();
    expect(await looked()).toEqual([]);
    expect(await listing()).toBe(before);
    await lock.release();
    const filters = { label: [`io.pointsman.project=${settings.project}`] };
    expect(await host.docker.listContainers({ all: true, filters })).toEqual([]);
  });

  test('finds a damaged database', async () => {
    await python(`
db.executemany("INSERT INTO notes (text) VALUES (?)", [("x" * 1000,)] * 100)
db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
db.close()
with open('app.db', 'r+b') as file:
    file.seek(2 * 4096)
    file.write(b'x' * 8192)`);
    expect(await looked()).toEqual([['error', expect.stringContaining('/app/data/app.db is damaged: ')]]);
  });

  test('is silent where the tool’s image is not there, and pulls none', async () => {
    settings = { ...settings, toolImage: 'localhost:1/none:1' };
    expect(await looked()).toEqual([]);
  });
});

test('where less than four times the database is free, preflight says both numbers', async () => {
  await host.docker.getVolume(volume).remove({ force: true });
  await host.docker.createVolume({ Name: volume, DriverOpts: { type: 'tmpfs', device: 'tmpfs', o: 'size=8m' } });
  const keeper = await host.docker.createContainer({
    ...{ name: `${settings.project}-keeper`, Image: image, Cmd: ['sleep', 'infinity'] },
    HostConfig: { Init: true, NetworkMode: 'none', Mounts: [{ Type: 'volume', Source: volume, Target: '/app/data' }] },
  });
  onTestFinished(() => keeper.remove({ force: true }));
  await keeper.start();
  await python(`
db.execute("CREATE TABLE notes (text TEXT)")
db.execute("INSERT INTO notes VALUES (?)", ("x" * 3_000_000,))`);
  const { findings } = await runPreflight(host, settings, { release: 'v1', kind: 'deploy' });
  const found = findings.find(({ check }) => check === 'database-file');
  expect(found?.message).toMatch(
    /^\d+ MiB are free beside \/app\/data\/app\.db, .* need 12 MiB: four times its 3 MiB\.$/,
  );
});

test('a preflight whose worker died leaves nothing behind: its next attempt joins what the first one had started', async () => {
  const prefix = `pointsman-${settings.project}-${settings.environment}`;
  const Cmd = ['echo', '{"absent": true}'];
  await host.docker.createContainer({ name: `${prefix}-look-run-1`, Image: image, Cmd });
  const { findings } = await runPreflight(host, settings, { release: 'v2', kind: 'deploy', call: 'run-1' });
  expect(findings.filter(({ check }) => check === 'database-file')).toEqual([]);
  const left = await host.docker.listContainers({ all: true, filters: JSON.stringify({ name: [prefix] }) });
  expect(left.flatMap(({ Names }) => Names)).toEqual([]);
});
