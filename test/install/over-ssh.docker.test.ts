import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { ContainerHost } from '../support/container-host.js';
import { makeKey } from '../support/ssh-server.js';

// It ships the whole program.
vi.setConfig({ testTimeout: 300_000 });

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

let server: ContainerHost;
let address: string;
let directory: string;
let knownHosts: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pointsman-over-ssh-'));
  for (const name of ['admin', 'ci']) await makeKey(join(directory, name));
  server = await ContainerHost.boot();
  address = await server.address();
  await server.sh('mkdir -p -m 700 /root/.ssh; ssh-keygen -A; systemctl start ssh');
  await server.writeFile('/root/.ssh/authorized_keys', await readFile(join(directory, 'admin.pub'), 'utf8'), 0o600);
});
afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
});

/** A command of a person, or of CI, with a key of theirs. */
function pointsman(key: 'admin' | 'ci', ...args: string[]) {
  const env = {
    POINTSMAN_SSH_KEY: join(directory, key),
    POINTSMAN_KNOWN_HOSTS: knownHosts,
    // No keys and known hosts of whoever runs the test; Temporal's command line is where script/setup keeps it.
    HOME: directory,
    POINTSMAN_CACHE: process.env['POINTSMAN_CACHE'] ?? join(homedir(), '.cache/pointsman'),
    CI: '1',
  };
  return execa(process.execPath, [main, ...args], { cwd: directory, env, reject: false, all: true });
}

test('the first connection shows the key of the host, and does nothing until it is known', async () => {
  knownHosts = 'nobody ssh-ed25519 AAAA';
  const { exitCode, all } = await pointsman('admin', 'host', 'install', `ssh://root@${address}`);
  expect(exitCode).toBe(76);
  knownHosts = all.split('\n').at(-1) ?? '';
  expect(knownHosts).toMatch(new RegExp(`^${address} ssh-ed25519 AAAA`));
  expect(await server.sh('ls /opt')).toBe('');
});

test('a server is set up over SSH, and says what CI has to store', async () => {
  const args = ['host', 'install', `ssh://root@${address}`, '--key', join(directory, 'ci.pub')];
  const { exitCode, all } = await pointsman('admin', ...args);
  expect(exitCode, all).toBe(0);
  expect(all).toContain(`POINTSMAN_VIA=ssh://pointsman@${address}`);
  expect(all).toContain(knownHosts);
});

test('its status is well', async () => {
  const { exitCode, all } = await pointsman('admin', 'host', 'status', `ssh://root@${address}`, '--json');
  expect(exitCode, all).toBe(0);
  expect(JSON.parse(all)).toMatchObject({ problems: [] });
});

test("the key of CI reaches Temporal, sends a release, and gets the worker's answer, all through the installed server", async () => {
  await writeFile(join(directory, 'pointsman.yml'), 'project: shop\nimage: shop.invalid/shop:{release}\n');
  const health = 'healthcheck: { test: [CMD, "true"] }';
  const slot = (name: string) =>
    `  app-${name}: { image: "\${${name.toUpperCase()}_IMAGE:-shop}", profiles: [${name}], ${health} }`;
  const router = '  router: { image: "nginx:1.30", volumes: ["conf:/etc/nginx/conf.d"] }';
  const compose = ['services:', slot('blue'), slot('green'), router, 'volumes: { conf: {} }', ''];
  await writeFile(join(directory, 'compose.yml'), compose.join('\n'));
  const { exitCode, all } = await pointsman('ci', 'deploy', '--release', 'v1', '--via', `ssh://pointsman@${address}`);
  // The worker there read the files that were sent, and its preflight found what is wrong with this release.
  expect(all).toContain('The image shop.invalid/shop:v1 is not on the host and its registry does not answer.');
  expect(exitCode).toBe(3);
});

test('the same key runs nothing else there', async () => {
  const { exitCode, all } = await pointsman('ci', 'status', '--via', `ssh://pointsman@${address}`);
  expect(all).toContain('this key opens the tunnel to Temporal and sends releases, nothing else');
  expect(exitCode).toBe(76);
});
