import type { Activities, BackupArgs, RestoreArgs } from '../model/activities.js';
import type { BackupManifest, RestoreResult } from '../model/database.js';
import { databaseOf } from './database-of.js';
import type { Dependencies } from './dependencies.js';
import { failureOf, named } from './failures.js';
import { running, type Running } from './running.js';

/** How long a restore waits for the write lock before a person is asked. */
const lockWaitSeconds = 60;

/** What is done to the database. */
export function databaseSteps({ host }: Dependencies): Pick<Activities, 'backupDatabase' | 'restoreDatabase'> {
  async function backupDatabase(args: BackupArgs, context: Running): Promise<BackupManifest | null> {
    const { settings, timestamp, deployId, releaseFrom, releaseTo } = args;
    const database = await databaseOf(host, settings, context);
    return (await database?.backup({ timestamp, deployId, releaseFrom, releaseTo })) ?? null;
  }

  /** By the rule: where the failed release changed nothing but rows, a restore would only lose the live slot's. */
  async function restoreDatabase(
    { settings, backup, timestamp }: RestoreArgs,
    context: Running,
  ): Promise<RestoreResult> {
    const database = await databaseOf(host, settings, context);
    if (!database || !settings.database) throw failureOf('RestoreFailed', 'the database is gone');
    const request = { backup, timestamp, waitSeconds: lockWaitSeconds };
    return database.restoreIfNeeded(settings.database.restore, request);
  }

  return {
    backupDatabase: (args) => running((context) => named(() => backupDatabase(args, context), 'BackupFailed')),
    restoreDatabase: (args) => running((context) => named(() => restoreDatabase(args, context), 'RestoreFailed')),
  };
}
