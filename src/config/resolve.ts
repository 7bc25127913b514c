import type { DatabaseSettings, ReplicaSettings, Settings } from '../model/settings.js';
import { defaults } from './defaults.js';
import { durationInMs } from './duration.js';
import type { ConfigFile, EnvironmentOverrides } from './schema.js';

/** What is found by looking at the directory, not in the file. */
export interface Surroundings {
  readonly directory: string;
  readonly composeFiles: readonly string[];
  readonly envFile: string | null;
}

/** The settings of one environment: its own words first, then the top of the file, then the defaults. */
export function resolveSettings(file: ConfigFile, environment: string, around: Surroundings): Settings {
  const own: EnvironmentOverrides = file.environments?.[environment] ?? {};
  const health = { ...defaults.health, ...file.health, ...own.health };
  return {
    project: own.project ?? file.project,
    environment,
    ...around,
    slots: { ...defaults.slots, ...file.slots },
    image: own.image ?? file.image,
    build: own.build ?? file.build ?? defaults.build,
    health: { timeoutMs: durationInMs(health.timeout), path: health.path, releaseHeader: health.releaseHeader },
    router: { ...defaults.router, ...file.router, ...own.router },
    database: resolveDatabase(file),
    replica: resolveReplica(file, own),
    drain: { timeoutMs: durationInMs({ ...defaults.drain, ...file.drain, ...own.drain }.timeout) },
    logs: { ...defaults.logs, ...file.logs },
    toolImage: file.toolImage ?? defaults.toolImage,
  };
}

function resolveDatabase({ database }: ConfigFile): DatabaseSettings | null {
  return database ? { ...defaults.database, ...database } : null;
}

/** `replica: null` in an environment takes away what the top of the file says. */
function resolveReplica(file: ConfigFile, own: EnvironmentOverrides): ReplicaSettings | null {
  if (own.replica === null) return null;
  if (!own.replica && !file.replica) return null;
  return { ...defaults.replica, ...file.replica, ...own.replica };
}
