import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { beforeEach, describe, expect, test } from 'vitest';
import { rehearsalStep } from '../../src/activities/rehearsal-step.js';
import { createScratch, removeScratch, scratchLabels } from '../../src/docker/scratch.js';
import { runTool } from '../../src/docker/tool-container.js';
import { LocalHost } from '../../src/hosts/local-host.js';
import type { LogSection, RehearsalArgs } from '../../src/model/activities.js';
import type { Rehearsal } from '../../src/model/database.js';
import type { SqliteSettings, MigrateSettings, Settings } from '../../src/model/settings.js';
import { settings as usual } from '../support/settings.js';
import { ownName } from '../support/names.js';

const image = usual.toolImage;
const compose = `
services:
  app-blue: &app
    image: '${image}'
    profiles: [blue]
    user: '1000:1000'
    working_dir: /app
    mem_limit: 256m
    cpus: 0.5
    environment: { RELEASE: '\${BLUE_RELEASE:-unreleased}', APP_TOKEN: canary-6f1d2c }
    volumes: ['app-data:/app/data', 'uploads:/app/uploads', './settings:/app/settings']
  app-green: { <<: *app, profiles: [green] }
  router: { image: '${image}' }
volumes:
  app-data:
  uploads:
`;

const request = { slot: 'blue', release: 'v7', image, timestamp: '20261123T092334Z' } as const;
const { rehearseMigration } = rehearsalStep({ hosts: { of: () => Promise.resolve(host) } });

let host: LocalHost;
let settings: Settings;
let volume: string;

beforeEach(async ({ onTestFinished }) => {
  const directory = await mkdtemp(join(tmpdir(), 'pointsman-rehearsal-'));
  const project = ownName('pm');
  await writeFile(join(directory, 'compose.yml'), compose);
  await writeFile(join(directory, 'settings'), 'read me\n');
  host = new LocalHost({ stateDirectory: join(directory, 'state') });
  settings = { ...usual, project, directory, envFile: null, replica: null };
  volume = `${project}_app-data`;
  await host.docker.createVolume({ Name: volume });
  onTestFinished(async () => {
    await removeScratch(host.docker, settings, 'rehearsal');
    await host.docker.getVolume(volume).remove({ force: true });
    await rm(directory, { recursive: true, force: true });
  });
  await onLive(`
db.execute("PRAGMA journal_mode = WAL")
db.execute("CREATE TABLE schema_migrations (version TEXT PRIMARY KEY)")
db.execute("CREATE TABLE authors (id INTEGER PRIMARY KEY, name TEXT)")
db.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY, author REFERENCES authors)")
os.chown('.', 1000, 1000)
os.chown('app.db', 1000, 1000)`);
});

const opening = `
import json, os, sqlite3, sys, time
db = sqlite3.connect('/app/data/app.db', isolation_level=None, timeout=30)
`;

/** Runs Python on the live database. */
async function onLive(code: string): Promise<string> {
  const { exitCode, stdout, stderr } = await runTool(host.docker, {
    name: `${settings.project}-python-${randomUUID()}`,
    ...{ image, labels: {}, volumes: [{ name: volume, target: '/app/data' }] },
    argv: ['python3', '-c', `${opening}\nos.chdir('/app/data')\n${code}`],
  });
  if (exitCode !== 0) throw new Error(stderr);
  return stdout;
}

/** Rehearses a migration that is this Python, with `db` open on the database. */
function rehearse(code: string, change: Partial<MigrateSettings> = {}): Promise<Rehearsal | null> {
  return run({ command: ['python3', '-c', opening + code], ...change });
}

function run(change: Partial<MigrateSettings>, environment = new MockActivityEnvironment()): Promise<Rehearsal | null> {
  const migrate = { command: [], timeoutMs: 60_000, network: false, ...change };
  const database = { ...(usual.database as SqliteSettings), migrate };
  const args: RehearsalArgs = { ...request, settings: { ...settings, database } };
  return environment.run(rehearseMigration, args);
}

async function refused(work: Promise<unknown>): Promise<{ message: string; lines: readonly string[] }> {
  const error: unknown = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ApplicationFailure)) throw new Error(`no failure of the closed list: ${String(error)}`);
  expect(error.type).toBe('RehearsalFailed');
  return { message: error.message, lines: (error.details?.[0] as LogSection).lines };
}

async function leftOvers(): Promise<number> {
  const label = Object.entries(scratchLabels(settings, 'rehearsal')).map(([name, value]) => `${name}=${value}`);
  const filters = JSON.stringify({ label });
  const { Volumes } = await host.docker.listVolumes({ filters });
  return Volumes.length + (await host.docker.listContainers({ all: true, filters })).length;
}

const tables = `print(json.dumps([n for n, in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]))`;

describe('a migration on a copy', () => {
  test('tells that it migrates, how large the copy is and what it said, and the database does not change', async () => {
    const code = `
if not db.execute("SELECT count(*) FROM schema_migrations").fetchone()[0]:
    db.execute("CREATE TABLE tags (id INTEGER PRIMARY KEY)")
    db.execute("INSERT INTO schema_migrations VALUES ('1')")
    print('created tags')`;
    const rehearsal = await rehearse(code);
    expect(rehearsal).toMatchObject({ migrates: true, output: ['created tags'] });
    expect(rehearsal?.tookMs).toBeGreaterThan(0);
    expect(rehearsal?.predictedMs).toBeLessThanOrEqual(rehearsal?.tookMs ?? 0);
    expect(rehearsal?.bytes).toBeGreaterThanOrEqual(4 * 4096);
    expect(JSON.parse(await onLive(tables))).not.toContain('tags');
    expect(await leftOvers()).toBe(0);
  });

  test('that finds nothing to do is expected to hold the database for no time', async () => {
    expect(await rehearse('print("nothing pending")')).toMatchObject({
      ...{ migrates: false, predictedMs: 0, output: ['nothing pending'] },
    });
  });

  test("runs as the slot would: its user, directory, limits and the new release's variables, without its volumes", async () => {
    const code = `
limits = ['/sys/fs/cgroup/memory.max', '/sys/fs/cgroup/memory/memory.limit_in_bytes']
print(os.getuid(), os.getcwd(), os.environ['RELEASE'], open([p for p in limits if os.path.exists(p)][0]).read().strip())
print(os.path.exists('/app/uploads'), open('/app/settings').read().strip())
try: open('/app/settings', 'w')
except OSError as error: print(error.strerror)`;
    expect((await rehearse(code))?.output).toEqual([
      '1000 /app v7 268435456',
      'False read me',
      'Read-only file system',
    ]);
  });

  test('finds the rows that were committed a moment ago and lie in the WAL, and can itself write', async () => {
    await onLive(`db.execute("INSERT INTO authors (name) VALUES ('ada')"); os._exit(0)`);
    const code = `
db.execute("INSERT INTO authors (name) VALUES ('bob')")
print([n for n, in db.execute("SELECT name FROM authors ORDER BY id")][:2])`;
    expect((await rehearse(code))?.output).toEqual(["['ada', 'bob']"]);
  });

  test('may write more than anyone reads: its last whole lines are shown', async () => {
    const output = (await rehearse(`sys.stdout.write('x' * 99 + '\\n'); [print(n) for n in range(200_000)]`))?.output;
    expect(output).toEqual(Array.from({ length: 10 }, (_, at) => String(199_990 + at)));
  });

  test('begins anew where an attempt before was killed, whatever it left', async () => {
    const { name: scratch, labels } = await createScratch(host.docker, settings, 'rehearsal');
    const left = await host.docker.createContainer({
      name: `${scratch}-first`,
      ...{ Image: image, Cmd: ['sleep', '600'], Labels: labels },
      HostConfig: { NetworkMode: 'none', Mounts: [{ Type: 'volume', Source: scratch, Target: '/app/data' }] },
    });
    await left.start();
    expect((await rehearse(`print(sorted(os.listdir('/app/data')))`))?.output).toEqual([
      expect.stringContaining(`['app.db'`),
    ]);
    expect(await leftOvers()).toBe(0);
  });

  test('is done by the later of two attempts that meet, and neither leaves anything', async () => {
    const begun = Date.now();
    const attempt = (seconds: number) =>
      run(
        { command: ['sleep', '1'] },
        new MockActivityEnvironment({ currentAttemptScheduledTimestampMs: begun + seconds * 1000 }),
      );
    // Whoever woke up late, and whoever was given the step meanwhile.
    const [, later] = await Promise.allSettled([attempt(1), attempt(2)]);
    expect(later).toMatchObject({ status: 'fulfilled' });
    const again = attempt(4);
    await attempt(3).catch(() => undefined);
    expect(await again).toMatchObject({ migrates: false });
    expect(await leftOvers()).toBe(0);
  });

  test('that is cancelled ends, and leaves nothing', async () => {
    const environment = new MockActivityEnvironment();
    const running = run({ command: ['sleep', '600'] }, environment);
    const name = `pointsman-${settings.project}-production-rehearsal-.*-first`;
    const runs = () =>
      host.docker.listContainers({ filters: JSON.stringify({ name: [name] }) }).then(({ length }) => length > 0);
    while (!(await runs()));
    environment.cancel();
    await expect(running).rejects.toBeInstanceOf(CancelledFailure);
    expect(await leftOvers()).toBe(0);
  });
});

describe('a rehearsal fails, and is not tried again,', () => {
  test('with the exit code and the last words of a migration that fails', async () => {
    const { message, lines } = await refused(rehearse(`print('step 1', flush=True); sys.exit('no such column: body')`));
    expect(message).toBe('the migration exited with code 1: no such column: body; the database never saw it');
    expect(lines).toEqual(['step 1', 'no such column: body']);
    expect(await leftOvers()).toBe(0);
  });

  test('without a secret that only the Compose file gives to the slot', async () => {
    const { message, lines } = await refused(rehearse(`print(os.environ); sys.exit(os.environ['APP_TOKEN'])`));
    expect(message + lines.join()).not.toContain('canary-6f1d2c');
    expect(message).toContain('exited with code 1: [redacted]');
  });

  test('where a migration does not end, and shows what it said until then', async () => {
    const { message, lines } = await refused(
      rehearse(`print('began', flush=True); time.sleep(600)`, { timeoutMs: 3000 }),
    );
    expect(message).toContain('did not end within 3 s (database.rehearsal.timeout): began');
    expect(lines).toEqual(['began']);
  });

  test("where a migration needs more memory than the slot has, and names the slot's limit", async () => {
    const { message } = await refused(rehearse(`x = bytearray(1 << 30); x[::4096] = b'1' * (1 << 18)`));
    expect(message).toContain("was killed: out of memory (the slot's limit is 268435456 bytes)");
  });

  test('where the command is not in the image', async () => {
    const { message } = await refused(run({ command: ['no-such-command'] }));
    expect(message).toMatch(/^the migration cannot be run: .*no-such-command/);
  });

  test('where the migration works once and not a second time, as the start of a slot would be', async () => {
    const { message } = await refused(rehearse(`db.execute("CREATE TABLE tags (id)")`));
    expect(message).toContain('exited with code 1 when it was run a second time');
    expect(message).toContain('table tags already exists');
  });

  test('where the migration leaves rows that refer to none', async () => {
    const { message } = await refused(rehearse(`db.execute("INSERT INTO notes (author) VALUES (99)")`));
    expect(message).toContain('the migration leaves 1 rows that refer to none (PRAGMA foreign_key_check)');
  });

  test('where the migration leaves a foreign key that cannot be checked', async () => {
    const { message } = await refused(rehearse(`db.execute("CREATE TABLE likes (x REFERENCES authors (name))")`));
    expect(message).toContain('foreign keys that SQLite cannot check');
  });

  test.each([
    [
      'takes the database away',
      `[os.remove('/app/data/' + n) for n in os.listdir('/app/data')]`,
      'there is no database',
    ],
    ['writes over it', `db.close(); open('/app/data/app.db', 'wb').write(b'nonsense' * 999)`, 'not a database'],
  ])('where the migration %s', async (_, code, reason) => {
    const { message, lines } = await refused(rehearse(`print('so far')\n${code}`));
    expect(message).toContain('the migration leaves no sound database: ');
    expect(message).toContain(reason);
    expect(lines).toEqual(['so far']);
  });

  test('where the live database is no database any more', async () => {
    await onLive(`db.close(); open('app.db', 'wb').write(b'nonsense' * 999)`);
    const { message } = await refused(rehearse(''));
    expect(message).toContain('no copy can be made: ');
    expect(await leftOvers()).toBe(0);
  });
});

test('foreign keys that could never be checked do not stand in the way of a migration', async () => {
  await onLive(`db.execute("CREATE TABLE likes (x REFERENCES authors (name))")`);
  expect(await rehearse('print("nothing pending")')).toMatchObject({ migrates: false });
});

test('there is nothing to rehearse on where there is no database yet', async () => {
  await onLive(`[os.remove(n) for n in os.listdir('.')]`);
  expect(await rehearse('')).toBeNull();
  expect(await leftOvers()).toBe(0);
});
