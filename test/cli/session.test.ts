import { beforeEach, describe, expect, test, vi } from 'vitest';
import { Session } from '../../src/cli/session.js';
import { settings } from '../support/settings.js';
import { SshHome } from '../support/ssh-home.js';

let home: SshHome;
beforeEach(async () => {
  home = await SshHome.create();
  vi.stubEnv('HOME', home.path);
  return () => home[Symbol.asyncDispose]();
});

/** How the worker on one machine reaches the app on another: `null` is its own machine. */
function hostOfWorker(via: string, host: string): Promise<string | null> {
  vi.stubEnv('POINTSMAN_VIA', via);
  return new Session().hostOfWorker({ ...settings, host });
}

const pin = (letter: string): string => `?fingerprint=SHA256:${letter.repeat(43)}`;

describe('the worker deploys to its own machine', () => {
  const same: [what: string, via: string, host: string, config?: string][] = [
    ['whoever logs in', 'ssh://pointsman@gw', 'ssh://deploy@gw'],
    ['by a port that is the usual one', 'ssh://pointsman@gw', 'ssh://deploy@gw:22'],
    ['by a name in other letters', 'ssh://pointsman@gw.example.org', 'ssh://deploy@GW.Example.org'],
    ['by an alias', 'ssh://shop', 'ssh://deploy@192.0.2.1:2201', 'Host shop\n HostName 192.0.2.1\n Port 2201\n'],
    ['by two aliases', 'ssh://shop', 'ssh://web', 'Host shop web\n HostName 192.0.2.1\n'],
    ['behind the same host', 'ssh://ada@shop', 'ssh://bob@shop', 'Host shop\n ProxyJump gw:2201\n'],
    ['with its key pinned once', `ssh://pointsman@gw${pin('A')}`, 'ssh://deploy@gw'],
    ['with the same key pinned twice', `ssh://pointsman@gw${pin('A')}`, `ssh://deploy@gw${pin('A')}=`],
  ];
  test.each(same)('%s', async (_, via, host, config = '') => {
    await home.write({ config });
    expect(await hostOfWorker(via, host)).toBeNull();
  });
});

describe('the worker deploys to another machine', () => {
  const jumps = 'Host inner\n HostName 10.0.0.5\nMatch originalhost inner user ada\n ProxyJump gw1\n';
  const other: [what: string, via: string, host: string, config?: string][] = [
    ['by another name', 'ssh://pointsman@gw', 'ssh://deploy@shop'],
    ['by another port of the same name', 'ssh://pointsman@gw:2201', 'ssh://deploy@gw:2202'],
    ['by the usual port of the same name', 'ssh://pointsman@gw:2201', 'ssh://deploy@gw'],
    ['by a port of its own for one alias', 'ssh://a', 'ssh://b', 'Host a b\n HostName gw\nHost b\n Port 2202\n'],
    ['by its address, which may be another name', 'ssh://pointsman@shop.example.org', 'ssh://deploy@192.0.2.1'],
    ['behind another host', 'ssh://ada@inner', 'ssh://bob@inner', `${jumps}Host inner\n ProxyJump gw2\n`],
    ['behind a host where the other is not', 'ssh://ada@inner', 'ssh://bob@inner', jumps],
    ['with another key pinned', `ssh://pointsman@gw${pin('A')}`, `ssh://deploy@gw${pin('B')}`],
    ['with another name for its key', 'ssh://a', 'ssh://b', 'Host a b\n HostName gw\nHost b\n HostKeyAlias b\n'],
    ['over another protocol', 'ssh://a', 'ssh://b', 'Host a b\n HostName gw\nHost b\n AddressFamily inet6\n'],
  ];
  test.each(other)('%s', async (_, via, host, config = '') => {
    await home.write({ config });
    expect(await hostOfWorker(via, host)).toBe(host);
  });
});
