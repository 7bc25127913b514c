import type { BackupManifest, RestoreResult } from '../model/database.js';
import type { RestoreRule } from '../model/settings.js';
import type { BackupRequest, DatabaseFacts, RestoreReport, RestoreRequest } from './sqlite.js';

/**
 * A database that pointsman looks after, whatever its engine. Every `timestamp` names one run and is the same in each
 * of its attempts; all of these do no harm when run twice.
 */
export interface Database {
  /** As it stands; `null` when there is none yet. */
  fingerprint(timestamp: string): Promise<DatabaseFacts | null>;
  /** A verified copy; the same one again when it was made before. `null`: no database yet. */
  backup(request: BackupRequest): Promise<BackupManifest | null>;
  /** The whole backups, oldest first. */
  list(timestamp: string): Promise<readonly BackupManifest[]>;
  /** @throws {ToolError} `corrupt` when the backup is not what was checked when it was made. */
  verify(file: string, timestamp: string): Promise<BackupManifest>;
  /** After a failed deploy, by the engine's own rule. */
  restoreIfNeeded(rule: RestoreRule, request: RestoreRequest): Promise<RestoreResult>;
  /** Because a person asked; what was there is kept aside. */
  restore(file: string, timestamp: string, waitSeconds: number): Promise<RestoreReport>;
  /** Removes all but the newest `keep` backups of deploys and those in `protect`; returns the names of those removed. */
  prune(timestamp: string, keep: number, protect: readonly string[]): Promise<readonly string[]>;
}
