import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type Docker from 'dockerode';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { redactorFor } from '../../src/docker/redactor.js';
import { renderSlotsEnv, slotsEnvPath } from '../../src/docker/slots-env.js';
import { LocalHost } from '../../src/hosts/local-host.js';
import { settings } from '../support/settings.js';

/** An engine with one container, of the blue slot, or none. */
function engine(environment?: readonly string[]): Docker {
  const image = { Config: { Env: ['PATH=/usr/bin', 'BUILD_FLAVOUR=slimmed-down', 'GPG_KEY=7169605F62C7'] } };
  const container = {
    State: { Running: true, Restarting: false },
    Config: { Image: 'registry.example.org/team/shop:v1-4711', Env: environment },
    NetworkSettings: {},
  };
  const isBlue = (label: readonly string[]) => label.includes('com.docker.compose.service=app-blue');
  return {
    listContainers: async ({ filters }: { filters: { label: string[] } }) =>
      environment && isBlue(filters.label) ? [{ Id: 'blue', State: 'running' }] : [],
    getContainer: () => ({ inspect: async () => container }),
    getImage: () => ({ inspect: async () => image }),
  } as unknown as Docker;
}

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pointsman-redactor-'));
  await writeFile(join(directory, 'shop.env'), 'PAYMENTS_API_KEY=canary-4711\n');
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const redactorOf = (docker: Docker, change = {}) =>
  redactorFor(new LocalHost({ stateDirectory: directory, docker }), {
    ...settings,
    directory,
    envFile: 'shop.env',
    ...change,
  });

test.each([
  ['by its name in the project', () => 'shop.env'],
  ['by its absolute path', () => join(directory, 'shop.env')],
])('a secret of an env file that is named %s is blanked out', async (_, envFile) => {
  const redact = await redactorOf(engine(), { envFile: envFile() });
  expect(redact('could not pay with canary-4711')).toBe('could not pay with [redacted]');
});

test.each([
  ['with escapes in quotes', String.raw`API_TOKEN="canary\"4711\$a"`, 'canary"4711$a'],
  ['on several lines', 'PRIVATE_KEY="-----BEGIN\ncanary/4711\n-----END"', 'canary/4711'],
  ['behind a quote that is never closed', 'A="1\nAPI_TOKEN=canary-4711', 'canary-4711'],
])('a secret that is written %s is blanked out as the app knows it', async (_, line, value) => {
  await writeFile(join(directory, 'shop.env'), line);
  const redact = await redactorOf(engine());
  expect(redact(`could not pay with ${value}!`)).toBe('could not pay with [redacted]!');
});

test('a key that has several lines in the env file is blanked out, each of them', async () => {
  const key = ['-----BEGIN KEY-----', 'Zmlyc3Q=/first', 'c2Vjb25k+second', '-----END KEY-----'];
  await writeFile(join(directory, 'shop.env'), `PORT=8000\nSSH="${key.join('\n')}" # by hand\nJWT='one\ntwo-4711'\n`);
  const redact = await redactorOf(engine());
  expect(redact(`read ${key.join('\n')}.`)).toBe('read [redacted].');
  expect(redact('bad line: c2Vjb25k+second')).toBe('bad line: [redacted]');
  expect(redact('two-4711 on 8000')).toBe('[redacted] on 8000');
});

test('whatever a container has in its environment is blanked out, but for what its image sets', async () => {
  const own = ['PATH=/usr/bin', 'BUILD_FLAVOUR=slimmed-down', 'GPG_KEY=7169605F62C7', 'GREETING=canary-in-words'];
  const redact = await redactorOf(engine([...own, 'DATABASE_URL=postgres://shop:hunter2@db/shop']));
  expect(redact(own.join(' '))).toBe('PATH=/usr/bin BUILD_FLAVOUR=slimmed-down GPG_KEY=[redacted] GREETING=[redacted]');
  expect(redact('password "hunter2" for user "shop"')).toBe('password "[redacted]" for user "shop"');
});

test('what is in no container yet is blanked out too', async () => {
  const host = new LocalHost({ stateDirectory: directory, docker: engine() });
  const redact = await redactorFor(host, { ...settings, directory }, ['APP_LOGIN=canary-8151']);
  expect(redact('no user canary-8151')).toBe('no user [redacted]');
});

test('what the app is made of stays readable, though variables have its names', async () => {
  const host = new LocalHost({ stateDirectory: directory, docker: engine() });
  const green = { image: 'registry.example.org/shop:89c1743f0c64', release: '89c1743f0c64' };
  await host.writeFile(slotsEnvPath(host, settings), renderSlotsEnv({ green }));
  await writeFile(
    join(directory, 'compose.yml'),
    'services: { cache-server: { image: team/cache-image:7 } }\nvolumes: { app-data: }\n',
  );
  const line =
    'app-blue (89c1743f0c64, registry.example.org/shop:89c1743f0c64) on 8000: cache-server of team/cache-image ' +
    'at http://s3-storage:9000 does not write /app/data/app.db in app-data of v1-4711 in production';
  const variables = [
    ...['SLOT=app-blue', 'WHAT=89c1743f0c64', 'FROM=registry.example.org/shop:89c1743f0c64', 'PORT=8000'],
    ...['CACHE=cache-server', 'CACHE_OF=cache-image:7', 'ENDPOINT=http://s3-storage:9000', 'IN=/app/data/app.db'],
    ...['VOLUME=app-data', 'WAS=v1-4711', 'LIVES_IN=production', 'TEAM=team/cache-image:7', 'OTHER=cache-image'],
  ];
  const redact = await redactorOf(engine(variables));
  expect(redact(line)).toBe(line);
});
