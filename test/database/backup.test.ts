import { once } from 'node:events';
import { chmod, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import type { BackupManifest } from '../../src/model/database.js';
import { SqliteApp } from '../support/sqlite-app.js';

const timestamp = '20261123T092334Z';
const backupName = `app.db.pre-deploy-${timestamp}`;
const request = { timestamp, deployId: 'run-1', releaseFrom: 'v1', releaseTo: 'v2' };

let app: SqliteApp;
beforeEach(async () => {
  app = await SqliteApp.create();
});

async function backUp(): Promise<BackupManifest> {
  const manifest = await app.database.backup(request);
  if (!manifest) throw new Error('there is no database');
  return manifest;
}

describe('a backup', () => {
  test('taken while the app writes is whole, described beside it, and holds what was acknowledged before', async () => {
    const writer = app.write('w');
    await writer.more(50);
    const manifest = await backUp();
    await writer.more(50);
    await writer.stop();
    expect(manifest).toMatchObject({ file: backupName, deployId: 'run-1', releaseFrom: 'v1', releaseTo: 'v2' });
    const rows = await app.column('SELECT text FROM notes', backupName);
    expect(rows).toEqual(expect.arrayContaining(Array.from({ length: 50 }, (_, number) => `w-${number}`)));
    expect(await app.database.list('1')).toEqual([manifest]);
  });

  test('leaves nothing else beside the database, and belongs to whoever owns that', async () => {
    await chmod(app.file, 0o640);
    await backUp();
    expect(await readdir(app.directory)).toEqual(['app.db', backupName, `${backupName}.json`]);
    const modes = [backupName, `${backupName}.json`].map((name) => stat(join(app.directory, name)));
    expect((await Promise.all(modes)).map(({ mode }) => mode & 0o777)).toEqual([0o640, 0o640]);
  });

  test('waits for an attempt that an engine has lost and that still runs, and finds what that one has made', async () => {
    const lost = execa('flock', [app.directory, 'sh', '-c', 'echo works; read _'], { reject: false });
    onTestFinished(() => void lost.kill());
    await once(lost.stdout, 'data');
    const second = backUp();
    const { ino } = await stat(app.directory);
    const waits = new RegExp(`-> FLOCK .*:${ino} `);
    await expect.poll(() => readFile('/proc/locks', 'utf8'), { timeout: 10_000 }).toMatch(waits);
    expect(await readdir(app.directory)).toEqual(['app.db']);
    lost.stdin.end();
    expect((await second).file).toBe(backupName);
  });

  test('asked for twice is made once', async () => {
    const first = await backUp();
    await app.python(`db.execute("INSERT INTO notes (text) VALUES ('later')")`);
    expect(await backUp()).toEqual(first);
  });

  test('whose manifest is missing was cut, and is made again', async () => {
    await writeFile(join(app.directory, backupName), 'half a file');
    expect(await app.database.list('1')).toEqual([]);
    await backUp();
    expect(await app.column("SELECT count(*) FROM notes WHERE text = 'before'", backupName)).toEqual([200]);
  });

  test('under a name that another deploy has taken is refused', async () => {
    await backUp();
    await expect(app.database.backup({ ...request, deployId: 'run-2' })).rejects.toMatchObject({ failure: 'refused' });
  });

  test('that was damaged since does not verify, and the next attempt makes it again', async () => {
    const { bytes } = await backUp();
    await writeFile(join(app.directory, backupName), Buffer.alloc(bytes));
    await expect(app.database.verify(backupName, '1')).rejects.toMatchObject({ failure: 'corrupt' });
    await backUp();
    expect(await app.database.verify(backupName, '2')).toMatchObject({ file: backupName });
  });
});

describe('the fingerprint', () => {
  test("is the same after rows were written and Litestream's tables came", async () => {
    const before = await app.database.fingerprint('1');
    await app.python(`
db.execute("INSERT INTO notes (text) VALUES ('more')")
db.execute("CREATE TABLE _litestream_seq (id INTEGER PRIMARY KEY, seq INTEGER)")
db.execute("ANALYZE")`);
    const after = await app.database.fingerprint('2');
    expect(after?.fingerprint).toEqual(before?.fingerprint);
    expect([before?.rows['notes'], after?.rows['notes']]).toEqual([200, 201]);
  });

  test.each([
    ['schema', 'CREATE INDEX by_text ON notes (text)'],
    ['userVersion', 'PRAGMA user_version = 7'],
    ['migrations', "INSERT INTO schema_migrations VALUES ('0002')"],
  ] as const)('differs in its %s, and in nothing else, after %s', async (part, statement) => {
    const before = await app.database.fingerprint('1');
    await app.python(`db.execute(${JSON.stringify(statement)})`);
    const after = await app.database.fingerprint('2');
    expect(after?.fingerprint[part]).not.toEqual(before?.fingerprint[part]);
    expect({ ...after?.fingerprint, [part]: 0 }).toEqual({ ...before?.fingerprint, [part]: 0 });
  });
});

describe('pruning', () => {
  const stamps = ['20260101T000000Z', '20260102T000000Z', '20260103T000000Z', '20260104T000000Z'];
  const backup = (at: number): string => `app.db.pre-deploy-${stamps[at] ?? ''}`;

  test('keeps the newest backups and the protected one', async () => {
    for (const stamp of stamps) await app.database.backup({ ...request, timestamp: stamp });
    expect(await app.database.prune('1', 2, [backup(0)])).toEqual([backup(1)]);
    expect((await app.database.list('2')).map(({ file }) => file)).toEqual([backup(0), backup(2), backup(3)]);
    expect(await readdir(app.directory)).not.toContain(`${backup(1)}.json`);
  });

  test('touches no file of somebody else, and no part that a running command may be writing', async () => {
    await backUp();
    const others = [`${backupName}-mine`, `${backupName}0`, 'other.db.pre-deploy-20260101T000000Z', backup(1)];
    const running = `${backup(2)}.tmp`;
    for (const name of [...others, running]) await writeFile(join(app.directory, name), 'content');
    expect(await app.database.prune('1', 0, [])).toEqual([backupName]);
    expect(await readdir(app.directory)).toEqual(expect.arrayContaining([...others, running]));
  });

  test('removes what commands left that were cut long ago', async () => {
    const parts = [`${backup(0)}.tmp`, `${backup(0)}.tmp-journal`, `${backup(0)}.json`];
    for (const name of [...parts, 'app.db.failed-20260101T000000Z.tmp']) {
      await writeFile(join(app.directory, name), 'content');
      await utimes(join(app.directory, name), 0, 0);
    }
    expect(await app.database.prune('1', 3, [])).toEqual([]);
    expect(await readdir(app.directory)).toEqual(['app.db']);
  });
});

test('where there is no database yet there is no fingerprint, no backup and nothing to prune', async () => {
  await rm(app.file);
  expect(await app.database.fingerprint('1')).toBeNull();
  expect(await app.database.backup(request)).toBeNull();
  expect(await app.database.prune('1', 3, [])).toEqual([]);
  expect(await readdir(app.directory)).toEqual([]);
});
