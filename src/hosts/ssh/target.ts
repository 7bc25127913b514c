import { join } from 'node:path';
import { parseSshAddress, type SshAddress } from './address.js';
import { clientConfig, type ClientConfig } from './client-config/client-config.js';
import { configFiles } from './client-config/read.js';
import type { SshEnvironment } from './environment.js';
import { SshError } from './error.js';
import { findIdentities, readIfThere, type Identities } from './identities.js';
import { knownHostsName, knownKeys } from './known-hosts.js';

/** All that is needed to connect. */
export interface SshTarget {
  readonly address: SshAddress;
  readonly hostname: string;
  readonly port: number;
  readonly user: string;
  readonly addressFamily: ClientConfig['addressFamily'];
  /** The address of this machine to connect from; `null`: whichever leads there. */
  readonly bindAddress: string | null;
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
 * Resolves an address with `~/.ssh/config` and that of the machine: alias, user, port, keys, known hosts and the hosts
 * to go through.
 *
 * @throws {SshError} `usage` when the address, the configuration or a key cannot be used.
 */
export function resolveTarget(address: SshAddress, environment: SshEnvironment): Promise<SshTarget> {
  return resolveHop({ address, proxyJump: null, depth: 0 }, environment);
}

/** A host on the way. */
interface Hop {
  readonly address: SshAddress;
  /** The hosts to go through, where these were named already. */
  readonly proxyJump: string | null;
  /** How many hosts are behind it. */
  readonly depth: number;
}

async function resolveHop({ address, proxyJump, depth }: Hop, environment: SshEnvironment): Promise<SshTarget> {
  if (depth > maxJumps) throw new SshError('usage', `ProxyJump of ${address.name} goes in circles.`);
  const config = await clientConfig({ ...address, proxyJump }, environment, configFiles(environment.home));
  const { hostname, port, user, addressFamily, bindAddress } = config;
  const identities = await findIdentities(environment, {
    files: config.identityFiles,
    agentSocket: config.agentSocket,
    onlyFiles: config.identitiesOnly,
    unusable: config.unusable,
  });
  const hostKeys = await readHostKeys(environment, config, address);
  const jump = await resolveJump(config.proxyJump, environment, depth + 1);
  return { address, hostname, port, user, addressFamily, bindAddress, identities, hostKeys, jump };
}

async function resolveJump(
  named: string | null,
  environment: SshEnvironment,
  depth: number,
): Promise<SshTarget | null> {
  if (named === null) return null;
  const hosts = named.split(',').map((host) => host.trim());
  const last = hosts.pop() ?? '';
  const address = parseSshAddress(last.startsWith('ssh://') ? last : `ssh://${last}`);
  return resolveHop({ address, proxyJump: hosts.join(',') || null, depth }, environment);
}

async function readHostKeys(
  environment: SshEnvironment,
  config: ClientConfig,
  { fingerprint }: SshAddress,
): Promise<HostKeys> {
  // As `ssh` does: an alias stands for host and port.
  const name = config.hostKeyAlias ?? knownHostsName(config.hostname, config.port);
  const given = environment.knownHosts;
  if (given) {
    const text = given.includes(' ') ? given : await mustRead(given);
    return { known: knownKeys(text, name), fingerprint, name, source: 'POINTSMAN_KNOWN_HOSTS' };
  }
  const usual = join(environment.home, '.ssh/known_hosts');
  const own = config.userKnownHostsFiles ?? [usual, `${usual}2`];
  const ofMachine = config.globalKnownHostsFiles ?? ['/etc/ssh/ssh_known_hosts', '/etc/ssh/ssh_known_hosts2'];
  const texts = await Promise.all([...own, ...ofMachine].map((file) => readIfThere(file, mostKnownBytes)));
  const known = texts.flatMap((text) => knownKeys(text ?? '', name));
  const said = (config.userKnownHostsFiles ?? [usual]).join(', ') || ofMachine.join(', ') || 'no file at all';
  const source = texts.every((text) => text === null) ? `${said} (there is no such file)` : said;
  return { known, fingerprint, name, source };
}

/** That of a whole company has a few MiB. */
const mostKnownBytes = 16 << 20;

async function mustRead(path: string): Promise<string> {
  const text = await readIfThere(path, mostKnownBytes);
  if (text !== null) return text;
  throw new SshError(
    'usage',
    'POINTSMAN_KNOWN_HOSTS is neither lines of known_hosts (ssh-keyscan prints them) nor the path of a file that exists.',
  );
}
