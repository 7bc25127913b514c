import { expect, test } from 'vitest';
import { loadSettings } from '../../src/config/load.js';
import { compose, projectWith, reportOn, smallest } from './support.js';

test('two keys are a whole file: everything else has a default', async () => {
  const directory = await projectWith({ 'pointsman.yml': smallest, 'compose.yml': compose });
  expect(await loadSettings({ directory })).toEqual({
    project: 'shop',
    environment: 'production',
    directory,
    composeFiles: ['compose.yml'],
    envFile: null,
    slots: { blue: 'app-blue', green: 'app-green' },
    image: 'registry.example.org/shop:{release}',
    build: false,
    health: { timeoutMs: 120_000, path: '/healthz', releaseHeader: null },
    router: { service: 'router', port: 5000, upstreamPort: 8000, configDirectory: '/etc/nginx/conf.d' },
    database: null,
    replica: null,
    drain: { timeoutMs: 30_000 },
    logs: { app: 60, router: 10, litestream: 10 },
    toolImage: 'python:3.11-slim-bookworm',
  });
});

test('.env is used when it is there, and compose.yaml before compose.yml, as Compose does it', async () => {
  const directory = await projectWith({
    'pointsman.yml': smallest,
    'compose.yml': '',
    'compose.yaml': compose,
    '.env': '',
  });
  expect(await loadSettings({ directory })).toMatchObject({ composeFiles: ['compose.yaml'], envFile: '.env' });
});

test('a database and a replica need only what cannot be guessed', async () => {
  const file = `${smallest}database: { path: /app/data/app.db, volume: app-data }\nreplica: {}\n`;
  const directory = await projectWith({ 'pointsman.yml': file, 'compose.yml': compose });
  expect(await loadSettings({ directory })).toMatchObject({
    database: {
      path: '/app/data/app.db',
      volume: 'app-data',
      keepBackups: 3,
      restore: 'if-migrated',
      migrationTable: null,
    },
    replica: { service: 'litestream', requireEnv: [] },
  });
});

test.each([
  ['1s500ms', 1500],
  ['45s', 45_000],
  ['2m', 120_000],
  ['1h', 3_600_000],
  ['1m30s', 90_000],
])('a duration of %s is understood', async (text, ms) => {
  const directory = await projectWith({
    'pointsman.yml': `${smallest}drain: { timeout: ${text} }\n`,
    'compose.yml': compose,
  });
  expect((await loadSettings({ directory })).drain.timeoutMs).toBe(ms);
});

const twoEnvironments = `${smallest}health: { path: /up, timeout: 60s }
replica: {}
environments:
  production: {}
  staging:
    project: shop-staging
    compose: [compose.yml, compose.staging.yml]
    image: shop-staging:{release}
    build: true
    envFile: .env.staging
    health: { timeout: 2m }
    router: { port: 5001 }
    drain: { timeout: 5s }
    replica: false
`;
const twoEnvironmentFiles = {
  'pointsman.yml': twoEnvironments,
  'compose.yml': compose,
  'compose.staging.yml': '',
  '.env.staging': '',
};

test('a write hold that is only turned on has every default, and an environment can turn it off', async () => {
  const database =
    'database: { path: /app/data/app.db, volume: app-data, migrate: [python, -m, app.migrate], holdWrites: true }';
  const text = `${smallest}${database}\nenvironments: { production: {}, staging: { database: { holdWrites: false } } }\n`;
  const directory = await projectWith({ 'pointsman.yml': text, 'compose.yml': compose });
  const production = await loadSettings({ directory, environment: 'production' });
  expect(production.database).toMatchObject({
    migrate: { command: ['python', '-m', 'app.migrate'], timeoutMs: 600_000, network: false },
    holdWrites: {
      methods: ['POST', 'PUT', 'PATCH', 'DELETE'],
      paths: [],
      except: [],
      timeoutMs: 300_000,
      retryAfterSeconds: 10,
    },
  });
  const staging = await loadSettings({ directory, environment: 'staging' });
  expect(staging.database).not.toHaveProperty('holdWrites');
  expect(staging.database).toHaveProperty('migrate');
});

test('an environment overrides key by key, so that staging runs beside production', async () => {
  const directory = await projectWith(twoEnvironmentFiles);
  expect(await loadSettings({ directory, environment: 'staging' })).toMatchObject({
    project: 'shop-staging',
    environment: 'staging',
    composeFiles: ['compose.yml', 'compose.staging.yml'],
    image: 'shop-staging:{release}',
    build: true,
    envFile: '.env.staging',
    health: { timeoutMs: 120_000, path: '/up' },
    router: { service: 'router', port: 5001, upstreamPort: 8000 },
    drain: { timeoutMs: 5000 },
    replica: null,
  });
});

test('what an environment does not say holds as the rest of the file has it', async () => {
  const directory = await projectWith(twoEnvironmentFiles);
  expect(await loadSettings({ directory, environment: 'production' })).toMatchObject({
    project: 'shop',
    composeFiles: ['compose.yml'],
    health: { timeoutMs: 60_000, path: '/up' },
    replica: { service: 'litestream' },
  });
});

test('the only environment need not be named', async () => {
  const directory = await projectWith({
    'pointsman.yml': `${smallest}environments:\n  local:\n`,
    'compose.yml': compose,
  });
  expect((await loadSettings({ directory })).environment).toBe('local');
});

test('with several environments one has to be chosen', async () => {
  expect(await reportOn(twoEnvironmentFiles)).toBe(
    'pointsman.yml:5:1  environments: there are 2 → choose one with -e: production, staging',
  );
});

test.each([
  ['stagin', 'did you mean staging?'],
  ['elsewhere', 'choose one with -e: production, staging'],
])('the environment %s does not exist', async (environment, fix) => {
  expect(await reportOn(twoEnvironmentFiles, environment)).toBe(
    `pointsman.yml:5:1  environments: there is no ${environment} → ${fix}`,
  );
});

test('a file without environments knows only production', async () => {
  expect(await reportOn({ 'pointsman.yml': smallest, 'compose.yml': compose }, 'staging')).toBe(
    'pointsman.yml:1:1  environments: there is no staging → choose one with -e: production',
  );
});
