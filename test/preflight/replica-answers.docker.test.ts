import { createServer, type AddressInfo } from 'node:net';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { ComposeConfig } from '../../src/docker/compose.js';
import { findContainer } from '../../src/docker/container.js';
import type { Host } from '../../src/hosts/host.js';
import { LocalHost } from '../../src/hosts/local-host.js';
import { replicaAnswers } from '../../src/preflight/checks/replica-answers.js';
import { settings } from '../support/settings.js';
import { services, world } from './support.js';
import { ownName } from '../support/names.js';

/** A real S3 server on a network of this file alone. */
const network = ownName('answers');
const server = `${network}-s3`;
const good = {
  LITESTREAM_R2_ENDPOINT: `http://${server}:9000`,
  LITESTREAM_R2_BUCKET: 'shop-backups',
  LITESTREAM_R2_ACCESS_KEY_ID: 'test-access-key',
  LITESTREAM_R2_SECRET_ACCESS_KEY: 'test-secret-key-of-this-test',
};
const secret = good.LITESTREAM_R2_SECRET_ACCESS_KEY;
const serving = 'mkdir -p /data/shop-backups && exec minio server /data';

/** Runs an S3 server. */
function s3(name: string, start: string, more: readonly string[] = []): string[] {
  const user = ['-e', `MINIO_ROOT_USER=${good.LITESTREAM_R2_ACCESS_KEY_ID}`, '-e', `MINIO_ROOT_PASSWORD=${secret}`];
  const image = 'minio/minio:RELEASE.2025-09-07T16-13-09Z';
  const options = ['--name', name, '--network', network, ...user, ...more, '--entrypoint', 'sh'];
  return ['run', '-d', ...options, image, '-c', start];
}

let host: LocalHost;
let gateway: string;

beforeAll(async () => {
  const directory = await mkdtemp(join(tmpdir(), 'pointsman-answers-'));
  host = new LocalHost({ stateDirectory: directory });
  await execa('docker', ['network', 'create', network]);
  const inspected = await execa('docker', ['network', 'inspect', '-f', '{{(index .IPAM.Config 0).Gateway}}', network]);
  gateway = inspected.stdout;
  await execa('docker', s3(server, serving));
  const ready = ['exec', server, 'bash', '-c', '</dev/tcp/127.0.0.1/9000'];
  while ((await execa('docker', ready, { reject: false })).exitCode !== 0) await pause(100);
  return () => rm(directory, { recursive: true, force: true });
});

afterAll(async () => {
  await execa('docker', ['rm', '-f', '-v', server], { reject: false });
  await execa('docker', ['network', 'rm', network], { reject: false });
});

function found(changed: Partial<typeof good> = {}, asker: Host = host, more: ComposeConfig['services'] = {}) {
  const litestream = { ...services.litestream, networks: { default: null }, volumes: [] };
  return replicaAnswers.run(
    world({
      host: asker,
      settings: { ...settings, replica: { service: 'litestream', requireEnv: Object.keys(good) } },
      config: { services: { ...services, litestream, ...more }, networks: { default: { name: network } } },
      variables: new Map(Object.entries({ ...good, ...changed })),
    }),
  );
}

async function messages(...asked: Parameters<typeof found>): Promise<string[]> {
  const said = await found(...asked);
  expect(JSON.stringify(said)).not.toContain(secret);
  return said.map(({ severity, message }) => `${severity}: ${message}`);
}

/** The same host with its clock elsewhere. */
function withClock(ahead: number): Host {
  const now = `${Math.round(Date.now() / 1000) + ahead}\n`;
  const usual = host.tryRun.bind(host);
  const tryRun: Host['tryRun'] = async (command, options) => {
    const ended = await usual(command, options);
    return command.argv[0] === 'date' ? { ...ended, stdout: now } : ended;
  };
  return new Proxy(host, { get: (real, name) => (name === 'tryRun' ? tryRun : Reflect.get(real, name)) as unknown });
}

/** A TCP server on this machine that containers reach. */
async function listening(answer: string | null): Promise<string> {
  const sockets = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    if (answer !== null) socket.on('data', () => socket.end(answer));
  });
  await new Promise<void>((resolve) => sockets.listen(0, '0.0.0.0', resolve));
  onTestFinished(() => void sockets.close());
  return `http://${gateway}:${(sockets.address() as AddressInfo).port}`;
}

test('a bucket that answers has nothing to be said of', async () => {
  expect(await found()).toEqual([]);
});

test.each([
  [{ LITESTREAM_R2_BUCKET: 'nowhere' }, `There is no bucket of the name in LITESTREAM_R2_BUCKET at ${server}:9000.`],
  [
    { LITESTREAM_R2_ACCESS_KEY_ID: 'other-access-key' },
    `The storage at ${server}:9000 does not know the key in LITESTREAM_R2_ACCESS_KEY_ID.`,
  ],
  [
    { LITESTREAM_R2_SECRET_ACCESS_KEY: 'other-secret-key' },
    `The storage at ${server}:9000 refuses the signature: LITESTREAM_R2_SECRET_ACCESS_KEY is not the secret of the key in LITESTREAM_R2_ACCESS_KEY_ID.`,
  ],
  [
    { LITESTREAM_R2_ENDPOINT: 'http://s3.invalid:9000' },
    'The host of LITESTREAM_R2_ENDPOINT, s3.invalid:9000, is not found from local.',
  ],
  [
    { LITESTREAM_R2_ENDPOINT: `http://${server}:9001` },
    `${server}:9001 (LITESTREAM_R2_ENDPOINT) refuses connections from local.`,
  ],
  [
    { LITESTREAM_R2_ENDPOINT: `https://${server}:9000` },
    expect.stringMatching(
      new RegExp(`No TLS connection to ${server}:9000 \\(LITESTREAM_R2_ENDPOINT\\): [\\w ]+\\.$`),
    ) as string,
  ],
])('%o is an error of its own', async (changed, message) => {
  expect(await messages(changed)).toEqual([typeof message === 'string' ? `error: ${message}` : message]);
});

test.each([-3600, 3600])('a clock that is %i s off is told from a wrong secret', async (ahead) => {
  expect(await messages({}, withClock(ahead))).toEqual([
    `error: The clock of local is not that of the storage at ${server}:9000: it refuses every request.`,
  ]);
});

test('a web page in the place of the storage is no storage', async () => {
  const endpoint = await listening('HTTP/1.1 404 Not Found\r\nContent-Length: 6\r\n\r\n<html>');
  expect(await messages({ LITESTREAM_R2_ENDPOINT: endpoint })).toEqual([
    `error: ${endpoint.slice('http://'.length)} (LITESTREAM_R2_ENDPOINT) answers with status 404, and not as S3 storage does.`,
  ]);
});

test('storage that takes connections and does not answer ends within a bounded time', async () => {
  const endpoint = await listening(null);
  expect(await messages({ LITESTREAM_R2_ENDPOINT: endpoint })).toEqual([
    `error: ${endpoint.slice('http://'.length)} (LITESTREAM_R2_ENDPOINT) did not answer within 10 s.`,
  ]);
});

test('a server of the project that was started a moment ago is waited for', async () => {
  const name = `${network}-own`;
  const labels = { project: settings.project, service: name, oneoff: 'False' };
  const labelled = Object.entries(labels).flatMap(([key, value]) => ['--label', `com.docker.compose.${key}=${value}`]);
  const health = ['--health-cmd', 'bash -c "</dev/tcp/127.0.0.1/9000"', '--health-interval', '1s'];
  const start = `until test -e /tmp/go; do sleep 0.1; done; ${serving}`;
  onTestFinished(async () => void (await execa('docker', ['rm', '-f', '-v', name])));
  await execa('docker', s3(name, start, [...labelled, ...health, '--health-retries', '30']));
  const asked = messages({ LITESTREAM_R2_ENDPOINT: `http://${name}:9000` }, host, { [name]: {} });
  const looks = async () => (await host.docker.getContainer(name).inspect()).State.Health?.Log.length ?? 0;
  await expect.poll(looks, { timeout: 30_000 }).toBeGreaterThan(0);
  await execa('docker', ['exec', name, 'touch', '/tmp/go']);
  expect(await asked).toEqual([]);
  expect((await findContainer(host.docker, settings.project, name))?.health).toBe('healthy');
});

test('nothing is left of asking', async () => {
  await found();
  const { stdout } = await execa('docker', ['ps', '-a', '--filter', `network=${network}`, '--format', '{{.Names}}']);
  expect(stdout).toBe(server);
});
