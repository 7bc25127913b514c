import type { RestoreRule } from './settings.js';

/** What tells whether a release changed the database's shape: equal fingerprints mean only rows differ. */
export interface Fingerprint {
  /** sha256 over the schema's statements, without SQLite's and Litestream's own tables. */
  readonly schema: string;
  readonly userVersion: number;
  /** sha256 over the rows of the migration table; `null` when there is no such table. */
  readonly migrations: string | null;
}

/** What is known of a backup; kept beside it as `<backup>.json`. */
export interface BackupManifest {
  /** File name in the directory of the backups: `app.db.pre-deploy-<timestamp>`, or `app.db.manual-<timestamp>`; with `.dump` for PostgreSQL. */
  readonly file: string;
  readonly deployId: string;
  readonly releaseFrom: string | null;
  readonly releaseTo: string;
  /** When the copy was begun, ISO 8601: what was committed later is not in it. */
  readonly startedAt: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly fingerprint: Fingerprint;
}

/** Why a backup was made, as its name says. */
export function backupKind({ file }: Pick<BackupManifest, 'file'>): 'pre-deploy' | 'manual' {
  return /\.manual-\w+(\.dump)?$/.test(file) ? 'manual' : 'pre-deploy';
}

/** What one table of the salvage holds that the restored database does not, and the other way round. */
export interface TableReport {
  readonly table: string;
  readonly onlyInSalvage: number;
  readonly onlyInBackup: number;
  /** Same key, other content. */
  readonly changed: number;
}

export type RestoreResult =
  | { readonly restored: false; readonly reason: string }
  | {
      readonly restored: true;
      readonly reason: string;
      /** The database as it was just before: `app.db.failed-<timestamp>`. */
      readonly salvage: string;
      readonly tables: readonly TableReport[];
    };

/** What came of a migration on a copy. */
export interface Rehearsal {
  /** Whether it changed the schema or the migration state. */
  readonly migrates: boolean;
  readonly tookMs: number;
  /** Of the copy. */
  readonly bytes: number;
  /** How long the real one is expected to hold the database. */
  readonly predictedMs: number;
  /** Its last lines, without secrets. */
  readonly output: readonly string[];
}

/** How far the replica is behind the database. */
export interface ReplicaState {
  /** Whether everything that was committed when it was asked has reached the replica. */
  readonly inStep: boolean;
  /** How long that took, or was waited for. */
  readonly afterMs: number;
  /** Litestream's own words where it is not in step; else empty. */
  readonly problem: string;
}

export type RestoreDecision = { readonly restore: boolean; readonly reason: string };

/** The database rule: where only rows differ there is nothing to undo, and a restore would lose the live slot's writes. */
export function decideRestore(rule: RestoreRule, before: Fingerprint, now: Fingerprint): RestoreDecision {
  if (rule === 'never') return { restore: false, reason: 'database.restore is "never"' };
  if (rule === 'always') return { restore: true, reason: 'database.restore is "always"' };
  const changes = changedParts(before, now);
  return changes.length === 0
    ? { restore: false, reason: 'the failed release changed neither schema nor migration state' }
    : { restore: true, reason: `the failed release changed the ${changes.join(' and the ')}` };
}

/** What is said where nothing is put back by itself, whatever changed. */
export function leftAsItIs({ file }: Pick<BackupManifest, 'file'>): string {
  return `the database was left as it is, and ${file} is from before. To go back: pointsman restore ${file}`;
}

/** In which parts two fingerprints differ, in words; none: only rows may differ. */
export function changedParts(before: Fingerprint, now: Fingerprint): string[] {
  const parts: string[] = [];
  if (before.schema !== now.schema) parts.push('schema');
  if (before.userVersion !== now.userVersion) parts.push('user_version');
  if (before.migrations !== now.migrations) parts.push('migration state');
  return parts;
}
