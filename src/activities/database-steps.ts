import type { Host } from '../hosts/host.js';
import type { Activities, BackupArgs, RestoreArgs } from '../model/activities.js';
import type { BackupManifest, RestoreResult } from '../model/database.js';
import { databaseOf } from './database-of.js';
import type { Dependencies } from './dependencies.js';
import { failureOf } from './failures.js';
import type { Running } from './running.js';
import { stepsOn } from './step.js';

/** How long a restore waits for the write lock before a person is asked. */
const lockWaitSeconds = 60;

/** What is done to the database. */
export function databaseSteps(dependencies: Dependencies): Pick<Activities, 'backupDatabase' | 'restoreDatabase'> {
  const step = stepsOn(dependencies);
  return {
    backupDatabase: step(backupDatabase, 'BackupFailed'),
    restoreDatabase: step(restoreDatabase, 'RestoreFailed'),
  };
}

async function backupDatabase(host: Host, args: BackupArgs, context: Running): Promise<BackupManifest | null> {
  const { settings, timestamp, deployId, releaseFrom, releaseTo, kind } = args;
  const database = await databaseOf(host, settings, context);
  return (await database?.backup({ timestamp, deployId, releaseFrom, releaseTo, ...(kind ? { kind } : {}) })) ?? null;
}

/** By the rule: where the failed release changed nothing but rows, a restore would only lose the live slot's. */
async function restoreDatabase(
  host: Host,
  { settings, backup, timestamp }: RestoreArgs,
  context: Running,
): Promise<RestoreResult> {
  const database = await databaseOf(host, settings, context);
  if (!database || !settings.database) throw failureOf('RestoreFailed', 'the database is gone');
  const request = { backup, timestamp, waitSeconds: lockWaitSeconds };
  return database.restoreIfNeeded(settings.database.restore, request);
}
