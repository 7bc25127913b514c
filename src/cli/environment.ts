import { existsSync, readdirSync } from 'node:fs';
import { homedir, hostname, userInfo } from 'node:os';
import { delimiter, join } from 'node:path';
import type { SshEnvironment } from '../hosts/ssh/environment.js';
import { sshEnvironment } from '../secrets/sources.js';
import type { EmbeddedPlace, ExternalPlace } from '../temporal/place.js';
import { Exit, exitCodes } from './exit-codes.js';

/** All that the CLI takes from the process's environment. */
export interface Environment {
  readonly stateDirectory: string;
  readonly temporal: EmbeddedPlace | ExternalPlace;
  /** Where Temporal is reached through SSH: `ssh://user@host`; `null`: it is not. */
  readonly via: string | null;
  /** Port of Temporal on that machine. */
  readonly viaPort: number;
  readonly ssh: SshEnvironment;
  /** File with the key that clients share with the workers of a Temporal of one's own; `null`: nothing is signed there. */
  readonly signingKeyFile: string | null;
  /** Who asks: the CI job, or `user@host`. */
  readonly requestedBy: string;
  /** Release that CI names; `null` outside CI. */
  readonly release: string | null;
}

type Variables = Readonly<Record<string, string | undefined>>;

export function readEnvironment(variables: Variables): Environment {
  const set = withoutEmpty(variables);
  const root = process.getuid?.() === 0;
  const stateDirectory =
    set['POINTSMAN_HOME'] ?? (root ? '/var/lib/pointsman' : join(homedir(), '.local/state/pointsman'));
  return {
    stateDirectory,
    temporal: findTemporal(set, stateDirectory),
    via: set['POINTSMAN_VIA'] ?? null,
    viaPort: portOf(set, 'POINTSMAN_TEMPORAL_PORT', 7237),
    ssh: sshEnvironment(set),
    signingKeyFile: set['POINTSMAN_SIGNING_KEY_FILE'] ?? null,
    requestedBy: requester(set),
    release: set['CI_COMMIT_SHORT_SHA'] ?? set['GITHUB_SHA']?.slice(0, 8) ?? null,
  };
}

/** A CI secret that is not set arrives as an empty variable, and would turn TLS on or hide a file's value. */
function withoutEmpty(variables: Variables): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(variables).flatMap(([name, value]) => (value ? [[name, value]] : [])));
}

function findTemporal(set: Readonly<Record<string, string>>, stateDirectory: string): Environment['temporal'] {
  const file = set['TEMPORAL_CONFIG_FILE'];
  if (file && !existsSync(file))
    throw new Exit(exitCodes.usage, `TEMPORAL_CONFIG_FILE names ${file}, which does not exist.`);
  if (set['TEMPORAL_ADDRESS'] || set['TEMPORAL_PROFILE'] || file) return { kind: 'external', variables: set };
  const port = portOf(set, 'POINTSMAN_TEMPORAL_PORT', 7237);
  const uiPort = portOf(set, 'POINTSMAN_UI_PORT', 8237);
  return { kind: 'embedded', stateDirectory, port, uiPort, cli: findCli(set) };
}

function portOf(set: Readonly<Record<string, string>>, name: string, usual: number): number {
  const port = Number(set[name] ?? usual);
  if (Number.isInteger(port) && port >= 1 && port <= 65_535) return port;
  throw new Exit(exitCodes.usage, `${name} must be a port number (1 to 65535), not ${set[name]}.`);
}

/** Named, on the PATH, or where script/setup keeps it. */
function findCli(set: Readonly<Record<string, string>>): string | null {
  const onPath = (set['PATH'] ?? '').split(delimiter).map((directory) => join(directory, 'temporal'));
  const cache = join(set['POINTSMAN_CACHE'] ?? join(homedir(), '.cache', 'pointsman'), 'bin');
  const cached = existsSync(cache) ? readdirSync(cache).filter((name) => /^temporal-\d/.test(name)) : [];
  const candidates = [set['POINTSMAN_TEMPORAL_CLI'] ?? '', ...onPath, ...cached.map((name) => join(cache, name))];
  return candidates.find((path) => path && existsSync(path)) ?? null;
}

function requester(set: Readonly<Record<string, string>>): string {
  const user = set['GITLAB_USER_LOGIN'] ?? set['GITHUB_ACTOR'];
  const github =
    set['GITHUB_RUN_ID'] &&
    `${set['GITHUB_SERVER_URL']}/${set['GITHUB_REPOSITORY']}/actions/runs/${set['GITHUB_RUN_ID']}`;
  const job = set['CI_JOB_URL'] ?? github;
  if (user) return job ? `${user} (${job})` : user;
  return `${userInfo().username}@${hostname()}`;
}
