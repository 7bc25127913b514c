import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { SshHost } from '../../src/hosts/ssh/ssh-host.js';
import type { SshEnvironment } from '../../src/hosts/ssh/environment.js';
import { SshHome } from '../support/ssh-home.js';
import { SshServer } from '../support/ssh-server.js';

let server: SshServer;
let home: SshHome;
beforeAll(async () => {
  server = await SshServer.start();
});
afterAll(() => server?.[Symbol.asyncDispose]());
beforeEach(async () => {
  home = await SshHome.create();
  return () => home[Symbol.asyncDispose]();
});

async function connect(url: string, changes: Partial<SshEnvironment> = {}): Promise<string> {
  const host = await SshHost.open(url, await server.environment({ home: home.path, ...changes }));
  const { stdout } = await host.run({ argv: ['echo', 'here'] });
  host.close();
  return stdout.trim();
}

describe('a host of ~/.ssh/config', () => {
  test('has a port, a user and a key, and is behind another host', async () => {
    const behind = await SshServer.start();
    onTestFinished(() => behind[Symbol.asyncDispose]());
    const config = `
Host bastion
  HostName 127.0.0.1
  Port ${server.port}
  User root
  IdentityFile ${server.keyFile}
Host shop
  HostName 127.0.0.1
  Port ${behind.port}
  User root
  IdentityFile ${behind.keyFile}
  ProxyJump bastion
`;
    await home.write({ config, known_hosts: `${await server.knownHosts()}${await behind.knownHosts()}` });
    expect(await connect('ssh://shop', { key: null, knownHosts: null, user: 'nobody' })).toBe('here');
    // Without the host in front there is no way to the one behind it.
    await server.down();
    onTestFinished(() => server.up());
    await expect(connect('ssh://shop', { key: null, knownHosts: null })).rejects.toThrow('ssh://bastion');
  });

  test('that is reached by a command is refused, and not connected to directly', async () => {
    const config = `Host shop\n  HostName 127.0.0.1\n  Port ${server.port}\n  User root\n  ProxyCommand nc inner %p\n`;
    await home.write({ config });
    await expect(connect('ssh://shop')).rejects.toMatchObject({
      problem: 'usage',
      message: `${home.directory}/config line 5: pointsman does not support ProxyCommand. Name the host to go through with ProxyJump.`,
    });
  });

  test('is found in a file that is included', async () => {
    const shop = `Host shop\n  HostName 127.0.0.1\n  Port ${server.port}\n  User root\n`;
    await home.write({ config: 'Include conf.d/*\n', 'conf.d/shop': shop });
    expect(await connect('ssh://shop')).toBe('here');
  });

  test('may have a name of its own in known_hosts, which goes without the port', async () => {
    await home.write({ config: 'HostKeyAlias shop-key\n' });
    const [, type, key] = (await server.knownHosts()).trim().split(' ');
    expect(await connect(server.url, { knownHosts: `shop-key ${type} ${key}` })).toBe('here');
  });

  test('may be reached over one protocol only, from one address', async () => {
    const names = `HostName localhost\n  Port ${server.port}\n  User root\n  HostKeyAlias [127.0.0.1]:${server.port}`;
    await home.write({
      config: `Host shop\n  ${names}\n  AddressFamily inet\n  BindAddress 127.0.0.1\nHost six\n  ${names}\n  AddressFamily inet6\n`,
    });
    expect(await connect('ssh://shop')).toBe('here');
    // The server does not listen there.
    await expect(connect('ssh://six')).rejects.toMatchObject({ problem: 'unreachable' });
  });
});
