import { isAbsolute, join } from 'node:path';
import type { SshEnvironment } from '../environment.js';
import { SshError } from '../error.js';
import { refuseUnsupported } from './keywords.js';
import type { ConfigLine } from './lines.js';
import { hostnameOf, one, readConfig, type ConfigFile, type ConfigOptions, type ConfigQuery } from './read.js';
import { expandPath, expandTokens } from './tokens.js';

/** What ssh_config(5) says of a host; paths are absolute, tokens are expanded. */
export interface ClientConfig {
  readonly hostname: string;
  readonly port: number;
  readonly user: string;
  readonly addressFamily: 'any' | 'inet' | 'inet6';
  /** The address of this machine to connect from. */
  readonly bindAddress: string | null;
  /** `null`: the usual ones. */
  readonly identityFiles: readonly string[] | null;
  readonly identitiesOnly: boolean;
  /** Socket of an agent; `null`: none. */
  readonly agentSocket: string | null;
  /** What was to be logged in with and is not supported, in words. */
  readonly unusable: readonly string[];
  /** `null`: the usual ones. */
  readonly userKnownHostsFiles: readonly string[] | null;
  /** `null`: the usual ones. */
  readonly globalKnownHostsFiles: readonly string[] | null;
  /** How known_hosts names the host, without a port. */
  readonly hostKeyAlias: string | null;
  /** The hosts to go through, with commas between them. */
  readonly proxyJump: string | null;
}

/**
 * Resolves a host as `ssh -G` does.
 *
 * @throws {SshError} `usage` where the files cannot be read, or say something of this host that is not supported.
 */
export async function clientConfig(
  query: ConfigQuery,
  environment: Pick<SshEnvironment, 'home' | 'user' | 'agentSocket'>,
  files: readonly ConfigFile[],
): Promise<ClientConfig> {
  const options = await readConfig(query, environment, files);
  refuseUnsupported(options);
  const hostname = hostnameOf(options, query.host);
  const port = portOf(options.get('port')?.[0]);
  const user = one(options, 'user') ?? environment.user;
  const hostKeyAlias = one(options, 'hostkeyalias');
  const route = { h: hostname, n: query.host, p: String(port), r: user };
  const tokens = { ...route, d: environment.home, u: environment.user, k: hostKeyAlias ?? query.host };
  const paths = (line: ConfigLine): string[] =>
    line.values.map((value) => absolute(expandPath(value, tokens, line), environment.home));
  return {
    ...{ hostname, port, user, hostKeyAlias },
    addressFamily: familyOf(options.get('addressfamily')?.[0]),
    bindAddress: one(options, 'bindaddress'),
    identityFiles: listed(options.get('identityfile'), paths),
    identitiesOnly: /^(yes|true)$/i.test(one(options, 'identitiesonly') ?? ''),
    agentSocket: agentOf(options, environment, paths),
    unusable: ['certificatefile', 'pkcs11provider'].flatMap((keyword) =>
      (options.get(keyword) ?? []).flatMap(unusable),
    ),
    userKnownHostsFiles: listed(options.get('userknownhostsfile'), paths),
    globalKnownHostsFiles: listed(options.get('globalknownhostsfile'), paths),
    proxyJump: jumpOf(options, route),
  };
}

function absolute(path: string, home: string): string {
  return isAbsolute(path) ? path : join(home, path);
}

function portOf(line: ConfigLine | undefined): number {
  if (!line) return 22;
  const [text = ''] = line.values;
  const port = Number(text);
  if (line.values.length === 1 && /^\d{1,5}$/.test(text) && port >= 1 && port <= 65_535) return port;
  throw new SshError('usage', `${line.place}: Port must be a number from 1 to 65535, not ${line.values.join(' ')}.`);
}

function familyOf(line: ConfigLine | undefined): ClientConfig['addressFamily'] {
  const [text = 'any'] = line?.values ?? [];
  const family = (['any', 'inet', 'inet6'] as const).find((each) => each === text.toLowerCase());
  if (family) return family;
  throw new SshError('usage', `${line?.place}: AddressFamily must be any, inet or inet6, not ${text}.`);
}

/** `none` alone stands for an empty list. */
function listed(lines: readonly ConfigLine[] | undefined, paths: (line: ConfigLine) => string[]): string[] | null {
  if (!lines) return null;
  const named = lines.filter(({ values }) => values[0]?.toLowerCase() !== 'none');
  return [...new Set(named.flatMap(paths))];
}

function agentOf(
  options: ConfigOptions,
  { agentSocket }: Pick<SshEnvironment, 'agentSocket'>,
  paths: (line: ConfigLine) => string[],
): string | null {
  const named = one(options, 'identityagent');
  if (named === null || named === 'SSH_AUTH_SOCK' || named === '$SSH_AUTH_SOCK') return agentSocket;
  return listed(options.get('identityagent'), paths)?.[0] ?? null;
}

function unusable({ place, written, values }: ConfigLine): string[] {
  const value = values.join(' ');
  return value.toLowerCase() === 'none' ? [] : [`${written} ${value} (${place}) is not supported`];
}

function jumpOf(options: ConfigOptions, route: { h: string; n: string; p: string; r: string }): string | null {
  const line = options.get('proxyjump')?.[0];
  const named = one(options, 'proxyjump');
  if (!line || line.keyword !== 'proxyjump' || named === null || named.toLowerCase() === 'none') return null;
  return expandTokens(named, route, line);
}
