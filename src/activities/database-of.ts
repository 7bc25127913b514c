import { posix } from 'node:path';
import type { Database } from '../database/database.js';
import { PostgresDatabase } from '../database/postgres.js';
import { SqliteDatabase } from '../database/sqlite.js';
import { ToolError } from '../database/tool-error.js';
import { Compose } from '../docker/compose.js';
import { execIn, findContainer } from '../docker/container.js';
import { runTool } from '../docker/tool-container.js';
import type { Host } from '../hosts/host.js';
import type { PostgresSettings, Settings, SqliteSettings } from '../model/settings.js';
import type { Running } from './running.js';

/**
 * The database of a project, reached through a tool container that mounts its volume where the slots do.
 * `null` when the volume does not exist yet: then there is no database either.
 */
export async function databaseOf(host: Host, settings: Settings, { signal }: Running): Promise<Database | null> {
  const { database } = settings;
  if (!database) return null;
  if (database.kind === 'postgres') return postgresOf(host, settings, database);
  const volume = await findVolume(host, settings, database);
  if (!volume) return null;
  const { project, environment, toolImage } = settings;
  const labels = { 'io.pointsman.project': project, 'io.pointsman.environment': environment };
  const place = { database: database.path, migrationTable: database.migrationTable };
  return new SqliteDatabase(({ id, argv }) => {
    const name = `pointsman-${project}-${environment}-${id}`;
    return runTool(host.docker, { name, image: toolImage, argv, volumes: [volume], labels }, { signal });
  }, place);
}

/** The database of a server that is a service of the project; `null` where it was never started. */
async function postgresOf(host: Host, { project }: Settings, database: PostgresSettings): Promise<Database | null> {
  const { service } = database;
  if (!(await findContainer(host.docker, project, service))) return null;
  return new PostgresDatabase(async (argv) => {
    const server = await findContainer(host.docker, project, service);
    if (!server?.running) throw new ToolError('use', 'busy', `${service} does not run`);
    return execIn(host.docker, server.id, argv);
  }, database);
}

interface MountedVolume {
  readonly name: string;
  readonly target: string;
}

async function findVolume(host: Host, settings: Settings, database: SqliteSettings): Promise<MountedVolume | null> {
  const config = await new Compose(host, settings).config();
  const mounts = config.services[settings.slots.blue]?.volumes ?? [];
  const mount = mounts.find(({ source }) => source === database.volume);
  const name = config.volumes?.[database.volume]?.name;
  if (!name) return null;
  const { Volumes } = await host.docker.listVolumes({ filters: JSON.stringify({ name: [name] }) });
  const exists = Volumes.some((volume) => volume.Name === name);
  return exists ? { name, target: mount?.target ?? posix.dirname(database.path) } : null;
}
