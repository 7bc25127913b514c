import { databaseOf, usersOf } from '../database/database-of.js';
import type { Database } from '../database/database.js';
import { ToolError } from '../database/tool-error.js';
import type { Host } from '../hosts/host.js';
import type { Activities, BackupArgs, FindBackupArgs, FoundLive, RestoreArgs, StepArgs } from '../model/activities.js';
import type { BackupManifest, RestoreResult } from '../model/database.js';
import type { Settings } from '../model/settings.js';
import { askLive } from '../router/live-slot.js';
import type { Dependencies } from './dependencies.js';
import { failureOf } from './failures.js';
import type { Running } from './running.js';
import { stepsOn } from './step.js';

type DatabaseSteps = Pick<
  Activities,
  'backupDatabase' | 'restoreDatabase' | 'findLive' | 'findBackup' | 'restoreBackup'
>;

export interface DatabaseStepOptions {
  /** How long a restore waits for the write lock before a person is asked. Default: 60 seconds. */
  readonly lockWaitSeconds?: number;
}

/** What is done to the database. */
export function databaseSteps(
  dependencies: Dependencies,
  { lockWaitSeconds = 60 }: DatabaseStepOptions = {},
): DatabaseSteps {
  const step = stepsOn(dependencies);
  const waiting = (work: RestoreWork) => (host: Host, args: RestoreArgs, context: Running) =>
    work({ host, settings: args.settings, context }, { ...args, waitSeconds: lockWaitSeconds });
  return {
    backupDatabase: step(backupDatabase, 'BackupFailed'),
    restoreDatabase: step(waiting(restoreDatabase), 'RestoreFailed'),
    findLive: step(findLive),
    findBackup: step(findBackup),
    restoreBackup: step(waiting(restoreBackup), 'RestoreFailed'),
  };
}

interface At {
  readonly host: Host;
  readonly settings: Settings;
  readonly context: Running;
}

type RestoreRequest = Omit<RestoreArgs, 'settings'> & { readonly waitSeconds: number };
type RestoreWork = (at: At, request: RestoreRequest) => Promise<RestoreResult>;

async function backupDatabase(host: Host, args: BackupArgs, context: Running): Promise<BackupManifest | null> {
  const { settings, timestamp, deployId, releaseFrom, releaseTo, kind } = args;
  const database = await databaseOf(host, settings, context);
  const request = { timestamp, deployId, releaseFrom, releaseTo, ...(kind ? { kind } : {}) };
  return (await database?.backup(request)) ?? null;
}

async function findLive(host: Host, { settings }: StepArgs): Promise<FoundLive> {
  return { live: await askLive(host, settings) };
}

/** Reads all of it: a backup that was damaged since is told before anything is touched. */
async function findBackup(host: Host, { settings, file }: FindBackupArgs, context: Running): Promise<BackupManifest> {
  const at = { host, settings, context };
  try {
    return await (await databaseAt(at)).verify(file, context.runId);
  } catch (error) {
    throw refused(error);
  }
}

/** By the rule: where the failed release changed nothing but rows, a restore would only lose the live slot's. */
async function restoreDatabase(at: At, request: RestoreRequest): Promise<RestoreResult> {
  const database = await databaseAt(at);
  try {
    return await database.restoreIfNeeded(at.settings.database?.restore ?? 'never', request);
  } catch (error) {
    if (!isBusy(error)) throw error;
    throw failureOf('RestoreFailed', await whoHoldsIt(at, error, 'then run "pointsman retry"'));
  }
}

/** Whatever differs: a person has decided. What needs a person again is not tried again. */
async function restoreBackup(at: At, { backup, timestamp, waitSeconds }: RestoreRequest): Promise<RestoreResult> {
  const database = await databaseAt(at);
  try {
    const { reason, salvage, tables } = await database.restore(backup.file, timestamp, waitSeconds);
    return { restored: true, reason, salvage, tables };
  } catch (error) {
    if (!isBusy(error)) throw refused(error);
    const again = `run "pointsman restore ${backup.file}" again`;
    // Connections to PostgreSQL are cut, not waited for: it is the server itself that is out of reach.
    if (at.settings.database?.kind === 'postgres') throw failureOf('DatabaseLocked', `${error.message}. Then ${again}`);
    throw failureOf('DatabaseLocked', await whoHoldsIt(at, error, `then ${again}. Nothing was changed`));
  }
}

async function databaseAt({ host, settings, context }: At): Promise<Database> {
  const database = await databaseOf(host, settings, context);
  if (database) return database;
  throw failureOf('RestoreRefused', `there is no database: ${whyNone(settings)}`);
}

function whyNone({ database }: Settings): string {
  if (!database) return 'no database is configured';
  return database.kind === 'postgres'
    ? `${database.service} was never started`
    : `the volume ${database.volume} is not there`;
}

function isBusy(error: unknown): error is ToolError {
  return error instanceof ToolError && error.failure === 'busy';
}

/** Which of them holds the lock only the kernel of its container could tell. */
async function whoHoldsIt({ host, settings }: At, { message }: ToolError, advice: string): Promise<string> {
  const users = await usersOf(host, settings);
  const who = users.length > 0 ? `one of ${users.join(', ')}` : 'a process outside of a container';
  return `${message}. A transaction is open in ${who}: end it (restart that container, or wait), ${advice}`;
}

/** What no further attempt can mend. */
function refused(error: unknown): unknown {
  const final = error instanceof ToolError && ['not-found', 'corrupt', 'refused'].includes(error.failure);
  return final ? failureOf('RestoreRefused', error.message) : error;
}
