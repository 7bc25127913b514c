import { randomUUID } from 'node:crypto';
import { posix } from 'node:path';
import { Compose } from '../docker/compose.js';
import { imageId } from '../docker/image.js';
import type { Scratch } from '../docker/scratch.js';
import { runTool, type ToolVolume } from '../docker/tool-container.js';
import type { Host } from '../hosts/host.js';
import { sqliteSettings, type Settings, type SqliteSettings } from '../model/settings.js';
import type { Database } from './database.js';
import { postgresOf } from './postgres-of.js';
import { SqliteDatabase } from './sqlite.js';

export interface DatabaseOptions {
  /** A second volume for the tool. */
  readonly scratch?: ToolVolume & Scratch;
  /** Ends the tool, and whatever it was doing. */
  readonly signal?: AbortSignal;
  /** Called with how far the tool is: `{ step, bytes, done }`. */
  readonly report?: (progress: object) => void;
}

/** The database of a project, whatever its engine; `null` when there is none yet. */
export function databaseOf(host: Host, settings: Settings, options: DatabaseOptions = {}): Promise<Database | null> {
  return settings.database?.kind === 'postgres'
    ? postgresOf(host, settings, settings.database, options.signal)
    : sqliteOf(host, settings, options);
}

/**
 * The SQLite database of a project, reached through a tool container that mounts its volume where the slots do.
 * `null` when the volume does not exist yet: then there is no database either.
 */
export async function sqliteOf(
  host: Host,
  settings: Settings,
  { signal, report, scratch }: DatabaseOptions = {},
): Promise<SqliteDatabase | null> {
  const database = sqliteSettings(settings);
  if (!database) return null;
  const volume = await findVolume(host, settings, database);
  if (!volume) return null;
  const { project, environment, toolImage } = settings;
  const labels = { 'io.pointsman.project': project, 'io.pointsman.environment': environment, ...scratch?.labels };
  const place = {
    database: database.path,
    migrationTable: database.migrationTable,
    backups: database.backups ?? null,
  };
  return new SqliteDatabase(({ id, argv, readOnly = false }) => {
    const name = `${scratch?.name ?? `pointsman-${project}-${environment}`}-${id}`;
    const volumes = [{ ...volume, readOnly }, ...(scratch ? [scratch] : [])];
    // What a tool has done to the database it finds done; a scratch volume is of one attempt, and gone with it.
    const tool = { name, image: toolImage, argv, volumes, labels, repeatable: !scratch };
    return runTool(host.docker, tool, {
      ...(signal ? { signal } : {}),
      ...(report ? { onProgress: (line) => reportLine(line, report) } : {}),
    });
  }, place);
}

/** Whether the tool's image is on the host. A first deploy brings it; who only looks does not. */
export async function hasTool(host: Host, { toolImage }: Pick<Settings, 'toolImage'>): Promise<boolean> {
  return (await imageId(host.docker, toolImage)) !== null;
}

/** For what a person asks: a name that no step of a run has, so that neither takes the other's answer for its own. */
export function uniqueCall(): string {
  return `cli-${randomUUID()}`;
}

/** Names of the containers that run and have the database's volume mounted: whoever holds a lock is one of them. */
export async function usersOf(host: Host, settings: Settings): Promise<string[]> {
  const database = sqliteSettings(settings);
  const volume = database && (await findVolume(host, settings, database));
  if (!volume) return [];
  const filters = JSON.stringify({ volume: [volume.name] });
  const containers = await host.docker.listContainers({ filters });
  return containers.flatMap(({ Names }) => Names.slice(0, 1).map((name) => name.replace('/', ''))).sort();
}

/** A traceback is no progress. */
function reportLine(line: string, report: (progress: object) => void): void {
  if (line.startsWith('{')) report(JSON.parse(line) as object);
}

export interface MountedVolume {
  readonly name: string;
  readonly target: string;
}

/** The database's volume, and where the slots mount it; `null` when there is none yet. */
export async function findVolume(
  host: Host,
  settings: Settings,
  database: SqliteSettings,
): Promise<MountedVolume | null> {
  const config = await new Compose(host, settings).config();
  const mounts = config.services[settings.slots.blue]?.volumes ?? [];
  const mount = mounts.find(({ source }) => source === database.volume);
  const name = config.volumes?.[database.volume]?.name;
  if (!name) return null;
  const { Volumes } = await host.docker.listVolumes({ filters: JSON.stringify({ name: [name] }) });
  const exists = Volumes.some((volume) => volume.Name === name);
  return exists ? { name, target: mount?.target ?? posix.dirname(database.path) } : null;
}
