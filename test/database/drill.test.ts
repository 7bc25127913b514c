import { stat } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { SqliteApp } from '../support/sqlite-app.js';

const timestamp = '20261123T033000Z';

describe('a drill looks at a database', () => {
  test('that is live without changing it: its rows, its fingerprint and when it was last written to', async () => {
    const app = await SqliteApp.create();
    const written = await stat(app.file);
    const facts = await app.database.examine(timestamp, false);
    expect(facts?.rows).toEqual({ notes: 200, schema_migrations: 0 });
    expect(facts?.fingerprint).toEqual((await app.database.fingerprint(timestamp))?.fingerprint);
    expect(Date.parse(facts?.changedAt ?? '')).toBe(Math.floor(written.mtimeMs));
    expect((await stat(app.file)).mode).toBe(written.mode);
  });

  test('that it has restored, and opens it to whoever the app runs as', async () => {
    const app = await SqliteApp.create();
    await app.database.examine(timestamp, true);
    expect((await stat(app.file)).mode & 0o777).toBe(0o666);
    expect((await stat(app.directory)).mode & 0o777).toBe(0o777);
  });

  test('that it has restored, and finds an index that misses a row, which a quick check does not see', async () => {
    const app = await SqliteApp.create();
    await app.python(`
db.execute("CREATE INDEX by_text ON notes (text)")
db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
db.execute("PRAGMA writable_schema = ON")
db.execute("UPDATE sqlite_master SET sql = 'CREATE INDEX by_text ON notes (id)' WHERE name = 'by_text'")
`);
    expect(await app.database.fingerprint(timestamp)).not.toBeNull();
    await expect(app.database.examine(timestamp, true)).rejects.toMatchObject({ failure: 'corrupt' });
  });

  test('that is not there', async () => {
    const app = await SqliteApp.create('');
    await app.python('import os; os.unlink(sys.argv[1])');
    expect(await app.database.examine(timestamp, true)).toBeNull();
  });
});
