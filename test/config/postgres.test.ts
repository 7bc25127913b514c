import { expect, test } from 'vitest';
import { loadSettings } from '../../src/config/load.js';
import { compose, projectWith, reportOn, smallest } from './support.js';

const db = "  db:\n    image: postgres:15\n    volumes: ['db-backups:/backups']\n";
const withDb = compose.replace('volumes: { app-data', `${db}volumes: { db-backups: {}, app-data`);
const keys = 'service: db, name: app, user: app, backups: /backups';
const config = `${smallest}postgres: { ${keys} }\n`;

test('a project with PostgreSQL gets its settings, and none of SQLite', async () => {
  const directory = await projectWith({ 'pointsman.yml': config, 'compose.yml': withDb });
  expect((await loadSettings({ directory })).database).toEqual({
    kind: 'postgres',
    service: 'db',
    name: 'app',
    user: 'app',
    backups: '/backups',
    keepBackups: 3,
    restore: 'never',
  });
});

test.each([
  [
    'a second database',
    `${smallest}database: { path: /app/data/app.db, volume: app-data }\npostgres: { ${keys} }\n`,
    'pointsman.yml:4:11  postgres: there is a database already: pointsman looks after one → remove database or postgres',
  ],
  [
    'a replica of PostgreSQL',
    `${config}replica: { service: litestream }\n`,
    'pointsman.yml:4:10  replica: Litestream replicates SQLite, not PostgreSQL → remove replica',
  ],
  [
    'a rehearsal on PostgreSQL',
    `${smallest}postgres: { ${keys}, migrate: [python, -m, app.migrate] }\n`,
    'pointsman.yml:3:67  postgres.migrate: not in this version yet (the rehearsal of migrations on a copy of PostgreSQL) → remove it',
  ],
  [
    'a rule for restoring PostgreSQL',
    `${smallest}postgres: { ${keys}, restore: if-migrated }\n`,
    'pointsman.yml:3:67  postgres.restore: only SQLite has it (a failed deploy never puts PostgreSQL back by itself) → remove it',
  ],
  [
    'a rule for restoring PostgreSQL in one environment',
    `${config}environments: { staging: { postgres: { restore: always } } }\n`,
    'pointsman.yml:4:40  environments.staging.postgres.restore: only SQLite has it (a failed deploy never puts PostgreSQL back by itself) → remove it',
  ],
  [
    'migration files of PostgreSQL',
    `${smallest}postgres: { ${keys}, migrations: { files: [app/*.sql] } }\n`,
    'pointsman.yml:3:67  postgres.migrations: only SQLite has it (its rules are those of SQLite, and PostgreSQL keeps to others) → remove it',
  ],
  [
    'a name that could not be told from SQL',
    `${smallest}postgres: { ${keys.replace('name: app', 'name: "a;b"')} }\n`,
    'pointsman.yml:3:32  postgres.name: expected a name of at most 36 letters, digits, _ and -, found the text "a;b" → write it like app',
  ],
  [
    'a write hold of PostgreSQL that would refuse reads',
    `${smallest}postgres: { ${keys}, holdWrites: { methods: [GET] } }\n`,
    'pointsman.yml:3:91  postgres.holdWrites.methods[0]: GET is how users read: nobody would be served while a release is started → name the paths that write under holdWrites.paths',
  ],
])('%s is refused', async (_, text, report) => {
  expect(await reportOn({ 'pointsman.yml': text, 'compose.yml': withDb })).toBe(report);
});

test('PostgreSQL on a slot is refused', async () => {
  const text = config.replace('service: db', 'service: app-blue');
  expect(await reportOn({ 'pointsman.yml': text, 'compose.yml': withDb })).toContain(
    'postgres.service: app-blue is a slot too: it would be stopped after a deploy',
  );
});

test.each([
  ['that fits', withDb, 'no problem'],
  [
    'that is missing',
    compose,
    'pointsman.yml:3:22  postgres.service: there is no service db in compose.yml → add it, or choose one of app-blue, app-green, router, litestream',
  ],
  [
    'in a profile',
    withDb.replace('postgres:15\n', 'postgres:15\n    profiles: [blue]\n'),
    'compose.yml:19:5  db: in the profile blue, but it must stay up whichever slot is live → remove profiles',
  ],
  [
    'whose backups would go with it',
    withDb.replace(':/backups', ':/elsewhere'),
    'compose.yml:19:5  db: nothing is mounted at /backups, so the backups would be lost with the container → mount a volume: db-backups:/backups',
  ],
])('a PostgreSQL service %s', async (_, file, report) => {
  expect(await reportOn({ 'pointsman.yml': config, 'compose.yml': file })).toBe(report);
});
