import { join } from 'node:path';
import { execa } from 'execa';
import { beforeEach, describe, expect, test } from 'vitest';
import { SshError } from '../../src/hosts/ssh/error.js';
import { SshHome } from '../support/ssh-home.js';

let home: SshHome;
beforeEach(async () => {
  home = await SshHome.create();
  return () => home[Symbol.asyncDispose]();
});

type Files = Readonly<Record<string, string>>;

describe('what would lead elsewhere and is not supported is refused, with the line and what to do', () => {
  async function refusal(files: Files, url = 'ssh://shop'): Promise<string> {
    await home.write(files);
    const reason: unknown = await home.resolve(url).catch((error: unknown) => error);
    if (!(reason instanceof SshError) || reason.problem !== 'usage') throw new Error('it was expected to be refused');
    return reason.message.replaceAll(home.directory, '~/.ssh');
  }

  const unsupported: [config: string, message: string][] = [
    ['ProxyCommand nc %h %p', 'ProxyCommand. Name the host to go through with ProxyJump.'],
    ['proxycommand=cloudflared access ssh', 'proxycommand. Name the host to go through with ProxyJump.'],
    ['CanonicalizeHostname always', 'CanonicalizeHostname. Write the full name with HostName.'],
    ['KnownHostsCommand /bin/keys %H', 'KnownHostsCommand. Put the keys that it prints into known_hosts.'],
    ['RevokedHostKeys /etc/revoked', 'RevokedHostKeys. Mark these keys as @revoked in known_hosts.'],
    ['BindInterface eth1', 'BindInterface. Name the address to connect from with BindAddress.'],
    ['PubkeyAuthentication no', 'PubkeyAuthentication. pointsman logs in with keys only: allow them for this host.'],
    ['RefuseConnection gone', 'RefuseConnection. Leave it out for this host if pointsman is to connect there.'],
    ['IdentityFile ~/.ssh/%C', '%C in IdentityFile. Write out what it stands for.'],
    ['IdentityFile ${KEYS}/a', '${KEYS} in IdentityFile. Write the path out.'],
    ['IdentityFile ~nobody/a', '~nobody in IdentityFile. Write the path out.'],
    ['IdentityAgent $AGENT', '$AGENT in IdentityAgent. Write the path out.'],
    ['HostName %n.example.org', '%n in HostName. Write out what it stands for.'],
    ['Include ~nobody/config', 'Include ~nobody/config. Write the path out.'],
  ];
  test.each(unsupported)('%s', async (line, message) => {
    const config = `Host shop\n  ${line}\n`;
    expect(await refusal({ config })).toBe(`~/.ssh/config line 2: pointsman does not support ${message}`);
  });

  test('LocalCommand, where it would run', async () => {
    const config = 'LocalCommand knock %h\nPermitLocalCommand yes\n';
    expect(await refusal({ config })).toBe(
      '~/.ssh/config line 1: pointsman does not support LocalCommand. ' +
        'Set PermitLocalCommand to no for this host, and run the command beforehand.',
    );
  });

  test.each(['exec "true"', '!exec "false"', 'host shop tagged work', 'localnetwork 10.0.0.0/8'])(
    'Match %s',
    async (criteria) => {
      const message = await refusal({ config: `Match ${criteria}\n  Port 2201\n` });
      expect(message).toMatch(
        /^~\/\.ssh\/config line 1: pointsman does not support Match (exec|tagged|localnetwork)\. Use Host, or /,
      );
    },
  );

  test('a keyword that nobody knows', async () => {
    expect(await refusal({ config: '\n# ours\nProxyJumpp gw\n' })).toBe(
      '~/.ssh/config line 3: the keyword ProxyJumpp is not known to pointsman, and may change how to connect. ' +
        'Leave it out for this host, or name it in IgnoreUnknown.',
    );
  });

  test('a keyword that JavaScript has a word for', async () => {
    expect(await refusal({ config: 'constructor x\n' })).toMatch(/the keyword constructor is not known to pointsman/);
  });

  test('also in a file that is included', async () => {
    const files = { config: 'Include conf.d/*\n', 'conf.d/work': 'Host *\n  ProxyCommand nc %h %p\n' };
    expect(await refusal(files)).toMatch(/^~\/\.ssh\/conf\.d\/work line 2: .* ProxyCommand/);
  });

  test('a file that includes itself', async () => {
    expect(await refusal({ config: 'Include config\n' })).toMatch(/^~\/\.ssh\/config: Include leads 16 files deep\./);
  });

  const wrong: [config: string, message: string][] = [
    ['Port 0', 'Port must be a number from 1 to 65535, not 0.'],
    ['Port 70000', 'Port must be a number from 1 to 65535, not 70000.'],
    ['HostName a b', 'HostName takes one value, not a b.'],
    ['AddressFamily ipv4', 'AddressFamily must be any, inet or inet6, not ipv4.'],
    ['HostName', 'HostName has no value.'],
    ['HostName "a', 'the quote after HostName does not end.'],
    ['Match host', 'Match host has no value.'],
  ];
  test.each(wrong)('what ssh refuses too: %s', async (config, message) => {
    expect(await refusal({ config })).toBe(`~/.ssh/config line 1: ${message}`);
    const { exitCode } = await execa('ssh', ['-F', join(home.directory, 'config'), '-G', 'shop'], { reject: false });
    expect(exitCode).toBe(255);
  });
});

describe('what does not concern the host, or changes nothing of the way, is left alone', () => {
  const harmless: [what: string, config: string][] = [
    ['another host', 'Host web\n  ProxyCommand nc %h %p\n  Foo bar\nHost shop\n  Port 2201\n'],
    ['a command that is overruled', 'Host shop\n  ProxyCommand none\n  Port 2201\nHost *\n  ProxyCommand nc %h %p\n'],
    ['a condition that another rules out', 'Match exec "exit 1" host web\n  Foo bar\nMatch all\n  Port 2201\n'],
    ['what is set to nothing', 'KnownHostsCommand none\nCanonicalizeHostname no\nLocalCommand knock\nPort 2201\n'],
    ['what a session at a terminal is like', 'RequestTTY yes\nRemoteCommand bash\nForwardAgent yes\nPort 2201\n'],
    ['how trust is less than ours', 'StrictHostKeyChecking no\nVerifyHostKeyDNS yes\nCheckHostIP yes\nPort 2201\n'],
    ['other ways to log in', 'GSSAPIAuthentication yes\nHostbasedAuthentication yes\nPort 2201\n'],
  ];
  test.each(harmless)('%s', async (_, config) => {
    await home.write({ config });
    expect((await home.resolve('ssh://shop')).port).toBe(2201);
  });

  test('a certificate is told to those whom the host refuses', async () => {
    await home.write({ config: 'CertificateFile ~/.ssh/a-cert.pub\nPKCS11Provider none\n' });
    expect((await home.resolve('ssh://shop')).unusable).toEqual([
      `CertificateFile ~/.ssh/a-cert.pub (${join(home.directory, 'config')} line 1) is not supported`,
    ]);
  });
});
