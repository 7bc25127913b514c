import { isAbsolute, join } from 'node:path';
import SSHConfig from 'ssh-config';
import { parseSshAddress, type SshAddress } from './address.js';
import type { SshEnvironment } from './environment.js';
import { SshError } from './error.js';
import { findIdentities, readIfThere, type Identities } from './identities.js';
import { knownHostsName, knownKeys } from './known-hosts.js';
import { reasonOf } from '../../model/reason.js';

/** All that is needed to connect. */
export interface SshTarget {
  readonly address: SshAddress;
  readonly hostname: string;
  readonly port: number;
  readonly user: string;
  readonly identities: Identities;
  readonly hostKeys: HostKeys;
  /** The host to go through. */
  readonly jump: SshTarget | null;
}

export interface HostKeys {
  readonly known: ReturnType<typeof knownKeys>;
  readonly fingerprint: string | null;
  /** How the host is named in known_hosts. */
  readonly name: string;
  /** Where was looked, in words. */
  readonly source: string;
}

const maxJumps = 5;

/**
 * Resolves an address with `~/.ssh/config`: alias, user, port, keys, known hosts and jump host.
 *
 * @throws {SshError} `usage` when the address, the configuration or a key cannot be used.
 */
export async function resolveTarget(address: SshAddress, environment: SshEnvironment, depth = 0): Promise<SshTarget> {
  if (depth > maxJumps) throw new SshError('usage', `ProxyJump of ${address.name} goes in circles.`);
  const options = await clientConfig(address, environment);
  const hostname = options.one('hostname')?.replaceAll('%h', address.host) ?? address.host;
  const port = address.port ?? Number(options.one('port') ?? 22);
  const user = address.user ?? options.one('user') ?? environment.user;
  const expand = (path: string): string => expandPath(path, { ...environment, hostname, remoteUser: user });
  const identities = await findIdentities(environment, {
    files: options.all('identityfile').map(expand),
    agentSocket: agentOf(options.one('identityagent'), environment, expand),
    onlyFiles: options.one('identitiesonly')?.toLowerCase() === 'yes',
  });
  const files = options
    .all('userknownhostsfile')
    .flatMap((each) => each.split(/\s+/))
    .map(expand);
  const name = knownHostsName(options.one('hostkeyalias') ?? hostname, port);
  const hostKeys = await readHostKeys(environment, { files, name, fingerprint: address.fingerprint });
  const jump = await resolveJump(options.one('proxyjump'), environment, depth);
  return { address, hostname, port, user, identities, hostKeys, jump };
}

interface ClientConfig {
  one(name: string): string | null;
  all(name: string): string[];
}

async function clientConfig({ host, user }: SshAddress, environment: SshEnvironment): Promise<ClientConfig> {
  const text = (await readIfThere(join(environment.home, '.ssh/config'))) ?? '';
  let computed: Record<string, string | string[]>;
  try {
    computed = SSHConfig.parse(text).compute({ Host: host, ...(user ? { User: user } : {}) }, { ignoreCase: true });
  } catch (cause) {
    const reason = reasonOf(cause);
    throw new SshError('usage', `~/.ssh/config cannot be read: ${reason}`, { cause });
  }
  const all = (name: string): string[] => [computed[name] ?? []].flat();
  return { all, one: (name) => all(name)[0] ?? null };
}

function agentOf(named: string | null, { agentSocket }: SshEnvironment, expand: (path: string) => string) {
  if (named === null || named === 'SSH_AUTH_SOCK') return agentSocket;
  return named === 'none' ? null : expand(named);
}

function expandPath(
  path: string,
  {
    home,
    user,
    hostname,
    remoteUser,
  }: Pick<SshEnvironment, 'home' | 'user'> & { hostname: string; remoteUser: string },
): string {
  const tokens: Record<string, string> = { '%d': home, '%u': user, '%h': hostname, '%r': remoteUser, '%%': '%' };
  const expanded = path.replace(/^~(?=\/)/, home).replace(/%[duhr%]/g, (token) => tokens[token] ?? token);
  return isAbsolute(expanded) ? expanded : join(home, expanded);
}

interface Wanted {
  readonly files: readonly string[];
  readonly name: string;
  readonly fingerprint: string | null;
}

async function readHostKeys(environment: SshEnvironment, { files, name, fingerprint }: Wanted): Promise<HostKeys> {
  const given = environment.knownHosts;
  if (given) {
    const text = given.includes(' ') ? given : await mustRead(given);
    return { known: knownKeys(text, name), fingerprint, name, source: 'POINTSMAN_KNOWN_HOSTS' };
  }
  const own = files.length > 0 ? files : [join(environment.home, '.ssh/known_hosts')];
  const texts = await Promise.all([...own, '/etc/ssh/ssh_known_hosts'].map(readIfThere));
  const known = texts.flatMap((text) => knownKeys(text ?? '', name));
  const source = texts.every((text) => text === null) ? `${own.join(', ')} (there is no such file)` : own.join(', ');
  return { known, fingerprint, name, source };
}

async function mustRead(path: string): Promise<string> {
  const text = await readIfThere(path);
  if (text !== null) return text;
  throw new SshError(
    'usage',
    'POINTSMAN_KNOWN_HOSTS is neither lines of known_hosts (ssh-keyscan prints them) nor the path of a file that exists.',
  );
}

async function resolveJump(
  named: string | null,
  environment: SshEnvironment,
  depth: number,
): Promise<SshTarget | null> {
  if (named === null || named.toLowerCase() === 'none') return null;
  const last = named.split(',').at(-1)?.trim() ?? '';
  const before = named.split(',').slice(0, -1).join(',');
  const address = parseSshAddress(last.startsWith('ssh://') ? last : `ssh://${last}`);
  const target = await resolveTarget(address, environment, depth + 1);
  return before ? { ...target, jump: await resolveJump(before, environment, depth + 1) } : target;
}
