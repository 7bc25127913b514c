import { expect, test } from 'vitest';
import { PostgresServer } from '../support/postgres-server.js';

const timestamp = '20261123T092334Z';
const later = '20261123T102334Z';
const request = { timestamp, deployId: 'run-1', releaseFrom: 'v1', releaseTo: 'v2' };
const file = `app.pre-deploy-${timestamp}.dump`;
const salvage = `app.failed-${later}.dump`;

test('a backup under a writer is whole, and is the same one when it is asked for again', async () => {
  const server = await PostgresServer.start();
  const writer = server.write();
  await writer.more(3);
  const backup = await server.database.backup(request);
  await writer.more(3);
  const written = await writer.stop();
  expect(backup).toMatchObject({ file, deployId: 'run-1', releaseFrom: 'v1', releaseTo: 'v2' });
  expect(await server.database.backup(request)).toEqual(backup);
  expect(await server.database.list()).toEqual([backup]);
  expect(await server.database.verify(file)).toEqual(backup);
  const { tables } = await server.database.restore(file, later, 10);
  const inBackup = await server.count();
  expect(inBackup).toBeGreaterThanOrEqual(203);
  expect(inBackup).toBeLessThan(200 + written);
  expect(tables).toEqual([
    { table: 'public.notes', onlyInSalvage: 200 + written - inBackup, onlyInBackup: 0, changed: 0 },
  ]);
  await expect(server.database.backup({ ...request, deployId: 'run-2' })).rejects.toMatchObject({ failure: 'refused' });
});

test('damage to a backup is found, and it is not restored', async () => {
  const server = await PostgresServer.start();
  await server.database.backup(request);
  await server.sh(`printf X | dd of=/backups/${file} bs=1 seek=700 conv=notrunc 2>/dev/null`);
  await expect(server.database.verify(file)).rejects.toMatchObject({ failure: 'corrupt' });
  await expect(server.database.restore(file, later, 10)).rejects.toMatchObject({ failure: 'corrupt' });
  await expect(server.database.verify('app.pre-deploy-x.dump')).rejects.toMatchObject({ failure: 'not-found' });
  expect(await server.count()).toBe(200);
});

test('a failed release that changed the schema is named, and nothing is put back by itself', async () => {
  const server = await PostgresServer.start();
  const backup = await server.database.backup(request);
  if (!backup) throw new Error('no backup was made');
  const decide = () => server.database.restoreIfNeeded('never', { backup, timestamp, waitSeconds: 10 });
  await server.sql("INSERT INTO notes (text) VALUES ('of the live slot')");
  expect(await decide()).toEqual({
    restored: false,
    reason: 'the failed release changed neither schema nor migration state',
  });
  await server.sql("ALTER TABLE notes ADD COLUMN author text; INSERT INTO schema_migrations VALUES ('2')");
  expect(await decide()).toEqual({
    restored: false,
    reason:
      'the failed release changed the schema and the migration state; the database was left as it is: ' +
      `${file} is from before; to go back: pointsman restore ${file}`,
  });
  expect(await server.count()).toBe(201);
});

test('restored on request beside a writer, no acknowledged row is in neither the database nor the salvage', async () => {
  const server = await PostgresServer.start();
  await server.database.backup(request);
  await server.sql('ALTER TABLE notes ADD COLUMN author text');
  const writer = server.write();
  await writer.more(3);
  expect(await server.database.restore(file, later, 30)).toMatchObject({ salvage });
  await writer.more(3);
  const written = await writer.stop();
  const live = await server.count();
  await server.sql('CREATE DATABASE salvaged', 'postgres');
  await server.sh(`pg_restore -U app -d salvaged /backups/${salvage}`);
  // Both hold the 200 rows of the backup; each row of the writer is in exactly one of them.
  expect(live + (await server.count('salvaged'))).toBe(400 + written);
  expect(await server.sql("SELECT datname FROM pg_database WHERE datname LIKE 'app\\_%'", 'postgres')).toBe('');
});

test("owner, grants, extensions and the database's own settings survive a restore", async () => {
  const server = await PostgresServer.start();
  await server.sql(`CREATE ROLE reader; CREATE ROLE keeper; CREATE EXTENSION pg_trgm; ALTER DATABASE app OWNER TO keeper;
    GRANT CONNECT ON DATABASE app TO reader; REVOKE TEMPORARY ON DATABASE app FROM PUBLIC; GRANT SELECT ON notes TO reader;
    ALTER DATABASE app SET search_path TO public, pg_catalog; ALTER ROLE reader IN DATABASE app SET work_mem TO '8MB'`);
  const facts = () =>
    server.sql(`SELECT datdba::regrole, (SELECT string_agg(a::text, ' ' ORDER BY a::text) FROM unnest(datacl) a),
      (SELECT string_agg(setrole::regrole::text || s::text, ' ' ORDER BY 1) FROM (SELECT setrole, unnest(setconfig) s
        FROM pg_db_role_setting WHERE setdatabase = d.oid) x), (SELECT relacl FROM pg_class WHERE relname = 'notes'),
      (SELECT string_agg(extname, ' ' ORDER BY extname) FROM pg_extension) FROM pg_database d WHERE datname = 'app'`);
  const before = await facts();
  await server.database.backup(request);
  await server.database.restore(file, later, 10);
  expect(await facts()).toBe(before);
});

test('a backup that is killed at any point leaves nothing that counts, and the next attempt makes it', async () => {
  const server = await PostgresServer.start();
  const died = await sweep(server, async (attempt) => {
    await server.sh('rm -f /backups/app.*');
    const killed = await attempt(() => server.mortal.backup(request));
    for (const { file: listed } of await server.database.list()) await server.database.verify(listed);
    expect(await server.database.backup(request)).toMatchObject({ file });
    return killed;
  });
  expect(died).toBeGreaterThan(8);
}, 300_000);

test('a restore that is killed at any point leaves a whole database, and ends the same when it is run again', async () => {
  const server = await PostgresServer.start();
  await server.database.backup(request);
  const died = await sweep(server, async (attempt) => {
    await server.sh('rm -f /backups/*failed*');
    await server.sql("DELETE FROM notes WHERE text = 'more'; INSERT INTO notes (text) VALUES ('more'), ('more')");
    const killed = await attempt(() => server.mortal.restore(file, later, 10));
    expect([200, 202]).toContain(await server.count());
    const { tables } = await server.database.restore(file, later, 10);
    expect(tables).toEqual([{ table: 'public.notes', onlyInSalvage: 2, onlyInBackup: 0, changed: 0 }]);
    expect(await server.count()).toBe(200);
    expect(await server.sql("SELECT datname FROM pg_database WHERE datname LIKE 'app\\_%'", 'postgres')).toBe('');
    return killed;
  });
  expect(died).toBeGreaterThan(15);
}, 600_000);

type Attempt = (work: () => Promise<unknown>) => Promise<boolean>;

/** Kills the tool before and after each program that it starts, until it comes to its end; says how often it died. */
async function sweep(server: PostgresServer, round: (attempt: Attempt) => Promise<boolean>): Promise<number> {
  let deaths = 0;
  for (const when of ['before', 'after'] as const) {
    for (let number = 1; ; number += 1) {
      await server.dieAt(number, when);
      const attempt: Attempt = (work) =>
        work().then(
          () => false,
          () => true,
        );
      if (!(await round(attempt))) break;
      deaths += 1;
    }
  }
  return deaths;
}

test('the newest backups and the protected ones stay; what a person asked for is never removed', async () => {
  const server = await PostgresServer.start();
  const stamps = ['1', '2', '3', '4'].map((hour) => `20261123T0${hour}0000Z`);
  for (const stamp of stamps) await server.database.backup({ ...request, timestamp: stamp });
  await server.database.backup({ ...request, kind: 'manual' });
  const names = stamps.map((stamp) => `app.pre-deploy-${stamp}.dump`);
  expect(await server.database.prune(timestamp, 2, [names[0] ?? ''])).toEqual([names[1]]);
  const left = (await server.database.list()).map((backup) => backup.file).sort();
  expect(left).toEqual([`app.manual-${timestamp}.dump`, names[0], names[2], names[3]]);
});

test('a server that does not answer is no database that is not there: the backup fails', async () => {
  const server = await PostgresServer.start();
  expect(await server.database.fingerprint()).toMatchObject({ rows: { 'public.notes': 200 } });
  await server.sh('mkdir /tmp/real && mv /var/run/postgresql/.s.PGSQL* /tmp/real');
  await expect(server.database.backup(request)).rejects.toMatchObject({ failure: 'busy' });
  await server.sh('mv /tmp/real/.s* /var/run/postgresql');
  expect(await server.database.list()).toEqual([]);
});
