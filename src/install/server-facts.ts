import type { CommandResult, Host } from '../hosts/host.js';
import { factsScript } from './facts-script.js';
import {
  authorizedKeysPath,
  directories,
  environmentPath,
  portsUnit,
  temporalUnit,
  unitDirectory,
  unitNames,
  versionDirectory,
  workerUnit,
  wrapperPath,
} from './layout.js';

/** A `node` or `temporal` beside the program, as it is now. */
export interface InstalledBinary {
  /** Where it points to, `null` when it is a file of its own. */
  readonly link: string | null;
  /** What `--version` answers; `null` when it does not run. */
  readonly version: string | null;
  readonly sha256: string;
}

/** One version of the program on the server. */
export interface InstalledVersion {
  /** SHA-256 of its list of files; `null` when it is not there. */
  readonly manifest: string | null;
  /** Every file is as that list says. */
  readonly intact: boolean;
  readonly node: InstalledBinary | null;
  readonly temporal: InstalledBinary | null;
}

export interface FileFact {
  readonly content: string;
  /** As `stat` prints them: `644 root:root`. */
  readonly rights: string;
}

export interface UnitFact {
  readonly active: boolean;
  readonly enabled: boolean;
}

/** A program of the server's own, outside of people's homes, so that everybody can run it. */
export interface OwnProgram {
  readonly path: string;
  readonly version: string;
}

/** All that is asked of a server before anything is decided. */
export interface ServerFacts {
  readonly uid: number;
  readonly system: string;
  readonly machine: string;
  readonly glibc: string | null;
  readonly systemd: boolean;
  readonly systemctl: boolean;
  readonly dockerCli: boolean;
  readonly dockerEngine: string | null;
  readonly compose: string | null;
  readonly dockerGroup: boolean;
  readonly freeBytes: number;
  /** How far its clock is ahead of this machine's. */
  readonly clockOffsetSeconds: number;
  /** Of the ports that pointsman needs, those on which something listens. */
  readonly listening: readonly number[];
  /** It has nft or iptables, by which ports are closed to other accounts. */
  readonly packetFilter: boolean;
  /** Their rules are set. */
  readonly portsClosed: boolean;
  readonly node: OwnProgram | null;
  readonly temporal: OwnProgram | null;
  readonly canDownloadTemporal: boolean;
  readonly user: { readonly home: string; readonly shell: string; readonly inDockerGroup: boolean } | null;
  readonly currentVersion: string | null;
  readonly previousVersion: string | null;
  /** The version that is to be installed, where it is there already. */
  readonly target: InstalledVersion | null;
  /** The one that runs, when it is another. */
  readonly current: InstalledVersion | null;
  readonly files: Readonly<Record<string, FileFact>>;
  /** Rights of the directories that are there. */
  readonly directories: Readonly<Record<string, string>>;
  readonly units: Readonly<Record<(typeof unitNames)[number], UnitFact>>;
  /** `ssh-ed25519 AAAA…` of the server itself, for `known_hosts`. */
  readonly hostKey: string | null;
}

/** Where Temporal publishes its command line for a server like this one. */
export function temporalDownload(machine: string): string {
  const arch = machine === 'aarch64' ? 'arm64' : 'amd64';
  return `https://temporal.download/cli/archive/latest?platform=linux&arch=${arch}`;
}

/** Asks a server everything at once; changes nothing. */
export async function gatherFacts(host: Host, version: string): Promise<ServerFacts> {
  const asked = Date.now();
  const result = await host.run({
    argv: ['sh', '-s', versionDirectory(version), temporalDownload('x86_64'), temporalDownload('aarch64')],
    stdin: factsScript,
  });
  const said = parseFacts(result);
  const halfway = (asked + Date.now()) / 2000;
  // Who is not root may see that they are there and not read them; that is refused soon enough.
  const root = said.get('uid') === '0';
  const paths = [
    wrapperPath,
    environmentPath,
    authorizedKeysPath,
    ...unitNames.map((unit) => `${unitDirectory}/${unit}`),
  ];
  const files = await Promise.all(
    paths.map((path) => fileFact(host, path, root ? said.get(`rights ${path}`) : undefined)),
  );
  return {
    ...machineFacts(said),
    ...installedFacts(said),
    clockOffsetSeconds: Math.round(Number(said.get('clock')) - halfway),
    files: Object.fromEntries(files.flatMap((fact, at) => (fact ? [[paths[at] ?? '', fact]] : []))),
    directories: Object.fromEntries(
      directories.flatMap(({ path }) => (said.has(`rights ${path}`) ? [[path, said.get(`rights ${path}`) ?? '']] : [])),
    ),
  };
}

type Said = ReadonlyMap<string, string>;

function parseFacts({ stdout }: CommandResult): Said {
  const pairs = stdout.split('\n').map((line): [string, string] => {
    const at = line.indexOf('=');
    return [line.slice(0, at), line.slice(at + 1)];
  });
  return new Map(pairs.filter(([, value]) => value !== ''));
}

async function fileFact(host: Host, path: string, rights: string | undefined): Promise<FileFact | null> {
  if (!rights) return null;
  const content = await host.readFile(path);
  return content === null ? null : { content, rights };
}

function machineFacts(said: Said) {
  const own = (name: string): OwnProgram | null => {
    const path = said.get(name) ?? '';
    const version = said.get(`${name}-version`);
    // What lies in somebody's home can be read by nobody else, and is hidden from the units.
    return version && /^\/(?!home\/|root\/)/.test(path) ? { path, version } : null;
  };
  return {
    uid: Number(said.get('uid')),
    system: said.get('system') ?? 'an unknown system',
    machine: said.get('machine') ?? '',
    glibc: said.get('glibc') ?? null,
    systemd: said.has('systemd'),
    systemctl: said.has('systemctl'),
    dockerCli: said.has('docker-cli'),
    dockerEngine: said.get('docker-engine') ?? null,
    compose: said.get('compose') ?? null,
    dockerGroup: said.has('docker-group'),
    freeBytes: Number(said.get('free-kilobytes') ?? 0) * 1024,
    listening: (said.get('listening') ?? '')
      .split(' ')
      .filter(Boolean)
      .map((port) => Number.parseInt(port, 16)),
    packetFilter: said.has('packet-filter'),
    portsClosed: said.has('ports-closed'),
    node: own('node'),
    temporal: own('temporal'),
    canDownloadTemporal: said.has('can-download-temporal'),
    hostKey: said.get('host-key') ?? null,
  };
}

function installedFacts(said: Said) {
  const [, , , , , home = '', shell = ''] = (said.get('user') ?? '').split(':');
  const groups = (said.get('groups') ?? '').split(' ');
  const unit = (name: string): UnitFact => ({
    active: said.get(`active ${name}`) === 'active',
    enabled: said.get(`enabled ${name}`) === 'enabled',
  });
  return {
    user: said.has('user') ? { home, shell, inDockerGroup: groups.includes('docker') } : null,
    currentVersion: said.get('current-version') ?? null,
    previousVersion: said.get('previous-version') ?? null,
    target: installedVersion(said, 'target'),
    current: installedVersion(said, 'current'),
    units: { [portsUnit]: unit(portsUnit), [temporalUnit]: unit(temporalUnit), [workerUnit]: unit(workerUnit) },
  };
}

function installedVersion(said: Said, which: string): InstalledVersion | null {
  if (!said.has(which)) return null;
  const binary = (name: string): InstalledBinary | null => {
    const sha256 = said.get(`${which}-${name}-sha256`);
    if (!sha256) return null;
    const link = said.get(`${which}-${name}-link`) ?? null;
    return { link, version: said.get(`${which}-${name}-version`) ?? null, sha256 };
  };
  return {
    manifest: said.get(`${which}-manifest`) ?? null,
    intact: said.has(`${which}-intact`),
    node: binary('node'),
    temporal: binary('temporal'),
  };
}
