import { backupKind, type BackupManifest } from './database.js';

/** As much of a backup as tells whether it stays. */
export type KeptBackup = Pick<BackupManifest, 'file' | 'releaseFrom'>;

export interface Retention {
  /** The backup of this very deploy, once it is made. */
  readonly own: KeptBackup;
  /** How many of the newest stay. */
  readonly keep: number;
  /** The newest backup that was taken of this release stays too; `null`: there is none to go back to. */
  readonly rollbackTo: string | null;
}

/**
 * Backups that the clean-up of a deploy is going to remove, oldest first: the same rule as that of `Database.prune`, which
 * keeps it where the files are.
 *
 * @param found those that are there before the deploy, oldest first.
 */
export function backupsToGo(found: readonly KeptBackup[], { own, keep, rollbackTo }: Retention): string[] {
  const ofDeploys = [...found.filter((backup) => backupKind(backup) === 'pre-deploy'), own];
  const ofTarget = ofDeploys.findLast(({ releaseFrom }) => rollbackTo !== null && releaseFrom === rollbackTo);
  const kept = new Set([own.file, ofTarget?.file]);
  return ofDeploys
    .slice(0, -keep)
    .map(({ file }) => file)
    .filter((file) => !kept.has(file));
}
