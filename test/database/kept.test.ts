import { chmod, mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { beforeEach, describe, expect, test } from 'vitest';
import { SqliteDatabase } from '../../src/database/sqlite.js';
import { pythonTool } from '../support/python-tool.js';
import { SqliteApp } from '../support/sqlite-app.js';

const stamps = ['20260101T000000Z', '20260102T000000Z', '20260103T000000Z', '20260104T000000Z'];
const stamp = (at: number): string => stamps[at] ?? '';
const backup = (at: number): string => `app.db.pre-deploy-${stamp(at)}`;
const manual = (at: number): string => `app.db.manual-${stamp(at)}`;
const request = (at: number) => ({ timestamp: stamp(at), deployId: `run-${at}`, releaseFrom: 'v1', releaseTo: 'v2' });

let app: SqliteApp;
/** The same database, with backups in a directory of their own. */
let apart: SqliteDatabase;
let directory: string;
beforeEach(async () => {
  app = await SqliteApp.create();
  directory = join(app.directory, 'deep/backups');
  apart = new SqliteDatabase(pythonTool, { database: app.file, migrationTable: null, backups: directory });
});

const files = async (database: SqliteDatabase): Promise<string[]> => (await database.list('1')).map(({ file }) => file);

describe('a backup by hand', () => {
  test('has a name of its own, is listed by its time, verifies and can be put back', async () => {
    await app.database.backup(request(0));
    await app.database.backup({ ...request(1), kind: 'manual' });
    await app.database.backup(request(2));
    expect(await files(app.database)).toEqual([backup(0), manual(1), backup(2)]);
    expect(await app.database.verify(manual(1), '1', true)).toMatchObject({ file: manual(1) });
    await app.python(`db.execute("DELETE FROM notes")`);
    await app.database.restore(manual(1), stamp(3), 5);
    expect(await app.column('SELECT count(*) FROM notes')).toEqual([200]);
  });

  test('is never pruned', async () => {
    await app.database.backup({ ...request(0), kind: 'manual' });
    await app.database.backup(request(1));
    await app.database.backup(request(2));
    expect(await app.database.prune('1', 1, [])).toEqual([backup(1)]);
    expect(await files(app.database)).toEqual([manual(0), backup(2)]);
  });
});

describe('backups in a directory of their own', () => {
  test('are made there, and it belongs to whoever owns the directory of the database', async () => {
    await chmod(app.directory, 0o2750);
    await apart.backup(request(0));
    expect(await readdir(directory)).toEqual([backup(0), `${backup(0)}.json`]);
    expect(await readdir(app.directory)).toEqual(['app.db', 'deep']);
    expect((await stat(directory)).mode & 0o7777).toBe(0o2750);
  });

  test('are found beside those from before, put back, and pruned with them', async () => {
    await app.database.backup(request(0));
    await app.database.backup(request(1));
    await apart.backup(request(2));
    expect(await files(apart)).toEqual([backup(0), backup(1), backup(2)]);
    await app.python(`db.execute("DELETE FROM notes")`);
    const { salvage } = await apart.restore(backup(0), stamp(3), 5);
    expect(await app.column('SELECT count(*) FROM notes')).toEqual([200]);
    expect(await readdir(app.directory)).toContain(salvage);
    expect(await apart.prune('1', 1, [])).toEqual([backup(0), backup(1)]);
    expect(await files(apart)).toEqual([backup(2)]);
  });

  test('are whole or not there also where a file is in the way', async () => {
    await mkdir(join(app.directory, 'deep'));
    await writeFile(directory, 'not a directory');
    await expect(apart.backup(request(0))).rejects.toMatchObject({ failure: 'bug' });
    await app.database.backup(request(1));
    expect(await files(apart)).toEqual([backup(1)]);
  });
});

describe('pruning', () => {
  test('keeps the newest backup that was taken of the release a rollback would go back to', async () => {
    for (const [at, releaseFrom] of ['v1', 'v1', 'v2', 'v2'].entries()) {
      await app.database.backup({ ...request(at), releaseFrom });
    }
    expect(await app.database.prune('1', 1, [], 'v1')).toEqual([backup(0), backup(2)]);
    expect(await files(app.database)).toEqual([backup(1), backup(3)]);
  });
});

test('no name leads out of the places of backups', async () => {
  await writeFile(join(app.directory, 'other'), 'x');
  await writeFile(join(app.directory, 'other.json'), JSON.stringify({ file: 'other' }));
  for (const file of ['other', '../app.db', 'app.db']) {
    await expect(app.database.verify(file, '1')).rejects.toMatchObject({ failure: 'not-found' });
    await expect(app.database.restore(file, stamp(3), 1)).rejects.toMatchObject({ failure: 'not-found' });
  }
});

test('salvages are listed with what their restores noted', async () => {
  await app.database.backup(request(0));
  await app.python(`db.execute("INSERT INTO notes (text) VALUES ('later')")`);
  await app.database.restore(backup(0), stamp(1), 5);
  const { salvages } = await app.database.kept('1');
  expect(salvages).toMatchObject([
    {
      file: `app.db.failed-${stamp(1)}`,
      note: {
        backup: backup(0),
        state: 'reported',
        tables: [{ table: 'notes', onlyInSalvage: 1, onlyInBackup: 0, changed: 0 }],
      },
    },
  ]);
});

describe('a look', () => {
  test('at a database that others have open sees what is in the WAL, and leaves no file', async () => {
    const slot = app.connect();
    await slot.run(`db.execute("INSERT INTO notes (text) VALUES (?)", ("x" * 500_000,))`);
    const before = await readdir(app.directory);
    const found = await app.database.look('1', 30);
    expect(found?.problem).toBeNull();
    expect(found?.bytes).toBeGreaterThan(500_000);
    expect(await readdir(app.directory)).toEqual(before);
  });

  test('at a closed database leaves no file', async () => {
    expect(await app.database.look('1', 30)).toMatchObject({ problem: null });
    expect(await readdir(app.directory)).toEqual(['app.db']);
  });

  test('finds damage, and a file that is no database', async () => {
    await app.python(`
with open(sys.argv[1], 'r+b') as file:
    file.seek(2 * 4096)
    file.write(b'x' * 4096)`);
    expect((await app.database.look('1', 30))?.problem).toEqual(expect.any(String));
    await writeFile(app.file, 'no database'.repeat(1000));
    expect((await app.database.look('1', 30))?.problem).toContain('not a database');
  });

  test('at nothing finds nothing', async () => {
    const nowhere = new SqliteDatabase(pythonTool, { database: `${app.file}.not`, migrationTable: null });
    expect(await nowhere.look('1', 30)).toBeNull();
  });
});

test('progress is said while a step that tells nothing goes on, and never more than all of it', async () => {
  const code = `
import threading
from sqlite_tool import progress
progress.EVERY_SECONDS = 0.001
asked = threading.Event()
def done():
    asked.set()
    return 142
with progress.watched('copy', 100, done):
    asked.wait(20)`;
  const source = fileURLToPath(new URL('../../src/database', import.meta.url));
  const { stderr } = await execa('python3', ['-c', code], {
    env: { PYTHONPATH: source, PYTHONDONTWRITEBYTECODE: '1' },
  });
  const said = stderr.split('\n').map((line) => JSON.parse(line) as unknown);
  expect(said[0]).toEqual({ step: 'copy', bytes: 100 });
  expect(said.at(-1)).toEqual({ step: 'copy', bytes: 100, done: 100 });
});
