import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SqliteDatabase } from '../../src/database/sqlite.js';
import { pythonTool } from '../support/python-tool.js';

const timestamp = '20261123T092334Z';
const request = { timestamp, deployId: 'run-1', releaseFrom: 'v1', releaseTo: 'v2' };

let directory: string;
let file: string;
let database: SqliteDatabase;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pointsman-database-'));
  file = join(directory, 'app.db');
  database = new SqliteDatabase(pythonTool, { database: file, migrationTable: null });
  await python(`
db.execute("PRAGMA journal_mode = WAL")
db.execute("CREATE TABLE schema_migrations (version TEXT PRIMARY KEY)")
db.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL)")
db.executemany("INSERT INTO notes (text) VALUES (?)", [("before",)] * 200)
`);
});
afterEach(() => rm(directory, { recursive: true, force: true }));

/** Runs Python with `db` open on a database; each statement commits by itself. */
async function python(code: string, path = file): Promise<string> {
  const opening = `import sqlite3, json\ndb = sqlite3.connect(${JSON.stringify(path)}, isolation_level=None, timeout=10)\n`;
  return (await execa('python3', ['-c', opening + code])).stdout;
}

async function count(where: string, path = file): Promise<number> {
  return Number(await python(`print(db.execute("SELECT count(*) FROM notes WHERE ${where}").fetchone()[0])`, path));
}

/** A process that writes numbered rows, one transaction each, until it is told to stop; it prints those acknowledged. */
function writer(name: string) {
  const code = `
import sqlite3, sys, time
db = sqlite3.connect(${JSON.stringify(file)}, isolation_level=None, timeout=10)
number = 0
while True:
    db.execute("INSERT INTO notes (text) VALUES (?)", (f"${name}-{number}",))
    print(number, flush=True)
    number += 1
    time.sleep(0.002)
`;
  return execa('python3', ['-c', code], { reject: false, lines: true });
}

/** Waits until the writer has acknowledged `more` rows, and returns the number of the last one. */
async function acknowledged(process: Pick<ReturnType<typeof writer>, 'iterable'>, more: number): Promise<number> {
  let seen = 0;
  for await (const line of process.iterable({ preserveNewlines: false })) {
    seen += 1;
    if (seen >= more) return Number(line);
  }
  throw new Error('the writer ended');
}

async function lastAcknowledged(process: ReturnType<typeof writer>): Promise<number> {
  process.kill('SIGINT');
  const { stdout } = await process;
  return Number(stdout.at(-1));
}

describe('a backup', () => {
  test('taken while the app writes is whole, verified and described beside it', async () => {
    const app = writer('w');
    await acknowledged(app, 50);
    const manifest = await database.backup(request);
    await lastAcknowledged(app);
    expect(manifest).toMatchObject({ file: `app.db.pre-deploy-${timestamp}`, deployId: 'run-1', releaseTo: 'v2' });
    expect(await count("text = 'before'", join(directory, manifest?.file ?? ''))).toBe(200);
    expect(await readdir(directory)).toContain(`app.db.pre-deploy-${timestamp}.json`);
  });

  test('asked for twice is made once', async () => {
    const first = await database.backup(request);
    await python(`db.execute("INSERT INTO notes (text) VALUES ('later')")`);
    expect(await database.backup(request)).toEqual(first);
  });

  test('whose manifest is missing was cut, and is made again', async () => {
    await writeFile(`${file}.pre-deploy-${timestamp}`, 'half a file');
    const manifest = await database.backup(request);
    expect(await count("text = 'before'", join(directory, manifest?.file ?? ''))).toBe(200);
  });

  test('of a database that does not exist yet is nothing', async () => {
    const none = new SqliteDatabase(pythonTool, { database: join(directory, 'none.db'), migrationTable: null });
    expect(await none.backup(request)).toBeNull();
  });

  test('of a corrupt database is refused', async () => {
    await writeFile(file, 'this is no database, though it is long enough to look like one'.repeat(100));
    await expect(database.backup(request)).rejects.toMatchObject({ failure: 'corrupt' });
  });
});

describe('the fingerprint', () => {
  test("is the same after rows were written and Litestream's tables came", async () => {
    const before = await database.fingerprint('1');
    await python(`
db.execute("INSERT INTO notes (text) VALUES ('more')")
db.execute("CREATE TABLE _litestream_seq (id INTEGER PRIMARY KEY, seq INTEGER)")`);
    expect((await database.fingerprint('2'))?.fingerprint).toEqual(before?.fingerprint);
  });

  test.each([
    ['schema', 'ALTER TABLE notes ADD COLUMN done INTEGER'],
    ['userVersion', 'PRAGMA user_version = 7'],
    ['migrations', "INSERT INTO schema_migrations VALUES ('0002')"],
  ] as const)('differs in its %s after %s', async (part, statement) => {
    const before = await database.fingerprint('1');
    await python(`db.execute(${JSON.stringify(statement)})`);
    const after = await database.fingerprint('2');
    expect(after?.fingerprint[part]).not.toEqual(before?.fingerprint[part]);
  });
});

describe('a restore', () => {
  test('under a live writer loses nothing: each acknowledged row is in the salvage or in the database', async () => {
    const manifest = await database.backup(request);
    await python(`db.execute("ALTER TABLE notes ADD COLUMN broken TEXT")`);
    const app = writer('w');
    await acknowledged(app, 100);
    const report = await database.restore(manifest?.file ?? '', timestamp, 10);
    const last = await lastAcknowledged(app);
    const aside = await python(
      `print(json.dumps([t for (t,) in db.execute("SELECT text FROM notes WHERE text LIKE 'w-%'")]))`,
      join(directory, report.salvage),
    );
    const live = await python(
      `print(json.dumps([t for (t,) in db.execute("SELECT text FROM notes WHERE text LIKE 'w-%'")]))`,
    );
    const kept = new Set([...(JSON.parse(aside) as string[]), ...(JSON.parse(live) as string[])]);
    const missing = Array.from({ length: last + 1 }, (_, number) => `w-${number}`).filter((row) => !kept.has(row));
    expect(missing).toEqual([]);
    expect(last).toBeGreaterThan(99);
  });

  test('puts schema and migration state back to what the backup has', async () => {
    const before = await database.fingerprint('1');
    const manifest = await database.backup(request);
    await python(`
db.execute("ALTER TABLE notes ADD COLUMN broken TEXT")
db.execute("INSERT INTO schema_migrations VALUES ('0003')")`);
    await database.restore(manifest?.file ?? '', timestamp, 10);
    expect((await database.fingerprint('2'))?.fingerprint).toEqual(before?.fingerprint);
  });

  test('reports table by table what only the salvage or only the backup has, and what changed', async () => {
    const manifest = await database.backup(request);
    await python(`
db.execute("INSERT INTO notes (text) VALUES ('new')")
db.execute("DELETE FROM notes WHERE id = 1")
db.execute("UPDATE notes SET text = 'other' WHERE id IN (2, 3)")
db.execute("CREATE TABLE extra (id INTEGER PRIMARY KEY)")
db.execute("INSERT INTO extra VALUES (1)")`);
    const report = await database.restore(manifest?.file ?? '', timestamp, 10);
    expect(report.tables).toEqual([
      { table: 'extra', onlyInSalvage: 1, onlyInBackup: 0, changed: 0 },
      { table: 'notes', onlyInSalvage: 1, onlyInBackup: 1, changed: 2 },
    ]);
  });

  test('asked for twice is done once: what was written in between stays', async () => {
    const manifest = await database.backup(request);
    const first = await database.restore(manifest?.file ?? '', timestamp, 10);
    await python(`db.execute("INSERT INTO notes (text) VALUES ('after')")`);
    expect(await database.restore(manifest?.file ?? '', timestamp, 10)).toEqual(first);
    expect(await count("text = 'after'")).toBe(1);
  });

  test('that was committed and cut before its report is not done again', async () => {
    const manifest = await database.backup(request);
    await python(`db.execute("ALTER TABLE notes ADD COLUMN broken TEXT")`);
    const report = await database.restore(manifest?.file ?? '', timestamp, 10);
    await rm(join(directory, `${report.salvage}.json`));
    await python(`db.execute("INSERT INTO notes (text) VALUES ('after')")`);
    await database.restore(manifest?.file ?? '', timestamp, 10);
    expect(await count("text = 'after'")).toBe(1);
  });

  test('gives up in words when another process keeps the database locked', async () => {
    const manifest = await database.backup(request);
    const holder = execa('python3', [
      '-c',
      `import sqlite3, sys
db = sqlite3.connect(${JSON.stringify(file)}, isolation_level=None)
db.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
sys.stdin.read()`,
    ]);
    await acknowledged(holder, 1).catch(() => undefined);
    await expect(database.restore(manifest?.file ?? '', timestamp, 0)).rejects.toMatchObject({ failure: 'busy' });
    holder.kill();
    await holder.catch(() => undefined);
  });

  test('of a backup that is not there says so and touches nothing', async () => {
    await expect(database.restore('app.db.pre-deploy-gone', timestamp, 1)).rejects.toMatchObject({
      failure: 'not-found',
    });
    expect(await count('1')).toBe(200);
  });
});

describe('pruning', () => {
  test('keeps the newest backups and the protected one, and touches no other file', async () => {
    const stamps = ['20260101T000000Z', '20260102T000000Z', '20260103T000000Z', '20260104T000000Z'];
    for (const stamp of stamps) await database.backup({ ...request, timestamp: stamp });
    await writeFile(join(directory, 'app.db.pre-deploy-mine'), 'made by hand');
    const removed = await database.prune('1', 2, [`app.db.pre-deploy-${stamps[0] ?? ''}`]);
    expect(removed).toEqual([`app.db.pre-deploy-${stamps[1] ?? ''}`]);
    expect(await readdir(directory)).toContain('app.db.pre-deploy-mine');
  });
});
