import { mkdtemp, rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type Docker from 'dockerode';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { execIn, inspectContainer, putFile } from '../../src/docker/container.js';
import { LocalHost } from '../../src/hosts/local-host.js';
import type { Settings } from '../../src/model/settings.js';
import { RouterDownError } from '../../src/router/live-slot.js';
import { Nginx, RouterConfigError } from '../../src/router/nginx.js';
import { renderLiveConfig, renderPlaceholder, statusPath } from '../../src/router/nginx-config.js';
import { settings as usual } from '../support/settings.js';
import { ownName } from '../support/names.js';

const timestamp = '20261123T092334Z';
const directory = usual.router.configDirectory;
const slot = { service: 'app-green', upstreamPort: 8000, port: usual.router.port, modern: true } as const;
const green = renderLiveConfig({ ...slot, live: { slot: 'green', release: 'v2' } });
const placeholder = renderPlaceholder(usual.router.port);

let host: LocalHost;
let settings: Settings;

beforeEach(async () => {
  const stateDirectory = await mkdtemp(join(tmpdir(), 'pointsman-router-'));
  host = new LocalHost({ stateDirectory });
  settings = { ...usual, project: ownName('pm') };
  return () => rm(stateDirectory, { recursive: true, force: true });
});

/** A router's container as Compose makes it, and not started: removed after the test with its volume. */
async function createRouter(): Promise<Docker.Container> {
  const volume = `${settings.project}_router-config`;
  await host.docker.createVolume({ Name: volume });
  onTestFinished(() => host.docker.getVolume(volume).remove({ force: true }));
  const container = await host.docker.createContainer({
    name: `${settings.project}-router-1`,
    Image: 'nginx:1.30',
    Labels: {
      'com.docker.compose.project': settings.project,
      'com.docker.compose.service': settings.router.service,
      'com.docker.compose.oneoff': 'False',
    },
    HostConfig: { Mounts: [{ Type: 'volume', Source: volume, Target: directory }] },
  });
  onTestFinished(() => container.remove({ force: true, v: true }) as Promise<void>);
  return container;
}

async function find(): Promise<Nginx> {
  const nginx = await Nginx.find(host, settings);
  if (!nginx) throw new Error('the router was not found');
  return nginx;
}

/** A router that runs with a config in place. */
async function runRouter(config = placeholder): Promise<{ container: Docker.Container; nginx: Nginx }> {
  const container = await createRouter();
  await (await find()).place(config);
  await container.start();
  const nginx = await find();
  await expect.poll(() => nginx.workers(), { timeout: 30_000 }).not.toEqual([]);
  return { container, nginx };
}

async function filesIn({ id }: Docker.Container): Promise<string[]> {
  return (await execIn(host.docker, id, ['ls', directory])).stdout.trim().split('\n');
}

describe('a router', () => {
  test('that was never created is not found', async () => {
    expect(await Nginx.find(host, settings)).toBeNull();
  });

  test('gets its first config before it has ever run', async () => {
    const container = await createRouter();
    const nginx = await find();
    expect(nginx.running).toBe(false);
    await nginx.place(placeholder);
    expect(await nginx.readConfig()).toBe(placeholder);
    await container.start();
    expect((await execIn(host.docker, container.id, ['nginx', '-t'])).exitCode).toBe(0);
    expect((await find()).running).toBe(true);
  });

  test('of version 1.30 needs no older config', async () => {
    const { nginx } = await runRouter();
    expect(await nginx.isModern()).toBe(true);
  });
});

describe('a config for a slot whose name does not resolve', () => {
  test('is accepted and loaded: a slot that is down must not keep the router from starting', async () => {
    const { container, nginx } = await runRouter();
    await nginx.install(green, timestamp);
    await nginx.reload();
    expect(await nginx.readConfig()).toBe(green);
    const { exitCode, stderr } = await execIn(host.docker, container.id, ['nginx', '-t']);
    expect([exitCode, stderr]).toEqual([0, expect.stringContaining('test is successful')]);

    await container.restart({ t: 0 });
    const { address } = await inspectContainer(host.docker, container.id);
    const request = { host: address ?? '', port: settings.router.port, path: statusPath, timeoutMs: 3000 };
    await expect
      .poll(() => host.request(request).catch(() => null), { timeout: 30_000 })
      .toMatchObject({ status: 200, body: '{"slot":"green","release":"v2"}' });
  });

  test('is refused by name in the form for an nginx before 1.27.4, which looks it up at once', async () => {
    const { nginx } = await runRouter();
    const old = renderLiveConfig({ ...slot, modern: false, live: { slot: 'green', release: 'v2' } });
    await expect(nginx.install(old, timestamp)).rejects.toThrow('host not found in upstream "app-green:8000"');
    expect(await nginx.readConfig()).toBe(placeholder);
  });
});

describe('a config that nginx refuses', () => {
  const broken = green.replace('proxy_pass ', 'proxy_pas ');

  test('leaves the one before in place, and the message names the directive', async () => {
    const { container, nginx } = await runRouter();
    const refused = nginx.install(broken, timestamp);
    await expect(refused).rejects.toThrow(RouterConfigError);
    await expect(refused).rejects.toThrow(/^unknown directive "proxy_pas" in \S+:\d+$/);
    expect(await nginx.readConfig()).toBe(placeholder);
    expect(await nginx.readPrevious(timestamp)).toBeNull();
    expect((await filesIn(container)).filter((name) => name.endsWith('.conf'))).toEqual(['default.conf']);
  });

  test("leaves nginx's directories of temporary files to its workers: a large answer is on its way through one", async () => {
    const { container, nginx } = await runRouter('server { listen 5001; location / { return 204; } }\n');
    const everything = 'stat -c "%n %U" /var/lib/nginx/* /var/cache/nginx/* 2>/dev/null';
    const owners = () => execIn(host.docker, container.id, ['sh', '-c', everything]);
    const before = (await owners()).stdout;
    expect(before).toContain('proxy');
    // Accepted by itself and refused with the rest, so that nothing after the first test puts them right again.
    const other = 'server { listen 5000 default_server; return 204; }\n';
    await putFile(host.docker, container.id, { directory, name: 'other.conf', content: other });
    await expect(nginx.install(green, timestamp)).rejects.toThrow('a duplicate default server');
    expect((await owners()).stdout).toBe(before);
  });

  test('only together with another file there is taken back as well', async () => {
    const { container, nginx } = await runRouter('# Empty.\n');
    const other = 'server { listen 5000 default_server; return 204; }\n';
    await putFile(host.docker, container.id, { directory, name: 'other.conf', content: other });
    await expect(nginx.install(green, timestamp)).rejects.toThrow('a duplicate default server for 0.0.0.0:5000');
    expect(await nginx.readConfig()).toBe('# Empty.\n');
    expect((await execIn(host.docker, container.id, ['nginx', '-t'])).exitCode).toBe(0);
  });

  test('is told apart from an nginx that dies under the question, which is asked again', async () => {
    const { container, nginx } = await runRouter();
    const dying = '#!/bin/sh\nkill -9 $$\n';
    const script = 'printf %s "$1" >/usr/local/bin/nginx && chmod +x /usr/local/bin/nginx';
    await execIn(host.docker, container.id, ['sh', '-c', script, 'sh', dying]);
    for (const ask of [() => nginx.reload(), () => nginx.install(green, timestamp)]) {
      const ended: unknown = await ask().catch((error: unknown) => error);
      expect(ended).toBeInstanceOf(RouterDownError);
      expect(String(ended)).toContain('nginx in the router ended with 137');
    }
    await execIn(host.docker, container.id, ['rm', '/usr/local/bin/nginx']);
    await nginx.install(green, timestamp);
    await nginx.reload();
    expect(await nginx.readConfig()).toBe(green);
  });

  test('is not loaded, and the reload says why', async () => {
    const { nginx } = await runRouter();
    await nginx.place(broken);
    await expect(nginx.reload()).rejects.toThrow('unknown directive "proxy_pas"');
  });
});

describe('a reload for a slot', () => {
  const tools = ['curl', 'wget', 'bash'];

  /** Leaves the router one way to ask, or none: images differ in what they have. */
  async function withOnly(tool: string | null, { id }: Docker.Container): Promise<void> {
    const script = 'for t in $1; do p=$(command -v "$t") && mv "$p" "$p.away"; done; true';
    const gone = tools.filter((name) => name !== tool).join(' ');
    await execIn(host.docker, id, ['sh', '-c', script, 'sh', gone]);
  }

  test('is not done while the router cannot reach it', async () => {
    const { container, nginx } = await runRouter();
    await withOnly('bash', container);
    const before = await nginx.workers();
    expect(await nginx.reloadIfItReaches('app-green', 8000)).toBe(false);
    expect(await nginx.reloadIfItReaches('127.0.0.1', 1)).toBe(false);
    expect(await nginx.remaining(before)).toEqual(before);
  });

  test('is done once it does', async () => {
    const { container, nginx } = await runRouter();
    await withOnly('bash', container);
    const before = await nginx.workers();
    expect(await nginx.reloadIfItReaches('127.0.0.1', settings.router.port)).toBe(true);
    await expect.poll(() => nginx.remaining(before), { timeout: 30_000 }).toEqual([]);
  });

  test.each([
    ['curl', 7],
    ['wget', 4],
  ])('takes the word of %s, where that is what the router has', async (tool, noConnection) => {
    const { container, nginx } = await runRouter();
    await withOnly(tool, container);
    for (const [code, reached] of [
      [noConnection, false],
      [0, true],
    ] as const) {
      const script = `printf '#!/bin/sh\\nexit ${code}\\n' >/usr/local/bin/${tool} && chmod +x /usr/local/bin/${tool}`;
      await execIn(host.docker, container.id, ['sh', '-c', script]);
      expect(await nginx.reloadIfItReaches('app-green', 8000)).toBe(reached);
    }
  });

  test('is done without a question where the router has nothing to ask with', async () => {
    const { container, nginx } = await runRouter();
    await withOnly(null, container);
    expect(await nginx.reloadIfItReaches('app-green', 8000)).toBe(true);
  });
});

describe('the config before', () => {
  test('is kept once, also when the step runs a second time', async () => {
    const { container, nginx } = await runRouter();
    await nginx.install(green, timestamp);
    await nginx.install(green, timestamp);
    expect(await nginx.readConfig()).toBe(green);
    expect(await nginx.readPrevious(timestamp)).toBe(placeholder);
    expect(await filesIn(container)).toEqual(['default.conf', `default.conf.${timestamp}.previous`]);
  });

  test('is whole, also where the router died in the middle of its copy', async () => {
    const { container, nginx } = await runRouter();
    const halfCopy = '#!/bin/sh\nhead -c 20 "$2" >"$3"\nexit 137\n';
    const script = 'printf %s "$1" >/usr/local/bin/cp && chmod +x /usr/local/bin/cp';
    await execIn(host.docker, container.id, ['sh', '-c', script, 'sh', halfCopy]);
    await expect(nginx.install(green, timestamp)).rejects.toThrow();
    expect(await nginx.readConfig()).toBe(placeholder);
    await execIn(host.docker, container.id, ['rm', '/usr/local/bin/cp']);
    await nginx.install(green, timestamp);
    expect(await nginx.readPrevious(timestamp)).toBe(placeholder);
    expect(await filesIn(container)).toEqual(['default.conf', `default.conf.${timestamp}.previous`]);
  });

  test('is absent where there was none', async () => {
    const { container, nginx } = await runRouter();
    await execIn(host.docker, container.id, ['rm', `${directory}/default.conf`]);
    await nginx.install(green, timestamp);
    expect(await nginx.readPrevious(timestamp)).toBeNull();
    expect(await filesIn(container)).toEqual(['default.conf']);
  });

  test('is removed once it is that of an older deploy', async () => {
    const { nginx } = await runRouter();
    await nginx.install(green, '20261122T000000Z');
    await nginx.install(placeholder, timestamp);
    await nginx.removePrevious(timestamp);
    expect(await nginx.readPrevious('20261122T000000Z')).toBeNull();
    expect(await nginx.readPrevious(timestamp)).toBe(green);
  });
});

describe('after a reload', () => {
  /**
   * A connection on which one request was answered and the next one has begun. Both are sent at once, so the
   * answer tells that nginx has the beginning of the next one.
   */
  async function unfinishedRequest(address: string): Promise<Socket> {
    const socket = connect(settings.router.port, address);
    onTestFinished(() => void socket.destroy());
    socket.write(`GET ${statusPath} HTTP/1.1\r\nHost: shop\r\n\r\nGET ${statusPath} HTTP/1.1\r\n`);
    await new Promise((resolve, reject) => socket.once('data', resolve).once('error', reject));
    return socket;
  }

  test('other workers answer, and the old ones are gone once they have nothing to do', async () => {
    const { nginx } = await runRouter();
    const old = await nginx.workers();
    expect(await nginx.remaining(old)).toEqual(old);
    await nginx.install(green, timestamp);
    await nginx.reload();
    await expect.poll(() => nginx.remaining(old), { timeout: 30_000 }).toEqual([]);
    expect(await nginx.workers()).toHaveLength(old.length);
  });

  test('an old worker stays for as long as it has an unfinished request', async () => {
    const { container, nginx } = await runRouter();
    const { address } = await inspectContainer(host.docker, container.id);
    const socket = await unfinishedRequest(address ?? '');
    const old = await nginx.workers();
    await nginx.reload();
    await expect.poll(() => nginx.remaining(old), { timeout: 30_000 }).toHaveLength(1);
    socket.destroy();
    await expect.poll(() => nginx.remaining(old), { timeout: 30_000 }).toEqual([]);
  });
});
