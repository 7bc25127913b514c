import type { BackupManifest, Fingerprint, RestoreResult, TableReport } from '../model/database.js';
import type { RestoreRule } from '../model/settings.js';

export interface BackupRequest {
  readonly timestamp: string;
  readonly deployId: string;
  readonly releaseFrom: string | null;
  readonly releaseTo: string;
  /** `manual`: asked for by a person, named so, and never pruned. */
  readonly kind?: 'manual';
}

export interface RestoreRequest {
  readonly backup: BackupManifest;
  /** Names the salvage; the same in every attempt, so that a second one goes on where the first one was cut. */
  readonly timestamp: string;
  /** How long to wait for the write lock. */
  readonly waitSeconds: number;
}

/** The database as it stands. */
export interface DatabaseFacts {
  readonly fingerprint: Fingerprint;
  /** Rows of each of the app's tables. */
  readonly rows: Readonly<Record<string, number>>;
  /** With what is still in the WAL. */
  readonly bytes: number;
  /** Free on the volume's file system. */
  readonly freeBytes: number;
}

export interface RestoreReport {
  readonly salvage: string;
  readonly reason: string;
  /** The tables that differ. */
  readonly tables: readonly TableReport[];
  /** Tables that SQLite could not compare outside of the app; their rows are in the salvage all the same. */
  readonly notCompared: readonly { readonly table: string; readonly problem: string }[];
}

/** The database as a restore found it, kept aside. */
export interface Salvage {
  readonly file: string;
  readonly bytes: number;
  /** What the restore noted beside it; `null` where that is gone. */
  readonly note: SalvageNote | null;
}

export interface SalvageNote extends Partial<Omit<RestoreReport, 'salvage'>> {
  /** The backup that was put back. */
  readonly backup: string;
  /** `salvaged`: the restore was about to be committed. */
  readonly state: 'salvaged' | 'committed' | 'reported';
}

export interface Kept {
  readonly manifests: readonly BackupManifest[];
  readonly salvages: readonly Salvage[];
}

/**
 * A database that pointsman looks after, whatever its engine. Every `timestamp` names one run and is the same in each
 * of its attempts; all of these do no harm when run twice. What only one engine has is not here.
 */
export interface Database {
  /** As it stands; `null` when there is none yet. */
  fingerprint(timestamp: string): Promise<DatabaseFacts | null>;
  /** A verified copy; the same one again when it was made before. `null`: no database yet. */
  backup(request: BackupRequest): Promise<BackupManifest | null>;
  /** The whole backups, oldest first. */
  list(timestamp: string): Promise<readonly BackupManifest[]>;
  /** The whole backups, and what restores kept aside, oldest first. */
  kept(timestamp: string): Promise<Kept>;
  /**
   * @param integrity look also into the file, as far as the engine can.
   * @throws {ToolError} `corrupt` when the backup is not what was checked when it was made.
   */
  verify(file: string, timestamp: string, integrity?: boolean): Promise<BackupManifest>;
  /** After a failed deploy, by the engine's own rule. */
  restoreIfNeeded(rule: RestoreRule, request: RestoreRequest): Promise<RestoreResult>;
  /** Because a person asked; what was there is kept aside. */
  restore(file: string, timestamp: string, waitSeconds: number): Promise<RestoreReport>;
  /**
   * Removes backups of deploys, all but the newest `keep`, those in `protect` and the newest one that was taken of the
   * release `rollbackTo`; returns the names of those removed.
   */
  prune(
    timestamp: string,
    keep: number,
    protect: readonly string[],
    rollbackTo?: string | null,
  ): Promise<readonly string[]>;
}
