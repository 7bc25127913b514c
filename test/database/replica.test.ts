import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { SqliteApp } from '../support/sqlite-app.js';

let app: SqliteApp;

beforeEach(async () => {
  app = await SqliteApp.create();
});

const path = (name: string): string => join(app.directory, name);

/** A copy of the database as it is now: of the database itself, or as a replica would give it. */
const copyAs = (name: string): Promise<void> => app.database.copyTo(path(name), name, 1);

function compare(live: string[], restored: string[]) {
  return app.database.compareReplica({ live: live.map(path), restored: restored.map(path) }, 'test');
}

const insert = (text: string) => `db.execute("INSERT INTO notes (text) VALUES ('${text}')")`;

describe('what was restored from a replica', () => {
  test('is the database when nobody writes', async () => {
    await copyAs('before');
    await copyAs('restored');
    await copyAs('after');
    const compared = await compare(['before', 'after'], ['restored']);
    expect(compared).toMatchObject({ parts: [], tables: [] });
    expect(compared.bytes).toBeGreaterThan(4096);
  });

  test('is the database when rows are written, changed and taken away meanwhile', async () => {
    await copyAs('before');
    await app.python(`${insert('one')}
db.execute("UPDATE notes SET text = 'changed' WHERE id < 50")
db.execute("DELETE FROM notes WHERE id > 150")`);
    await copyAs('restored');
    await app.python(`${insert('two')}
db.execute("UPDATE notes SET text = 'changed' WHERE id < 80")
db.execute("DELETE FROM notes WHERE id > 120")`);
    await copyAs('after');
    expect(await compare(['before', 'after'], ['restored'])).toMatchObject({ parts: [], tables: [] });
  });

  test('is not the database when it is from before: rows are missing, changed ones are missing and too many', async () => {
    await copyAs('restored');
    await app.python(`${insert('one')}\ndb.execute("UPDATE notes SET text = 'changed' WHERE id <= 3")`);
    await copyAs('before');
    await app.python(insert('two'));
    await copyAs('after');
    const { parts, tables } = await compare(['before', 'after'], ['restored']);
    expect({ parts, tables }).toEqual({ parts: [], tables: [{ table: 'notes', missing: 4, extra: 3 }] });
  });

  test('is not the database when rows differ in nothing but the case of a text that is compared without it', async () => {
    await app.python(`db.execute("CREATE TABLE names (name TEXT COLLATE NOCASE PRIMARY KEY) WITHOUT ROWID")
db.execute("INSERT INTO names VALUES ('ada')")`);
    await copyAs('restored');
    await app.python(`db.execute("UPDATE names SET name = 'ADA'")`);
    await copyAs('before');
    const { tables } = await compare(['before', 'before'], ['restored']);
    expect(tables).toEqual([{ table: 'names', missing: 1, extra: 1 }]);
  });

  test('is not the database when it has the schema of the failed release', async () => {
    await copyAs('before');
    await app.python('db.execute("ALTER TABLE notes ADD COLUMN author TEXT")');
    await copyAs('restored');
    const { parts } = await compare(['before', 'before'], ['restored']);
    expect(parts).toEqual(['schema']);
  });

  test('is not the database when it holds what the failed release wrote, though nothing else changed', async () => {
    await copyAs('before');
    await app.python(insert('of the failed release'));
    await copyAs('restored');
    expect((await compare(['before', 'before'], ['restored'])).tables).toEqual([
      { table: 'notes', missing: 0, extra: 1 },
    ]);
  });
});

describe('a row that comes and goes between the copies', () => {
  test('such as a counter, tells nothing once it was seen to move', async () => {
    await app.python(
      'db.execute("CREATE TABLE counter (value INTEGER)")\ndb.execute("INSERT INTO counter VALUES (0)")',
    );
    const files = ['before', 'restored', 'after', 'restored-again', 'last'];
    for (const name of files) {
      await copyAs(name);
      await app.python('db.execute("UPDATE counter SET value = value + 1")');
    }
    const first = await compare(['before', 'after'], ['restored']);
    expect(first.tables).toEqual([{ table: 'counter', missing: 0, extra: 1 }]);
    const second = await compare(['before', 'after', 'last'], ['restored', 'restored-again']);
    expect(second.tables).toEqual([]);
  });
});

describe('a flag that is set and reset between the copies', () => {
  const on = 'db.execute("UPDATE flag SET value = 1")';
  const off = 'db.execute("UPDATE flag SET value = 0")';

  beforeEach(() =>
    app.python('db.execute("CREATE TABLE flag (value INTEGER)")\ndb.execute("INSERT INTO flag VALUES (0)")'),
  );

  test('tells nothing once it was seen to move: the second round finds the replica right', async () => {
    await copyAs('before');
    await app.python(on);
    await copyAs('restored');
    await app.python(off);
    await copyAs('after');
    expect((await compare(['before', 'after'], ['restored'])).tables).toEqual([
      { table: 'flag', missing: 1, extra: 1 },
    ]);
    await copyAs('restored-again');
    await copyAs('last');
    expect((await compare(['before', 'after', 'last'], ['restored', 'restored-again'])).tables).toEqual([]);
  });

  test('does not hide a replica that stays behind', async () => {
    await copyAs('restored');
    await app.python(`${on}\n${insert('one')}`);
    await copyAs('before');
    await app.python(off);
    await copyAs('after');
    await app.python(on);
    await copyAs('last');
    const { tables } = await compare(['before', 'after', 'last'], ['restored', 'restored']);
    expect(tables).toEqual([{ table: 'notes', missing: 1, extra: 0 }]);
  });
});

test('no copy is begun where there is no room for all of them', async () => {
  await expect(app.database.copyTo(path('before'), 'before', 1e12)).rejects.toThrow(
    /the proof of the replica needs [\d,]+ bytes/,
  );
});
