import { userInfo } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { beforeEach, describe, expect, test } from 'vitest';
import type { ClientConfig } from '../../src/hosts/ssh/client-config/client-config.js';
import { SshHome } from '../support/ssh-home.js';

let home: SshHome;
beforeEach(async () => {
  home = await SshHome.create();
  return () => home[Symbol.asyncDispose]();
});

type Files = Readonly<Record<string, string>>;

/** What `ssh` says of a host, by keyword. */
async function askSsh(url: string): Promise<(keyword: string) => string[]> {
  const options = { env: { HOME: home.path, SSH_AUTH_SOCK: undefined }, input: '' };
  const { stdout } = await execa('ssh', ['-F', join(home.directory, 'config'), '-G', url], options);
  const lines = stdout.split('\n').map((line) => /^(\S+) (.*)$/.exec(line)?.slice(1) ?? []);
  return (keyword) => lines.filter(([name]) => name === keyword).map(([, value]) => value ?? '');
}

/** `ssh` puts in the home directory of the account where pointsman goes by HOME, and into some paths nothing at all. */
function expanded(path: string, { hostname, port, user }: ClientConfig): string {
  const tokens: Record<string, string> = {
    d: home.path,
    u: userInfo().username,
    h: hostname,
    r: user,
    p: String(port),
  };
  return path
    .replace(/^~(?=\/)/, home.path)
    .replace(new RegExp(`^${userInfo().homedir}(?=/)`), home.path)
    .replace(/%(.)/g, (token, letter: string) => tokens[letter] ?? token.slice(1));
}

const usualKnownHosts = ['.ssh/known_hosts', '.ssh/known_hosts2'];
const usualGlobalKnownHosts = ['/etc/ssh/ssh_known_hosts', '/etc/ssh/ssh_known_hosts2'];

async function compare(files: Files, url = 'ssh://shop'): Promise<void> {
  await home.write({ config: '', ...files });
  const [ours, said] = await Promise.all([home.resolve(url), askSsh(url)]);
  const paths = (texts: string[]) => texts.filter((text) => text !== 'none').map((text) => expanded(text, ours));
  const listed = (keyword: string) => said(keyword).flatMap((text) => text.split(' '));
  expect({
    ...ours,
    port: String(ours.port),
    bindAddress: ours.bindAddress ?? undefined,
    hostKeyAlias: ours.hostKeyAlias ?? undefined,
    proxyJump: ours.proxyJump ?? undefined,
    agentSocket: ours.agentSocket ?? undefined,
    identityFiles: ours.identityFiles ?? 'the usual ones',
    userKnownHostsFiles: ours.userKnownHostsFiles ?? usualKnownHosts.map((name) => join(home.path, name)),
    globalKnownHostsFiles: ours.globalKnownHostsFiles ?? usualGlobalKnownHosts,
  }).toEqual({
    hostname: said('hostname')[0],
    port: said('port')[0],
    user: said('user')[0],
    addressFamily: said('addressfamily')[0],
    bindAddress: said('bindaddress')[0],
    hostKeyAlias: said('hostkeyalias')[0],
    proxyJump: said('proxyjump')[0],
    agentSocket: paths(said('identityagent'))[0],
    identitiesOnly: said('identitiesonly')[0] === 'yes',
    identityFiles: said('identityfile').length === 7 ? 'the usual ones' : paths(said('identityfile')),
    userKnownHostsFiles: paths(listed('userknownhostsfile')),
    globalKnownHostsFiles: paths(listed('globalknownhostsfile')),
    unusable: [],
  });
}

describe('a host is resolved as ssh resolves it', () => {
  const configs: [what: string, config: string, url?: string][] = [
    ['without a configuration', ''],
    ['in capital letters', '', 'ssh://SHOP.Example.org'],
    ['with user and port in the address', 'User ada\nPort 2201\n', 'ssh://deploy@shop:2202'],
    ['with an alias', 'Host shop\n  HostName shop.example.org\n  Port 2201\n  User ada\n'],
    ['with keywords in any letters', 'HOST shop\n hostNAME shop.example.org\n pORT 2201\n'],
    ['with equals signs', 'Host=shop\n  HostName=shop.example.org\n  Port = 2201\n  User =ada\n'],
    ['with tabs and carriage returns', 'Host\tshop\r\n\tHostName\tshop.example.org\r\n\tPort  2201  \r\n'],
    ['with comments', '# Host other\nHost shop # ours\n  HostName shop.example.org # there\n  User ada#1\n'],
    ['with values in quotes', 'Host "shop"\n  HostName "shop.example.org"\n  User \'ada\'\n  Port "2201"\n'],
    ['with spaces and escaped quotes in a path', 'IdentityFile "~/my keys/a\\"b"\nIdentityFile ~/my\\ keys/c\n'],
    ['by the first value of two', 'Host shop\n  Port 2201\nHost *\n  Port 2202\n  User ada\n'],
    ['by the first block of two', 'Host shop\n  User ada\nHost shop\n  User bob\n  Port 2201\n'],
    ['with what stands before all blocks', 'Port 2201\nHost shop\n  Port 2202\n'],
    ['with patterns', 'Host sh?p\n  Port 2201\nHost *op\n  User ada\nHost shop?\n  HostName wrong\n'],
    ['with several patterns', 'Host web db shop\n  Port 2201\nHost web db\n  User ada\n'],
    ['with a pattern that excludes it', 'Host * !shop\n  Port 2201\nHost !web *\n  User ada\n'],
    ['with an excluding pattern alone', 'Host !web\n  Port 2201\n'],
    ['with Host in other letters', 'Host SHOP\n  Port 2201\n'],
    ['with %h in HostName', 'Host shop\n  HostName %h.Example.org\n'],
    ['with %% in HostName', 'Host shop\n  HostName fe80::1%%eth0\n'],
    [
      'with several keys, one of them twice',
      'IdentityFile ~/.ssh/a\nHost shop\n  IdentityFile ~/.ssh/b\n  IdentityFile ~/.ssh/a\n',
    ],
    [
      'with tokens in a key',
      'IdentityFile ~/.ssh/%h-%r-%p-%u-100%%\nIdentityFile %d/keys/a\nHostName shop.example.org\nUser ada\n',
    ],
    ['with no key at all', 'IdentityFile none\n'],
    ['with keys only of the configuration', 'IdentitiesOnly yes\nIdentityFile ~/.ssh/a\n'],
    ['with an agent', 'IdentityAgent ~/agent.sock\n'],
    ['with no agent', 'IdentityAgent none\n'],
    ['with files of known hosts', 'UserKnownHostsFile ~/.ssh/a /etc/b ~/%h\nGlobalKnownHostsFile /etc/c /etc/d\n'],
    ['with no files of known hosts', 'UserKnownHostsFile none\nGlobalKnownHostsFile none\n'],
    ['with an alias for its key', 'HostKeyAlias shop-key\n'],
    ['with another protocol and address', 'AddressFamily inet6\nBindAddress 192.0.2.7\n'],
    ['behind a host', 'Host shop\n  ProxyJump gw\n'],
    ['behind several hosts', 'Host shop\n  ProxyJump ada@gw:2201,bob@inner\n'],
    ['behind none', 'Host shop\n  ProxyJump none\nHost *\n  ProxyJump gw\n  ProxyCommand nc %h %p\n'],
    ['behind none, said as a command', 'Host shop\n  ProxyCommand none\nHost *\n  ProxyJump gw\n'],
    ['behind a host before a command', 'Host shop\n  ProxyJump gw\nHost *\n  ProxyCommand nc %h %p\n'],
    ['with Match all', 'Host web\n  Port 2201\nMatch all\n  User ada\n'],
    ['with Match host after HostName', 'HostName Shop.Example.org\nMatch host *.example.ORG\n  Port 2201\n'],
    [
      'with Match host before HostName',
      'Match host *.example.org\n  Port 2201\nMatch all\n  HostName shop.example.org\n',
    ],
    [
      'with Match originalhost',
      'HostName 192.0.2.1\nMatch originalhost shop,web\n  Port 2201\nMatch host shop\n  User ada\n',
    ],
    [
      'with Match user of the address',
      'Match user deploy\n  Port 2201\nMatch user ada\n  Port 2202\n',
      'ssh://deploy@shop',
    ],
    ['with Match user of the configuration', 'User ada\nMatch user ada\n  Port 2201\n'],
    [
      'with Match localuser',
      `Match localuser ${userInfo().username}\n  Port 2201\nMatch localuser nobody-else\n  User ada\n`,
    ],
    [
      'with Match of several conditions',
      'Match host shop user ada\n  Port 2201\nMatch host shop user deploy\n  Port 2202\n',
      'ssh://deploy@shop',
    ],
    ['with Match that is negated', 'Match !host shop\n  Port 2201\nMatch !user ada\n  User ada\n'],
    ['with a negated pattern in Match', 'Match host *,!shop\n  Port 2201\nMatch host !web,*\n  User ada\n'],
    ['with Match host=shop', 'Match host=shop\n  Port 2201\n'],
    ['with Match final', 'Match final host shop.example.org\n  Port 2201\nMatch all\n  HostName %h.example.org\n'],
    [
      'with Match final all',
      'Match final all\n  Port 2201\nHost shop.example.org\n  User ada\nHost shop\n  HostName shop.example.org\n',
    ],
    ['with Match exec that another condition rules out', 'Match host web exec "exit 0"\n  Port 2201\n'],
    ['with keywords to be ignored', 'IgnoreUnknown UseFoo,UseB*\nUseFoo yes\nUseBar yes\nPort 2201\n'],
  ];
  test.each(configs)('%s', (_, config, url) => compare({ config }, url));

  const including: [what: string, files: Files][] = [
    ['a file', { config: 'Include more\nPort 2202\n', more: 'Port 2201\n' }],
    ['a file of the home directory', { config: 'Include ~/.ssh/more\n', more: 'Host shop\n  Port 2201\n' }],
    [
      'files by a pattern, in order',
      {
        config: 'Include conf.d/*.conf\n',
        'conf.d/b.conf': 'Port 2202\n',
        'conf.d/a.conf': 'Port 2201\n',
        'conf.d/c': 'User ada\n',
      },
    ],
    [
      'files by other patterns',
      {
        config: 'Include conf.[a-c]/?ore conf.[!a-c]/*\n',
        'conf.b/more': 'Port 2201\n',
        'conf.d/x': 'User ada\n',
        'conf.d/.hidden': 'HostName wrong\n',
      },
    ],
    ['several files', { config: 'Include one "two and more"\n', one: 'Port 2201\n', 'two and more': 'User ada\n' }],
    ['a file that is not there', { config: 'Include missing none/*\nPort 2201\n' }],
    [
      'a file that includes another, by a path in ~/.ssh',
      { config: 'Include a/one\n', 'a/one': 'Include b/two\nPort 2202\n', 'b/two': 'Port 2201\n' },
    ],
    [
      'a file for a host',
      { config: 'Host shop\n  Include one\nHost web\n  Include two\n', one: 'Port 2201\n', two: 'User ada\n' },
    ],
    [
      'blocks in a block that does not apply',
      { config: 'Host web\n  Include one\n', one: 'Port 2201\nHost shop\n  User ada\nMatch all\n  Port 2202\n' },
    ],
    [
      'a file whose last block ends with it',
      { config: 'Host shop\n  Include one\n  Port 2202\n', one: 'Host web\n  User ada\n' },
    ],
    [
      'a file that asks for a second reading',
      {
        config: 'Include one\nHostName shop.example.org\n',
        one: 'Match final\n  Port 2201\nHost shop.example.org\n  User ada\n',
      },
    ],
  ];
  test.each(including)('that includes %s', (_, files) => compare(files));
});
