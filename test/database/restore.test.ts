import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { BackupManifest } from '../../src/model/database.js';
import { SqliteApp } from '../support/sqlite-app.js';

const timestamp = '20261123T092334Z';
const backupName = `app.db.pre-deploy-${timestamp}`;
const request = { timestamp, deployId: 'run-1', releaseFrom: 'v1', releaseTo: 'v2' };
const insert = (text: string): string => `db.execute("INSERT INTO notes (text) VALUES ('${text}')")\n`;
const migrate = `db.execute("ALTER TABLE notes ADD COLUMN broken TEXT")\n`;
/** The app's rows, but those of the beginning. */
const written = "SELECT text FROM notes WHERE text <> 'before'";

async function backUp(app: SqliteApp): Promise<BackupManifest> {
  const manifest = await app.database.backup(request);
  if (!manifest) throw new Error('there is no database');
  return manifest;
}

describe('under a slot that writes on', () => {
  test('each acknowledged row is in the salvage or in the database', async () => {
    const app = await SqliteApp.create();
    await backUp(app);
    await app.python(migrate);
    const writer = app.write('w');
    await writer.more(100);
    const { salvage } = await app.database.restore(backupName, timestamp, 10);
    await writer.more(100);
    const rows = await writer.stop();
    const kept = new Set([...(await app.column(written)), ...(await app.column(written, salvage))]);
    expect(rows.filter((row) => !kept.has(row))).toEqual([]);
  });

  test('open connections stay valid: what they wrote before is aside, what they write after is live', async () => {
    const app = await SqliteApp.create();
    const slot = app.connect();
    await slot.run(insert('in the backup'));
    const backup = await backUp(app);
    await slot.run(insert('between'));
    await app.python(migrate);
    const { salvage } = await app.database.restore(backupName, timestamp, 10);
    await slot.run(insert('after'));
    expect(await app.column(written)).toEqual(['in the backup', 'after']);
    expect(await app.column(written, salvage)).toEqual(['in the backup', 'between']);
    expect((await app.database.fingerprint('1'))?.fingerprint).toEqual(backup.fingerprint);
  });

  test('a reader in the middle of a transaction neither stops it nor sees it', async () => {
    const app = await SqliteApp.create();
    await backUp(app);
    await app.python(migrate + insert('between'));
    const reader = app.connect();
    const count = `db.execute("SELECT count(*) FROM notes").fetchone()[0]`;
    await reader.run(`db.execute("BEGIN"); before = ${count}`);
    await app.database.restore(backupName, timestamp, 10);
    await reader.run(`db.execute("CREATE TEMP TABLE seen AS SELECT " + str(${count} == before == 201) + " AS same")`);
    await reader.run(`assert db.execute("SELECT same FROM seen").fetchone()[0]; db.execute("COMMIT")`);
    await reader.run(`assert ${count} == 200`);
  });

  test('a database without a WAL is put back too', async () => {
    const app = await SqliteApp.create(`db.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT)")`);
    await backUp(app);
    const slot = app.connect();
    await slot.run(migrate + insert('between'));
    const { salvage } = await app.database.restore(backupName, timestamp, 10);
    await slot.run(insert('after'));
    expect(await app.column(written)).toEqual(['after']);
    expect(await app.column(written, salvage)).toEqual(['between']);
  });

  test.each([
    ['WAL', 'NONE'],
    ['DELETE', 'NONE'],
    ['WAL', 'FULL'],
  ])('an empty database (journal %s, auto_vacuum %s) gets empty again', async (journal, vacuum) => {
    const app = await SqliteApp.create(`
db.execute("PRAGMA auto_vacuum = ${vacuum}")
db.execute("PRAGMA journal_mode = ${journal}")
db.execute("PRAGMA user_version = 3")`);
    const backup = await backUp(app);
    await app.python(`db.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT)")\n${insert('between')}`);
    const { salvage } = await app.database.restore(backupName, timestamp, 10);
    expect((await app.database.fingerprint('1'))?.fingerprint).toEqual(backup.fingerprint);
    expect(await app.column(written, salvage)).toEqual(['between']);
  });

  test('a file of no bytes at all gets empty again', async () => {
    const app = await SqliteApp.create('');
    await writeFile(app.file, '');
    const backup = await backUp(app);
    await app.python(`db.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT)")\n${insert('between')}`);
    await app.database.restore(backupName, timestamp, 10);
    expect((await app.database.fingerprint('1'))?.fingerprint).toEqual(backup.fingerprint);
  });
});

describe('by the rule', () => {
  const restored = (app: SqliteApp, backup: BackupManifest, rule: 'if-migrated' | 'always') =>
    app.database.restoreIfNeeded(rule, { backup, timestamp, waitSeconds: 10 });

  test('the database is kept where the failed release changed only rows', async () => {
    const app = await SqliteApp.create();
    const backup = await backUp(app);
    await app.python(insert('live'));
    expect(await restored(app, backup, 'if-migrated')).toMatchObject({ restored: false });
    expect(await app.column(written)).toEqual(['live']);
  });

  test.each(['if-migrated', 'always'] as const)('"%s", asked for again, answers the same', async (rule) => {
    const app = await SqliteApp.create();
    const backup = await backUp(app);
    await app.python(insert('live') + (rule === 'always' ? '' : migrate));
    const first = await restored(app, backup, rule);
    await app.python(insert('after'));
    expect(first).toEqual({
      restored: true,
      reason: rule === 'always' ? 'database.restore is "always"' : 'the failed release changed the schema',
      salvage: `app.db.failed-${timestamp}`,
      tables: [{ table: 'notes', onlyInSalvage: 1, onlyInBackup: 0, changed: 0 }],
    });
    expect(await restored(app, backup, rule)).toEqual(first);
    expect(await app.column(written)).toEqual(['after']);
  });
});

test('the report tells table by table what only the salvage or only the backup has, and what changed', async () => {
  const app = await SqliteApp.create();
  await app.python(`
db.execute("CREATE TABLE words (word TEXT PRIMARY KEY, meaning TEXT COLLATE NOCASE) WITHOUT ROWID")
db.execute("CREATE TABLE lines (line TEXT)")
db.execute("CREATE VIRTUAL TABLE found USING fts5 (text)")
db.executemany("INSERT INTO words VALUES (?, 'a')", [("one",), ("two",), ("three",)])
db.executemany("INSERT INTO lines VALUES (?)", [("one",), ("two",), ("three",)])`);
  await backUp(app);
  await app.python(`
db.execute("DELETE FROM notes WHERE id = 1")
db.execute("UPDATE notes SET text = 'other' WHERE id IN (2, 3)")
db.execute("UPDATE words SET meaning = 'A' WHERE word = 'one'")
db.execute("DELETE FROM words WHERE word = 'two'")
db.execute("ALTER TABLE lines ADD COLUMN length INTEGER DEFAULT 3")
db.executemany("INSERT INTO lines (line) VALUES (?)", [("one",), ("one",)])
db.execute("CREATE TABLE extra (id INTEGER PRIMARY KEY)")
db.execute("INSERT INTO extra VALUES (1)")
${insert('new')}`);
  const { tables, notCompared } = await app.database.restore(backupName, timestamp, 10);
  expect(notCompared).toEqual([]);
  expect(tables).toEqual([
    { table: 'extra', onlyInSalvage: 1, onlyInBackup: 0, changed: 0 },
    { table: 'lines', onlyInSalvage: 2, onlyInBackup: 0, changed: 0 },
    { table: 'notes', onlyInSalvage: 1, onlyInBackup: 1, changed: 2 },
    { table: 'words', onlyInSalvage: 0, onlyInBackup: 1, changed: 1 },
  ]);
});

describe('is refused, and touches nothing,', () => {
  test.each(['backup', 'restore'] as const)('a %s of a file that is no database', async (command) => {
    const app = await SqliteApp.create();
    await backUp(app);
    await writeFile(app.file, 'this is no database, though it is long enough to look like one'.repeat(100));
    const attempt =
      command === 'backup'
        ? app.database.backup({ ...request, timestamp: '20261124T000000Z' })
        : app.database.restore(backupName, timestamp, 1);
    await expect(attempt).rejects.toMatchObject({ failure: 'corrupt' });
  });

  test('a restore of a damaged or missing backup', async () => {
    const app = await SqliteApp.create();
    await expect(app.database.restore(backupName, timestamp, 1)).rejects.toMatchObject({ failure: 'not-found' });
    await backUp(app);
    await writeFile(join(app.directory, backupName), 'half a file');
    await app.python(insert('live'));
    await expect(app.database.restore(backupName, timestamp, 1)).rejects.toMatchObject({ failure: 'corrupt' });
    expect(await app.column(written)).toEqual(['live']);
  });

  test('a restore into a database of another page size', async () => {
    const app = await SqliteApp.create();
    await backUp(app);
    await app.python('for sql in ("journal_mode = DELETE", "page_size = 1024"): db.execute("PRAGMA " + sql)');
    await app.python(`db.execute("PRAGMA page_size = 1024"); db.execute("VACUUM"); ${insert('live')}`);
    await expect(app.database.restore(backupName, timestamp, 1)).rejects.toMatchObject({ failure: 'refused' });
    expect(await app.column(written)).toEqual(['live']);
  });

  test('a restore while another process keeps the database locked, and it can be tried again', async () => {
    const app = await SqliteApp.create();
    await backUp(app);
    const slot = app.connect();
    await slot.run(`db.execute("BEGIN IMMEDIATE"); ${insert('live')}`);
    await expect(app.database.restore(backupName, timestamp, 0.2)).rejects.toMatchObject({ failure: 'busy' });
    await slot.run('db.execute("COMMIT")');
    const { salvage } = await app.database.restore(backupName, timestamp, 10);
    expect(await app.column(written, salvage)).toEqual(['live']);
  });
});
