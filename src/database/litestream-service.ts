import { posix } from 'node:path';
import type Docker from 'dockerode';
import { parse } from 'yaml';
import { execIn, findContainer, isConflict, isNotFound, readFileIn } from '../docker/container.js';
import type { Host } from '../hosts/host.js';
import { sqliteSettings, type Settings } from '../model/settings.js';

/** The Litestream of a project, as it runs. */
export interface LitestreamService {
  /** Id of its container. */
  readonly container: string;
  /** `0.5.18`; `null` where its container has no `litestream` that says. */
  readonly version: string | null;
  /** Which configuration the running process was given, as options for another command in the same container. */
  readonly options: readonly string[];
  /** The control socket that it has; `null`: none is enabled. */
  readonly socket: string | null;
  /** Path of the database where Litestream has it mounted. */
  readonly database: string;
}

const defaultConfig = '/etc/litestream.yml';
const defaultSocket = '/var/run/litestream.sock';

/** `null`: no replica of a database is configured. `stopped`: its service does not run. */
export async function findLitestream(
  host: Host,
  settings: Settings,
  signal?: AbortSignal,
): Promise<LitestreamService | 'stopped' | null> {
  const { replica, project } = settings;
  const database = sqliteSettings(settings);
  if (!replica || !database) return null;
  const container = await findContainer(host.docker, project, replica.service);
  if (!container?.running) return 'stopped';
  try {
    const { id, environment } = container;
    const options = await configOptions(host.docker, id);
    const config = await readFileIn(host.docker, id, configPath(options, environment));
    return {
      container: id,
      version: await versionIn(host.docker, id, signal),
      options,
      socket: socketOf(config, expansion(options, environment)),
      database: await pathIn(host.docker, id, settings, database.path),
    };
  } catch (error) {
    if (isGone(error)) return 'stopped';
    throw error;
  }
}

/** The engine's answer when a container ended or went in the same moment. */
export function isGone(error: unknown): boolean {
  return isNotFound(error) || isConflict(error);
}

async function versionIn(docker: Docker, id: string, signal?: AbortSignal): Promise<string | null> {
  const { stdout } = await execIn(docker, id, ['litestream', 'version'], { signal });
  return /\d+\.\d+\.\d+/.exec(stdout)?.[0] ?? null;
}

/** As the process has them that runs: an entrypoint may be a script. */
async function configOptions(docker: Docker, id: string): Promise<string[]> {
  const { Processes } = (await docker.getContainer(id).top({ ps_args: '-o pid,args' })) as { Processes: string[][] };
  const commands = Processes.map((row) => row.join(' ').trim().split(/\s+/).slice(1));
  const words = commands.find(
    ([program, verb]) => posix.basename(program ?? '') === 'litestream' && verb === 'replicate',
  );
  return (words ?? []).flatMap((word, at, all) => {
    const [, name, value] = /^--?(config|no-expand-env)(?:=(.*))?$/.exec(word) ?? [];
    if (name === 'config') return ['-config', value ?? all[at + 1] ?? ''];
    return name ? [`-${word.replace(/^-+/, '')}`] : [];
  });
}

function configPath(options: readonly string[], environment: readonly string[]): string {
  const given = options[options.indexOf('-config') + 1];
  if (options.includes('-config') && given) return given;
  return environment.find((line) => line.startsWith('LITESTREAM_CONFIG='))?.split('=')[1] || defaultConfig;
}

/** How Litestream reads variables in its configuration: everywhere, and an unset one as nothing. */
function expansion(options: readonly string[], environment: readonly string[]): (text: string) => string {
  if (options.some((option) => /^-no-expand-env(=true)?$/.test(option))) return (text) => text;
  const values = new Map(
    environment.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
  return (text) =>
    text.replace(
      /\$(?:\{(\w+)\}|(\w+))/g,
      (_, braced?: string, bare?: string) => values.get(braced ?? bare ?? '') ?? '',
    );
}

/** Where the configuration cannot be read, asking on the default socket tells. */
function socketOf(config: string | null, expand: (text: string) => string): string | null {
  if (config === null) return defaultSocket;
  try {
    const { socket } =
      (parse(config) as { socket?: Partial<Record<'enabled' | 'path', string | boolean>> } | null) ?? {};
    const enabled = expand(String(socket?.enabled ?? false)) === 'true';
    return enabled ? expand(typeof socket?.path === 'string' ? socket.path : '') || defaultSocket : null;
  } catch {
    return defaultSocket;
  }
}

/** The slots' path of the database, as another container has it that mounts the same volume elsewhere. */
async function pathIn(docker: Docker, id: string, settings: Settings, path: string): Promise<string> {
  const slots = await Promise.all(
    Object.values(settings.slots).map((service) => findContainer(docker, settings.project, service)),
  );
  const slot = slots.find((found) => found !== null);
  if (!slot) return path;
  const above = ({ Destination }: Mount): boolean => path.startsWith(`${Destination.replace(/\/$/, '')}/`);
  const [mount] = (await mountsOf(docker, slot.id))
    .filter(above)
    .sort((a, b) => b.Destination.length - a.Destination.length);
  const other = (await mountsOf(docker, id)).find(({ Source }) => Source === mount?.Source);
  return mount && other ? posix.join(other.Destination, posix.relative(mount.Destination, path)) : path;
}

/** A mount of a container, as the engine tells of it. */
export interface Mount {
  readonly Type: string;
  readonly Name?: string | undefined;
  readonly Source: string;
  readonly Destination: string;
}

export async function mountsOf(docker: Docker, id: string): Promise<readonly Mount[]> {
  return (await docker.getContainer(id).inspect()).Mounts;
}
