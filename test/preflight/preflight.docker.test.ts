import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Docker from 'dockerode';
import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { toFailure } from '../../src/activities/failures.js';
import { execIn, findContainer, putFile } from '../../src/docker/container.js';
import { LocalHost } from '../../src/hosts/local-host.js';
import type { Finding } from '../../src/model/finding.js';
import type { Settings } from '../../src/model/settings.js';
import { runPreflight } from '../../src/preflight/index.js';
import { marker, renderLiveConfig } from '../../src/router/nginx-config.js';
import { engineSocket } from '../support/engine-socket.js';
import { settings as usual } from '../support/settings.js';
import { ownName } from '../support/names.js';

const question = { release: '3.11-slim-bookworm', kind: 'deploy' } as const;
const slot = `image: python:3.11-slim-bookworm
    init: true
    command: [sleep, infinity]
    healthcheck: { test: [CMD, "true"], interval: 1s }
    volumes: ['app-data:/app/data']`;
const router = `image: nginx:1.30
    volumes: ['router-config:/etc/nginx/conf.d']`;
const good = project({ blue: `profiles: [blue]\n    ${slot}`, green: `profiles: [green]\n    ${slot}`, router });
const env = 'S3_BUCKET="shop-backups" # of production\nS3_ENDPOINT=https://s3.example.org # of production\n';

let host: LocalHost;
let settings: Settings;

beforeEach(async ({ onTestFinished }) => {
  const directory = await mkdtemp(join(tmpdir(), 'pointsman-preflight-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  host = new LocalHost({ stateDirectory: join(directory, 'state') });
  settings = {
    ...usual,
    project: ownName('pm'),
    directory,
    image: 'python:{release}',
    replica: { service: 'litestream', requireEnv: ['S3_BUCKET', 'S3_ENDPOINT'] },
  };
  await writeFile(join(directory, '.env'), env);
});

function project({ blue, green, router }: Record<'blue' | 'green' | 'router', string>): string {
  return `services:
  app-blue:
    ${blue}
  app-green:
    ${green}
  router:
    ${router}
volumes: { app-data: {}, router-config: {} }
`;
}

async function findingsOf(compose: string, asked: Parameters<typeof runPreflight>[2] = question): Promise<Finding[]> {
  await writeFile(join(settings.directory, 'compose.yml'), compose);
  return [...(await runPreflight(host, settings, asked)).findings];
}

/** Starts services as a user would, and removes all of the project after the test. */
async function up(compose: string, ...services: string[]): Promise<void> {
  await writeFile(join(settings.directory, 'compose.yml'), compose);
  const project = ['compose', '-p', settings.project, '--profile', '*'];
  const options = { cwd: settings.directory };
  onTestFinished(async () => void (await execa('docker', [...project, 'down', '-v', '--timeout', '0'], options)));
  await execa('docker', [...project, 'up', '-d', '--wait', ...services], options);
}

/** All that the engine has of the project. */
async function left(): Promise<unknown[]> {
  const filters = { label: [`com.docker.compose.project=${settings.project}`] };
  const [containers, { Volumes }, networks] = await Promise.all([
    host.docker.listContainers({ all: true, filters }),
    host.docker.listVolumes({ filters }),
    host.docker.listNetworks({ filters }),
  ]);
  return [...containers, ...Volumes, ...networks];
}

describe('a project that was never deployed', () => {
  afterEach(async () => {
    expect(await left()).toEqual([]);
  });

  test('is ready when all is in order', async () => {
    expect(await findingsOf(good)).toEqual([]);
  });

  test('is told all that is wrong with it at once', async () => {
    await writeFile(join(settings.directory, '.env'), 'S3_BUCKET=s3://shop\n');
    const bad = project({
      blue: 'image: python:3.11-slim-bookworm',
      green: `profiles: [green]\n    ${slot.replace('test: [CMD, "true"]', 'disable: true')}`,
      router: `image: litestream/litestream:v0.5.8
    profiles: [blue]
    depends_on: [app-blue]
    volumes: ['./default.conf:/etc/nginx/conf.d/default.conf']
  litestream:
    image: litestream/litestream:v0.5.8`,
    });
    expect((await findingsOf(bad)).map(({ check, severity, message }) => [check, severity, message])).toEqual([
      ['slots', 'error', 'The service app-blue is not in the profile blue.'],
      ['slots', 'error', 'The service app-blue has no health check.'],
      ['slots', 'error', 'The service app-green has no health check.'],
      ['router', 'error', 'The router router is in a profile.'],
      ['router', 'error', 'The router router depends on app-blue.'],
      ['router', 'error', 'The router mounts the single file /etc/nginx/conf.d/default.conf.'],
      ['database', 'error', 'app-blue does not mount app-data above /app/data/app.db.'],
      ['images', 'error', "The image litestream/litestream:v0.5.8 does not exist: Litestream's tags have no v."],
      ['variables', 'error', 'S3_ENDPOINT has no value in .env.'],
      ['replica', 'error', 'S3_BUCKET is no valid bucket name.'],
      ['replica-service', 'error', 'litestream does not get the value of S3_BUCKET.'],
      ['replica-service', 'error', 'litestream does not mount app-data: it cannot see the database.'],
      [
        'replica-config',
        'warning',
        'litestream is killed 10 s after it is asked to stop, and its last sync may take longer.',
      ],
    ]);
  });

  test('is told that the release has no image, unless it is rolled back', async () => {
    settings = { ...settings, image: 'localhost:1/shop:{release}' };
    expect(await findingsOf(good)).toEqual([
      {
        check: 'images',
        severity: 'error',
        message: 'The image localhost:1/shop:3.11-slim-bookworm is not on the host and its registry does not answer.',
        fix: 'Check the network and the registry’s name, or load the image.',
      },
    ]);
    expect(await findingsOf(good, { ...question, kind: 'rollback' })).toEqual([]);
  });

  test.each([
    [
      'is missing a variable',
      `${good}x-a: \${MISSING_VARIABLE:?set it}`,
      /^Compose refuses the project: .*MISSING_VAR/,
    ],
    ['is not a Compose file', 'services: 3', /^Compose refuses the project: .*services/],
    ['is not YAML', 'services: [', /^Compose refuses the project: .*yaml/],
  ])('is told what Compose says where its file %s', async (_, compose, message) => {
    expect(await findingsOf(compose)).toEqual([
      {
        check: 'compose',
        severity: 'error',
        message: expect.stringMatching(message) as string,
        fix: 'Mend the compose file or its variables.',
      },
    ]);
  });
});

test('where Docker does not answer, that is all that is said', async () => {
  const socketPath = join(settings.directory, 'no.sock');
  host = new LocalHost({ stateDirectory: settings.directory, docker: new Docker({ socketPath }) });
  expect(await findingsOf('services: 3')).toEqual([
    {
      check: 'engine',
      severity: 'error',
      message: `Docker does not answer on local: connect ENOENT ${socketPath}.`,
      fix: 'Start Docker Engine: systemctl start docker.',
    },
  ]);
});

test('where Docker crashes meanwhile nothing is said: what was asked of it was not found wrong', async () => {
  const { docker, cut } = await engineSocket(settings.directory);
  const info = async (): Promise<never> => {
    // By then the other checks have their answers: what is asked in the very moment of the crash breaks off by itself.
    for (let turn = 0; turn < 50; turn += 1) await docker.ping();
    cut();
    await docker.ping().catch(() => undefined);
    throw new Error('no container can ask');
  };
  host = new LocalHost({ stateDirectory: host.stateDirectory, docker: Object.assign(docker, { info }) });
  settings = { ...settings, database: null, replica: null };
  const ended = await findingsOf(good).catch((error: unknown) => toFailure(error));
  expect(ended).toMatchObject({ type: 'DockerUnavailable' });
});

test('a check that cannot be made is a finding, and the others are made all the same', async () => {
  const docker = Object.assign(new Docker(), { info: () => Promise.reject(new Error('the engine is confused')) });
  host = new LocalHost({ stateDirectory: host.stateDirectory, docker });
  await writeFile(join(settings.directory, '.env'), 'S3_BUCKET=shop\n');
  expect((await findingsOf(good)).map(({ check, message }) => [check, message])).toEqual([
    ['variables', 'S3_ENDPOINT has no value in .env.'],
    ['disk', 'This could not be checked: the engine is confused.'],
  ]);
});

describe('a router that runs', () => {
  const config = renderLiveConfig({
    live: { slot: 'blue', release: 'v1' },
    service: 'app-blue',
    modern: true,
    port: usual.router.port,
    upstreamPort: 8000,
  });

  test('tells what is live, and preflight warns where the slots do not fit that', async () => {
    await up(good, 'router', 'app-green');
    await place(config);
    expect(await runPreflight(host, settings, question)).toEqual({
      live: { slot: 'blue', release: 'v1' },
      findings: [
        {
          check: 'live-slot',
          severity: 'warning',
          message: 'The router serves blue, but app-blue does not run: users get errors now.',
          fix: 'This deploy brings a slot up; look at its logs meanwhile.',
        },
        {
          check: 'leftover-slot',
          severity: 'warning',
          message: 'app-green runs though the router serves blue.',
          fix: 'It will be replaced by the new release.',
        },
      ],
    });
  });

  test('with a config that nginx would refuse now is an error with its reason', async () => {
    await up(good, 'router');
    await place(`${marker}\nserver { listen 5000; lissten 5001; }`);
    expect(await findingsOf(good)).toEqual([
      {
        check: 'router-health',
        severity: 'error',
        message:
          'nginx refuses the router\'s present config: unknown directive "lissten" in /etc/nginx/conf.d/default.conf:2.',
        fix: 'Mend it first: nginx would refuse the new one too.',
      },
    ]);
  });

  test('with an old nginx is a warning that says what may happen', async () => {
    // No second nginx image is needed for what only asks its version.
    const nginx = 'echo nginx version: nginx/1.26.3 >&2';
    const old = good.replace(
      'image: nginx:1.30',
      `image: python:3.11-slim-bookworm
    init: true
    command: [sh, -c, "printf '#!/bin/sh\\\\n${nginx}\\\\n' > /usr/bin/nginx && chmod +x /usr/bin/nginx && sleep infinity"]
    healthcheck: { test: [CMD, nginx, -v], interval: 1s }`,
    );
    await up(old, 'router');
    expect(await findingsOf(old)).toEqual([
      {
        check: 'router-health',
        severity: 'warning',
        message: "The router's nginx is older than 1.27.4: a reload may reset some kept connections.",
        fix: 'Use nginx 1.28 or later.',
      },
    ]);
  });

  /** Puts a config in place and reloads, as far as nginx takes it. */
  async function place(content: string): Promise<void> {
    const { docker } = host;
    const id = (await findContainer(docker, settings.project, 'router'))?.id ?? '';
    await putFile(docker, id, { directory: settings.router.configDirectory, name: 'default.conf', content });
    await execIn(docker, id, ['nginx', '-s', 'reload']);
  }
});
