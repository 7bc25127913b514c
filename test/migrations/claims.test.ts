import { execa } from 'execa';
import { describe, expect, test } from 'vitest';

/** Runs a migration's statements between a BEGIN and a ROLLBACK of its runner, and tells what is there afterwards. */
const runner = `
import os, sqlite3, sys, tempfile
with tempfile.TemporaryDirectory() as directory:
    os.chdir(directory)
    conn = sqlite3.connect("app.db", isolation_level=None)
    conn.execute("PRAGMA journal_mode = " + sys.argv[2])
    conn.execute("BEGIN IMMEDIATE")
    conn.execute("CREATE TABLE first (x)")
    try:
        exec(sys.argv[1])
    except sqlite3.Error as error:
        print("fails:", error)
    if conn.in_transaction:
        conn.execute("ROLLBACK")
    kept = sqlite3.connect("app.db").execute("SELECT count(*) FROM sqlite_master WHERE name = 'first'").fetchone()[0]
    print("kept" if kept else "rolled back")
`;

async function afterwards(migration: string, journal = 'delete'): Promise<string> {
  return (await execa('python3', ['-c', runner, migration, journal])).stdout.replaceAll('\n', '; ');
}

const execute = (sql: string): string => `conn.execute(${JSON.stringify(sql)})`;

describe('what the rules say of SQLite and Python is so: after the runner rolled back, the first table', () => {
  test.each([
    ['commit', 'conn.commit()', 'kept'],
    ['commit', execute('COMMIT'), 'kept'],
    ['commit', execute('END'), 'kept'],
    ['executescript', 'conn.executescript("CREATE TABLE second (x)")', 'kept'],
    ['with-connection', 'with conn: conn.execute("CREATE TABLE second (x)")', 'kept'],
    ['isolation-level', 'conn.isolation_level = ""; conn.isolation_level = None', 'kept'],
    ['rollback', `${execute('ROLLBACK')}; ${execute('CREATE TABLE first (x)')}`, 'kept'],
    ['begin', execute('BEGIN'), 'fails: cannot start a transaction within a transaction; rolled back'],
    ['vacuum', execute('VACUUM'), 'fails: cannot VACUUM from within a transaction; rolled back'],
    ['vacuum', execute("VACUUM INTO 'copy.db'"), 'fails: cannot VACUUM from within a transaction; rolled back'],
    [
      'synchronous',
      execute('PRAGMA synchronous = OFF'),
      'fails: Safety level may not be changed inside a transaction; rolled back',
    ],
    ['checkpoint', execute('PRAGMA wal_checkpoint'), 'fails: database table is locked; rolled back'],
    ['savepoint', execute('RELEASE theirs'), 'fails: no such savepoint: theirs; rolled back'],
    [
      'nothing: DDL commits nothing',
      `${execute('ALTER TABLE first ADD COLUMN y')}; ${execute('CREATE INDEX i ON first (y)')}`,
      'rolled back',
    ],
    ['nothing: a savepoint of its own', `${execute('SAVEPOINT s')}; ${execute('RELEASE s')}`, 'rolled back'],
    ['nothing: asking', execute('PRAGMA journal_mode'), 'rolled back'],
  ])('%s: %s', async (_, migration, expected) => {
    expect(await afterwards(migration, 'wal')).toBe(expected);
  });

  test.each([
    { rule: 'journal-mode', journal: 'delete', pragma: 'PRAGMA journal_mode', value: 'WAL', before: 'delete' },
    { rule: 'journal-mode', journal: 'wal', pragma: 'PRAGMA journal_mode', value: 'DELETE', before: 'wal' },
    { rule: 'foreign-keys', journal: 'wal', pragma: 'PRAGMA foreign_keys', value: 'ON', before: '0' },
  ])('$rule: in $journal mode, $pragma = $value changes nothing and does not fail', async (given) => {
    const ask = `print(conn.execute("${given.pragma}").fetchone()[0])`;
    const migration = `${execute(`${given.pragma} = ${given.value}`)}; ${ask}`;
    expect(await afterwards(migration, given.journal)).toBe(`${given.before}; rolled back`);
  });

  test('attach: another file can be attached inside of a transaction, and its own cannot be let go of', async () => {
    const migration = [execute("ATTACH 'other.db' AS o"), execute('CREATE TABLE o.t (x)'), execute('DETACH o')].join(
      '; ',
    );
    expect(await afterwards(migration)).toBe('fails: database o is locked; rolled back');
  });
});
