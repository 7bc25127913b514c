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
  expect(await server.database.list(timestamp)).toEqual([backup]);
  expect(await server.database.verify(file, timestamp)).toEqual(backup);
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
  await expect(server.database.verify(file, timestamp)).rejects.toMatchObject({ failure: 'corrupt' });
  await expect(server.database.restore(file, later, 10)).rejects.toMatchObject({ failure: 'corrupt' });
  await expect(server.database.verify('app.pre-deploy-x.dump', timestamp)).rejects.toMatchObject({
    failure: 'not-found',
  });
  expect(await server.count()).toBe(200);
});

test('a failed release that changed the schema is named, and nothing is put back by itself', async () => {
  const server = await PostgresServer.start();
  const backup = await server.database.backup(request);
  if (!backup) throw new Error('no backup was made');
  const decide = () => server.database.restoreIfNeeded('never', { backup, timestamp, waitSeconds: 10 });
  await server.sql("INSERT INTO notes (text) VALUES ('of the live slot')");
  const left = `the database was left as it is, and ${file} is from before. To go back: pointsman restore ${file}`;
  expect(await decide()).toEqual({
    restored: false,
    reason: `the failed release changed neither schema nor migration state; ${left}`,
  });
  await server.sql("ALTER TABLE notes ADD COLUMN author text; INSERT INTO schema_migrations VALUES ('2')");
  expect(await decide()).toEqual({
    restored: false,
    reason: `the failed release changed the schema and the migration state; ${left}`,
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
  const { salvages } = await server.database.kept(timestamp);
  expect(salvages).toMatchObject([{ file: salvage, note: { backup: file, state: 'reported' } }]);
  // Both hold the 200 rows of the backup; each row of the writer is in exactly one of them.
  expect(live + (await server.count('salvaged'))).toBe(400 + written);
  expect(await server.sql("SELECT datname FROM pg_database WHERE datname LIKE 'app\\_%'", 'postgres')).toBe('');
});

test("owner, grants, extensions and the database's own settings survive a restore", async () => {
  const server = await PostgresServer.start();
  await server.sql(`CREATE ROLE reader; CREATE ROLE keeper; CREATE EXTENSION pg_trgm; ALTER DATABASE app OWNER TO keeper;
    GRANT CONNECT ON DATABASE app TO reader; REVOKE TEMPORARY ON DATABASE app FROM PUBLIC; GRANT SELECT ON notes TO reader;
    ALTER DATABASE app SET search_path TO public, pg_catalog; ALTER ROLE reader IN DATABASE app SET work_mem TO '8MB'`);
  await server.sql('ALTER DATABASE app CONNECTION LIMIT 40', 'postgres');
  const facts = () =>
    server.sql(`SELECT datdba::regrole, datconnlimit, datlocprovider, datcollate, daticulocale, (SELECT string_agg(a::text, ' ' ORDER BY a::text) FROM unnest(datacl) a),
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
    await attempt(() => server.mortal.backup(request));
    for (const { file: listed } of await server.database.list(timestamp))
      await server.database.verify(listed, timestamp);
    expect(await server.database.backup(request)).toMatchObject({ file });
  });
  expect(died).toBeGreaterThan(8);
}, 300_000);

test('a restore that is killed at any point leaves a whole database, and ends the same when it is run again', async () => {
  const server = await PostgresServer.start();
  await server.database.backup(request);
  const died = await sweep(server, async (attempt) => {
    await server.sh('rm -f /backups/*failed*');
    await server.sql("DELETE FROM notes WHERE text = 'more'; INSERT INTO notes (text) VALUES ('more'), ('more')");
    await attempt(() => server.mortal.restore(file, later, 10));
    expect([200, 202]).toContain(await server.count());
    const { tables } = await server.database.restore(file, later, 10);
    expect(tables).toEqual([{ table: 'public.notes', onlyInSalvage: 2, onlyInBackup: 0, changed: 0 }]);
    expect(await server.count()).toBe(200);
    expect(await server.sql("SELECT datname FROM pg_database WHERE datname LIKE 'app\\_%'", 'postgres')).toBe('');
  });
  expect(died).toBeGreaterThan(15);
}, 600_000);

type Attempt = (work: () => Promise<unknown>) => Promise<void>;

/** Kills the tool after each program that it starts, until it comes to its end before; says how often it died. */
async function sweep(server: PostgresServer, round: (attempt: Attempt) => Promise<void>): Promise<number> {
  for (let number = 1; ; number += 1) {
    await server.dieAfter(number);
    let died = false;
    await round(async (work) => {
      const failure = await work().then(
        () => null,
        (error: unknown) => error,
      );
      died = await server.died();
      if (died) await server.recovered();
      expect(failure === null).toBe(!died);
    });
    if (!died) return number - 1;
  }
}

test('an ICU locale of the database survives a restore', async () => {
  const server = await PostgresServer.start();
  await server.sql(
    `DROP DATABASE app WITH (FORCE); CREATE DATABASE app TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'de-AT'`,
    'postgres',
  );
  await server.sql('CREATE TABLE notes (id int)');
  await server.database.backup(request);
  await server.database.restore(file, later, 10);
  expect(await server.sql("SELECT daticulocale FROM pg_database WHERE datname = 'app'")).toBe('de-AT');
});

test('a dump that is killed in the middle of its rows is never taken for a backup', async () => {
  const server = await PostgresServer.start();
  await server.sql('INSERT INTO notes (text) SELECT gen_random_uuid()::text FROM generate_series(1, 20000)');
  await server.cutDumps();
  await expect(server.mortal.backup(request)).rejects.toThrow();
  expect(Number(await server.sh('cat /backups/*.dump.part | wc -c'))).toBeGreaterThan(10_000);
  expect(await server.database.kept(timestamp)).toEqual({ manifests: [], salvages: [] });
  await expect(server.database.verify(file, timestamp)).rejects.toMatchObject({ failure: 'not-found' });
  await expect(server.database.restore(file, later, 10)).rejects.toMatchObject({ failure: 'not-found' });
  const backup = await server.database.backup(request);
  expect(await server.database.list(timestamp)).toEqual([backup]);
  expect(await server.database.verify(file, timestamp, true)).toEqual(backup);
  expect(await server.sh('ls /backups')).toBe(`${file}\n${file}.json`);
  await server.database.restore(file, later, 10);
  expect(await server.count()).toBe(20_200);
});

test('a restore that is cancelled in the middle of its rows ends in the server too, and leaves the old ones', async () => {
  const server = await PostgresServer.start();
  await server.sql(`CREATE FUNCTION slow(int) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN
    IF current_database() <> 'app' THEN PERFORM pg_sleep(0.02); END IF; RETURN true; END $$;
    ALTER TABLE notes ADD CHECK (slow(id))`);
  await server.database.backup(request);
  await server.sql("INSERT INTO notes (text) VALUES ('since')");
  const cancel = new AbortController();
  const cancelled = expect(server.reached({ signal: cancel.signal }).restore(file, later, 10)).rejects.toThrow();
  await server.until("SELECT 1 FROM pg_stat_activity WHERE application_name = 'pg_restore' AND query LIKE 'COPY%'");
  cancel.abort();
  await cancelled;
  expect(await server.sh("grep -lsa 'pg_restore' /proc/[0-9]*/comm || true")).toBe('');
  expect(await server.count()).toBe(201);
  const { tables } = await server.database.restore(file, later, 10);
  expect(tables).toEqual([{ table: 'public.notes', onlyInSalvage: 1, onlyInBackup: 0, changed: 0 }]);
  expect(await server.count()).toBe(200);
});

test('what a restore left that nobody repeats is put aside by the next one, not lost', async () => {
  const server = await PostgresServer.start();
  await server.database.backup(request);
  await server.sql("INSERT INTO notes (text) VALUES ('replaced')");
  const earlier = '20261123T095959Z';
  await server.sql(
    `ALTER DATABASE app RENAME TO "app_before_${earlier}"; CREATE DATABASE app;
    CREATE DATABASE "app_restoring_${earlier}"`,
    'postgres',
  );
  await server.sql('CREATE TABLE notes (id int)');
  await server.database.restore(file, later, 10);
  const { salvages } = await server.database.kept(timestamp);
  expect(salvages.map((each) => [each.file, each.note?.backup])).toEqual([
    [`app.failed-${earlier}.dump`, undefined],
    [salvage, file],
  ]);
  expect(await server.sql("SELECT datname FROM pg_database WHERE datname LIKE 'app\\_%'", 'postgres')).toBe('');
  await server.sql('CREATE DATABASE salvaged', 'postgres');
  await server.sh(`pg_restore -U app -d salvaged /backups/${salvages[0]?.file}`);
  expect(await server.count('salvaged')).toBe(201);
});

test('the newest backup of the rollback target stays beside the newest ones', async () => {
  const server = await PostgresServer.start();
  const taken = [
    ['v1', 'v2'],
    ['v1', 'v1.5'],
    ['v2', 'v3'],
    ['v3', 'v4'],
  ] as const;
  const names = taken.map((_, hour) => `app.pre-deploy-20261123T0${hour}0000Z.dump`);
  for (const [hour, [releaseFrom, releaseTo]] of taken.entries())
    await server.database.backup({ ...request, timestamp: `20261123T0${hour}0000Z`, releaseFrom, releaseTo });
  expect(await server.database.prune(timestamp, 1, [], 'v1')).toEqual([names[2], names[0]]);
  expect((await server.database.list(timestamp)).map((backup) => backup.file)).toEqual([names[1], names[3]]);
  expect(await server.sh('ls /backups')).toBe([1, 3].flatMap((at) => [names[at], `${names[at]}.json`]).join('\n'));
});

test('a database that logical replication is bound to is not restored, and stays as it is', async () => {
  const server = await PostgresServer.start({ wal: 'logical' });
  await server.database.backup(request);
  await server.sql("SELECT pg_create_logical_replication_slot('feed', 'test_decoding')");
  await expect(server.database.restore(file, later, 10)).rejects.toMatchObject({ failure: 'refused' });
  expect(await server.count()).toBe(200);
});

test('the newest backups and the protected ones stay; what a person asked for is never removed', async () => {
  const server = await PostgresServer.start();
  const stamps = ['1', '2', '3', '4'].map((hour) => `20261123T0${hour}0000Z`);
  for (const stamp of stamps) await server.database.backup({ ...request, timestamp: stamp });
  await server.database.backup({ ...request, kind: 'manual' });
  const names = stamps.map((stamp) => `app.pre-deploy-${stamp}.dump`);
  expect(await server.database.prune(timestamp, 2, [names[0] ?? ''])).toEqual([names[1]]);
  const left = (await server.database.list(timestamp)).map((backup) => backup.file).sort();
  expect(left).toEqual([`app.manual-${timestamp}.dump`, names[0], names[2], names[3]]);
});

test('what somebody else put beside the backups stays, also under a name like theirs', async () => {
  const server = await PostgresServer.start();
  const theirs = ['app.pre-deploy-20251123T010000Z.dump', 'download.part', 'notes.txt'];
  await server.sh(`mkdir -p /backups && cd /backups && touch ${theirs.join(' ')}`);
  for (const hour of [1, 2]) await server.database.backup({ ...request, timestamp: `20261123T0${hour}0000Z` });
  expect(await server.database.prune(timestamp, 1, [])).toEqual(['app.pre-deploy-20261123T010000Z.dump']);
  expect(await server.sh(`cd /backups && ls ${theirs.join(' ')}`)).toBe(theirs.join('\n'));
});

test('a server that does not answer is no database that is not there: the backup fails', async () => {
  const server = await PostgresServer.start();
  expect(await server.database.fingerprint(timestamp)).toMatchObject({ rows: { 'public.notes': 200 } });
  await server.sh('mkdir /tmp/real && mv /var/run/postgresql/.s.PGSQL* /tmp/real');
  await expect(server.database.backup(request)).rejects.toMatchObject({ failure: 'busy' });
  await server.sh('mv /tmp/real/.s* /var/run/postgresql');
  expect(await server.database.list(timestamp)).toEqual([]);
});
