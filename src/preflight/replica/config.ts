import { posix } from 'node:path';
import { serviceOf, type World } from '../world.js';
import { databaseEntry, replicasOf, sectionOf } from './config-rules.js';
import { variablesOf } from '../../docker/service-copy.js';
import { sqliteSettings } from '../../model/settings.js';
import { readConfigFile, understood, type ConfigFile } from './config-file.js';

/** Litestream's config of the project, read and understood. */
export interface LitestreamConfig {
  readonly file: ConfigFile;
  /** What it says; `null` where it is no YAML. */
  readonly says: Readonly<Record<string, unknown>> | null;
}

export async function litestreamConfig(world: World): Promise<LitestreamConfig | null> {
  const service = serviceOf(world, world.settings.replica?.service ?? '');
  const file = service && (await readConfigFile(world));
  if (!file) return null;
  try {
    return { file, says: sectionOf(understood(file, variablesOf(service))) };
  } catch {
    // The parser's own words may quote a value.
    return { file, says: null };
  }
}

/**
 * Where the replica's container has the database: the same volume may be mounted at another path there.
 *
 * @returns `null` where it does not mount the volume, or there is no database.
 */
export function databaseInReplica(world: World): string | null {
  const { replica, slots } = world.settings;
  const database = sqliteSettings(world.settings);
  if (!database || !replica) return null;
  const targetIn = (name: string): string | undefined =>
    serviceOf(world, name)?.volumes?.find(({ source }) => source === database.volume)?.target;
  const there = targetIn(replica.service);
  const here = targetIn(slots.blue) ?? targetIn(slots.green);
  if (there === undefined) return null;
  return here === undefined ? database.path : posix.join(there, posix.relative(here, database.path));
}

/** The one replica of the database, as the config has it; empty where that is not to be told. */
export async function replicaSection(world: World): Promise<Readonly<Record<string, unknown>>> {
  const database = databaseInReplica(world);
  const says = (await litestreamConfig(world))?.says;
  const entry = database !== null && says ? databaseEntry(says, database) : null;
  return (entry && replicasOf(entry)[0]) ?? {};
}
