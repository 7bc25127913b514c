import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { createInterface } from 'node:readline';
import type Docker from 'dockerode';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { sqliteOf } from '../../src/database/database-of.js';
import type { SqliteDatabase } from '../../src/database/sqlite.js';
import { runTool } from '../../src/docker/tool-container.js';
import { LocalHost } from '../../src/hosts/local-host.js';
import type { Settings } from '../../src/model/settings.js';
import { settings as usual } from '../support/settings.js';
import { ownName } from '../support/names.js';

const timestamp = '20261123T092334Z';
const request = { timestamp, deployId: 'run-1', releaseFrom: 'v1', releaseTo: 'v2' };
const image = usual.toolImage;
const compose = `
services:
  app-blue: &app { image: '${image}', profiles: [blue], volumes: ['app-data:/app/data'] }
  app-green: { <<: *app, profiles: [green] }
volumes:
  app-data:
`;

let host: LocalHost;
let settings: Settings;
let volume: string;

beforeEach(async () => {
  const directory = await mkdtemp(join(tmpdir(), 'pointsman-volume-'));
  const project = ownName('pm');
  await writeFile(join(directory, 'compose.yml'), compose);
  host = new LocalHost({ stateDirectory: join(directory, 'state') });
  settings = { ...usual, project, directory, envFile: null };
  volume = `${project}_app-data`;
  return () => rm(directory, { recursive: true, force: true });
});

async function createVolume(options: Partial<Docker.VolumeCreateOptions> = {}): Promise<SqliteDatabase> {
  await host.docker.createVolume({ Name: volume, ...options });
  onTestFinished(() => host.docker.getVolume(volume).remove({ force: true }));
  const database = await open();
  if (!database) throw new Error('the volume was not found');
  return database;
}

function open(signal = new AbortController().signal): Promise<SqliteDatabase | null> {
  return sqliteOf(host, settings, { signal });
}

/** Runs Python in a container of its own, with `db` open on the database or another file beside it. */
async function python(code: string, name = 'app.db'): Promise<string> {
  const { exitCode, stdout, stderr } = await runTool(host.docker, {
    name: `${settings.project}-python-${randomUUID()}`,
    ...{ image, labels: {}, volumes: [{ name: volume, target: '/app/data' }] },
    argv: ['python3', '-c', opening + code, `/app/data/${name}`],
  });
  if (exitCode !== 0) throw new Error(stderr);
  return stdout;
}

async function texts(name: string): Promise<string[]> {
  return JSON.parse(
    await python(`print(json.dumps([t for t, in db.execute("SELECT text FROM notes")]))`, name),
  ) as string[];
}

/** The live slot: a container that writes row after row and prints those that were acknowledged. */
async function startSlot() {
  const code = `${opening}
number = 0
while True:
    db.execute("INSERT INTO notes (text) VALUES (?)", (f"slot-{number}",))
    print(f"slot-{number}", flush=True)
    number += 1`;
  const container = await host.docker.createContainer({
    name: `${settings.project}-slot`,
    Image: image,
    Cmd: ['python3', '-c', code, '/app/data/app.db'],
    HostConfig: { Init: true, NetworkMode: 'none', Mounts: [{ Type: 'volume', Source: volume, Target: '/app/data' }] },
  });
  // Gone already where the test has stopped it.
  onTestFinished(() => container.remove({ force: true }).catch(() => undefined));
  await container.start();
  const acknowledged = new Acknowledged(
    await container.logs({ follow: true, stdout: true, stderr: true }),
    host.docker,
  );
  const stop = async (): Promise<readonly string[]> => {
    await container.kill();
    await acknowledged.ended;
    await container.remove({ force: true });
    return acknowledged.rows;
  };
  return { acknowledged, stop };
}

class Acknowledged {
  readonly rows: string[] = [];
  readonly ended: Promise<void>;
  private wake: () => void = () => undefined;

  constructor(logs: NodeJS.ReadableStream, docker: Docker) {
    const output = new PassThrough();
    docker.modem.demuxStream(logs, output, output);
    logs.once('end', () => output.end());
    const lines = createInterface({ input: output });
    lines.on('line', (line) => {
      this.rows.push(line);
      this.wake();
    });
    this.ended = new Promise((resolve) => lines.once('close', resolve));
  }

  /** Waits until that many more rows were acknowledged. */
  async more(rows: number): Promise<void> {
    const target = this.rows.length + rows;
    while (this.rows.length < target) await new Promise<void>((resolve) => (this.wake = resolve));
  }
}

const opening = `
import json, sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=30)
`;

const create = `
db.execute("PRAGMA journal_mode = WAL")
db.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL)")
`;

test('where the volume does not exist there is no database, and asking does not create it', async () => {
  expect(await open()).toBeNull();
  const { Volumes } = await host.docker.listVolumes();
  expect(Volumes.map(({ Name }) => Name)).not.toContain(volume);
});

test('in an empty volume there is no fingerprint and no backup', async () => {
  const database = await createVolume();
  expect([await database.fingerprint('1'), await database.backup(request)]).toEqual([null, null]);
});

test('a slot that writes through backup, failed migration and restore loses no row and needs no restart', async () => {
  const database = await createVolume();
  await python(create);
  const { acknowledged, stop } = await startSlot();
  await acknowledged.more(50);
  const manifest = await database.backup(request);
  await acknowledged.more(50);
  await python('db.execute("ALTER TABLE notes ADD COLUMN broken TEXT")');
  await acknowledged.more(50);
  const { salvage, tables } = await database.restore(manifest?.file ?? '', timestamp, 30);
  await acknowledged.more(50);
  const rows = await stop();

  const [live, aside] = [await texts('app.db'), await texts(salvage)];
  const kept = new Set([...live, ...aside]);
  expect(rows.filter((row) => !kept.has(row))).toEqual([]);
  // The last rows were written, through the connection that was open all the time, after the restore.
  expect(rows.slice(-25).filter((row) => !live.includes(row))).toEqual([]);
  expect((await database.fingerprint('after'))?.fingerprint).toEqual(manifest?.fingerprint);
  expect(tables).toMatchObject([{ table: 'notes', onlyInBackup: 0, changed: 0 }]);
  // What was acknowledged between the end of the backup and the beginning of the restore.
  expect(tables[0]?.onlyInSalvage).toBeGreaterThanOrEqual(100);
});

test('a second attempt finds what the first one made', async () => {
  const database = await createVolume();
  await python(create);
  const first = await database.backup(request);
  await python(`db.execute("INSERT INTO notes (text) VALUES ('later')")`);
  expect(await (await open())?.backup(request)).toEqual(first);
});

test('a backup that is cancelled leaves no container behind and can be made again', async () => {
  const database = await createVolume();
  await python(create);
  const cancelled = await open(AbortSignal.abort());
  await expect(cancelled?.backup(request)).rejects.toThrow();
  const left = await host.docker.listContainers({
    all: true,
    filters: { label: [`io.pointsman.project=${settings.project}`] },
  });
  expect(left).toEqual([]);
  expect(await database.backup(request)).toMatchObject({ file: `app.db.pre-deploy-${timestamp}` });
});

test('where the volume is too full for a backup, that is said and the database is untouched', async () => {
  const database = await createVolume({ DriverOpts: { type: 'tmpfs', device: 'tmpfs', o: 'size=4m' } });
  // A tmpfs lives as long as a container has it mounted.
  const keeper = await host.docker.createContainer({
    name: `${settings.project}-keeper`,
    Image: image,
    Cmd: ['sleep', 'infinity'],
    HostConfig: { Init: true, NetworkMode: 'none', Mounts: [{ Type: 'volume', Source: volume, Target: '/app/data' }] },
  });
  onTestFinished(() => keeper.remove({ force: true }));
  await keeper.start();
  await python(
    `db.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT)")
db.execute("INSERT INTO notes (text) VALUES (?)", ("x" * 2_500_000,))`,
  );
  await expect(database.backup(request)).rejects.toMatchObject({ failure: 'no-space' });
  expect(await python(`import os; print(sorted(os.listdir('/app/data')))`)).toContain("['app.db']");
});
