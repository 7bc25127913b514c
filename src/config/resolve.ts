import { resolve } from 'node:path';
import type { HoldSettings, PostgresSettings, ReplicaSettings, Settings, SqliteSettings } from '../model/settings.js';
import type { Draft } from './draft.js';
import type { Problem } from './problems.js';
import { firstFile, isFile, matchingFiles, tooLargeToRead } from './project-files.js';
import { rolloutSettings, routers } from './resolve-switch.js';
import { problemAt } from './rules.js';
import type { Keys } from './schema.js';

/** The names that Compose itself looks for, in its order. */
export const composeFileNames = ['compose.yaml', 'compose.yml', 'docker-compose.yaml', 'docker-compose.yml'] as const;

/** The files that the settings name, as far as they are there. */
export interface ProjectFiles {
  /** Absolute. */
  readonly directory: string;
  readonly composeFiles: readonly string[];
  readonly envFile: string | null;
  /** What `database.migrations.files` matches. */
  readonly migrations: readonly string[];
  readonly problems: readonly Problem[];
}

/** Looks where the schema cannot: which of the files are really in the project's directory. */
export async function findProjectFiles(directory: string, draft: Draft): Promise<ProjectFiles> {
  const compose = await findComposeFiles(directory, draft);
  const env = await findEnvFile(directory, draft);
  const patterns = (draft.keys.database?.migrations || null)?.files ?? [];
  const migrations = await matchingFiles(directory, patterns);
  return { directory, ...compose, ...env, migrations, problems: [...compose.problems, ...env.problems] };
}

async function findComposeFiles(directory: string, draft: Draft) {
  const { compose } = draft.keys;
  if (compose === undefined) {
    const found = draft.isSound(['compose']) ? await firstFile(directory, composeFileNames) : null;
    if (found !== null || !draft.isSound(['compose'])) return { composeFiles: found ? [found] : [], problems: [] };
    const words = { message: `none of ${composeFileNames.join(', ')} is here`, fix: 'run: pointsman init' };
    return { composeFiles: [], problems: [problemAt(draft, ['compose'], words)] };
  }
  const composeFiles = [compose].flat();
  const problems: Problem[] = [];
  for (const [at, file] of composeFiles.entries()) {
    if (await isFile(resolve(directory, file))) continue;
    const path = Array.isArray(compose) ? ['compose', at] : ['compose'];
    problems.push(
      problemAt(draft, path, { message: `there is no file ${file}`, fix: 'name a Compose file that exists' }),
    );
  }
  return { composeFiles: problems.length === 0 ? composeFiles : [], problems };
}

async function findEnvFile(directory: string, draft: Draft) {
  const named = draft.keys.envFile;
  if (!draft.isSound(['envFile']) || named === null) return { envFile: null, problems: [] };
  if (named === undefined || (await isFile(resolve(directory, named)))) {
    const envFile = named ?? (await firstFile(directory, ['.env']));
    return { envFile, problems: envFile === null ? [] : await sizeProblems(directory, envFile) };
  }
  const words = { message: `there is no file ${named}`, fix: 'make it, or write envFile: false for none' };
  return { envFile: named, problems: [problemAt(draft, ['envFile'], words)] };
}

/** Every value of it is looked for in what is logged, so it is held to what that takes. */
async function sizeProblems(directory: string, file: string): Promise<Problem[]> {
  const message = await tooLargeToRead(resolve(directory, file));
  const fix = 'name another one with envFile: only variables belong there';
  return message === null ? [] : [{ file, line: null, column: null, message, fix }];
}

/** The settings as workflows get them: everything that may differ between machines is settled here. */
export function toSettings(environment: string, keys: Keys, files: ProjectFiles): Settings {
  const { timeout, ...health } = keys.health;
  return {
    project: keys.project,
    environment,
    ...(keys.hosts[0] ? { host: keys.hosts[0] } : {}),
    directory: files.directory,
    composeFiles: files.composeFiles,
    envFile: files.envFile,
    slots: keys.slots,
    image: keys.image,
    build: keys.build,
    health: { timeoutMs: timeout, ...health },
    ...routers(keys.router),
    database: keys.database ? sqliteSettings(keys.database) : keys.postgres && postgresSettings(keys.postgres),
    replica: keys.replica && replicaSettings(keys.replica),
    drain: { timeoutMs: keys.drain.timeout },
    logs: keys.logs,
    toolImage: keys.toolImage,
    ...rolloutSettings(keys),
  };
}

/** What is turned off is left out: settings are kept in every history. */
function sqliteSettings(keys: NonNullable<Keys['database']>): SqliteSettings {
  const { backups, migrate, rehearsal, migrations, holdWrites, ...always } = keys;
  return {
    ...always,
    ...(backups === undefined ? {} : { backups }),
    ...(migrate ? { migrate: { command: migrate, timeoutMs: rehearsal.timeout, network: rehearsal.network } } : {}),
    ...(migrations ? { migrations } : {}),
    ...(holdWrites ? { holdWrites: holdSettings(holdWrites) } : {}),
  };
}

function postgresSettings({ holdWrites, ...always }: NonNullable<Keys['postgres']>): PostgresSettings {
  const hold = holdWrites ? { holdWrites: holdSettings(holdWrites) } : {};
  return { kind: 'postgres', ...always, restore: 'never', ...hold };
}

type HoldKeys = NonNullable<NonNullable<Keys['database']>['holdWrites']>;

function holdSettings({ timeout, retryAfter, ...what }: HoldKeys): HoldSettings {
  return { ...what, timeoutMs: timeout, retryAfterSeconds: Math.ceil(retryAfter / 1000) };
}

function replicaSettings({ drill, ...always }: NonNullable<Keys['replica']>): ReplicaSettings {
  return { ...always, ...(drill === null ? {} : { drillSchedule: drill }) };
}
