import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { clientConfig } from '../../src/hosts/ssh/client-config/client-config.js';
import { algorithmsFor, judge, knownKeys } from '../../src/hosts/ssh/known-hosts.js';
import { mutated } from './mutate.js';
import type { Target } from './target.js';

const key = 'AAAAC3NzaC1lZDI1NTE5AAAAIJ1hTkAz3x4m1bTqT0bK9o0m5Yh8f5bqS0s2dS3w1XyZ';

const knownHosts = `# of the company
shop.example.org,192.0.2.1 ssh-ed25519 ${key} a comment
[shop.example.org]:2201 ssh-rsa ${key}
|1|F1E1KeoE/eEWhi10WpGv4OdiO6Y=|3988QV0VE8wmZL7suNrYQLITLCg= ssh-ed25519 ${key}
@revoked *.example.org,!web.example.org ssh-ed25519 ${key}
@cert-authority * ssh-rsa ${key}
sh?p* ecdsa-sha2-nistp256 ${key}
`;

/** Whatever lines there are, a host is known, unknown, changed or revoked. */
export const knownHostsTarget: Target = {
  name: 'known_hosts',
  refuses: [],
  input: (next) => mutated(next, knownHosts, ['|1|', '|1||', '@revoked ', '*'.repeat(60), '?*', '!', '[', ']:']),
  read: (input) => {
    for (const name of ['shop.example.org', '[shop.example.org]:2201', '']) {
      const known = knownKeys(input, name);
      judge(known, Buffer.from(key, 'base64'));
      algorithmsFor(known);
    }
  },
};

const sshConfig = `Host shop web-* !web-9
  HostName %h.example.org
  User "deploy"
  Port 2201
  IdentityFile ~/.ssh/id_%r "with space"
  ProxyJump ada@gw:22,bob@[2001:db8::1]
Match originalhost shop user ada final
  HostKeyAlias=shop
  UserKnownHostsFile none
Match host *.example.org
  AddressFamily inet6
  IdentitiesOnly yes
Include included
Host *
  ServerAliveInterval 10
`;

/** `~/.ssh/config`, up to what a connection is made with. */
export function sshConfigTarget(directory: string): Target {
  const home = join(directory, 'home');
  const ssh = join(home, '.ssh');
  const path = join(ssh, 'config');
  mkdirSync(ssh, { recursive: true });
  writeFileSync(join(ssh, 'included'), 'BindAddress 127.0.0.1\nInclude included-2\n');
  const pieces = [
    'Match all\n',
    'Match exec "true"\n',
    'Include config\n',
    'Include *\n',
    '%%',
    '%C',
    '${HOME}',
    '~nobody',
    'Host\n',
    'ProxyCommand x\n',
  ];
  return {
    name: 'ssh config',
    refuses: ['SshError'],
    input: (next) => mutated(next, sshConfig, pieces),
    read: async (input) => {
      writeFileSync(path, input);
      const query = { host: 'shop', user: null, port: null, proxyJump: null };
      await clientConfig(query, { home, user: 'ada', agentSocket: null }, [{ path, directory: ssh }]);
    },
  };
}
