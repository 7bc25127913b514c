import type { BackupManifest, RestoreResult, TableReport } from '../model/database.js';
import type { Progress } from '../model/progress.js';
import { type Live, liveText } from '../model/slot.js';
import { isTask } from './render.js';

/** What a run made that is no release. */
export interface Made {
  /** `null`: there was no database yet. */
  readonly backup?: BackupManifest | null;
  readonly restored?: RestoreResult;
  /** What is live once a run that was ended from outside is put in order. */
  readonly live?: Live | null;
  /** What the router serves behind the page of a maintenance, or again. */
  readonly behind?: Live | null;
}

/** The end of a run that succeeded: what is live, or what was made of the database. */
export function resultText(progress: Progress, { backup, restored, live, behind }: Made, now: number): string {
  const after = `after ${((now - progress.startedAt) / 1000).toFixed(1)} s`;
  if (live !== undefined) return `in order ${after}; live: ${liveText(live)}`;
  if (behind !== undefined) return `maintenance done ${after}; the app behind it: ${liveText(behind)}`;
  if (backup === null) return 'there is no database yet: nothing was backed up';
  if (backup) return `backup: ${backup.file}, ${bytesText(backup.bytes)}, ${after}`;
  if (restored) return restoredText(restored, after);
  // Its worker ended it and is gone: what was made is in Temporal, and in the volume.
  if (isTask(progress.kind)) return `${progress.kind} done ${after}`;
  return `live: ${liveText(progress.slot ? { slot: progress.slot, release: progress.release } : null)} ${after}`;
}

function restoredText(restored: RestoreResult, after: string): string {
  if (!restored.restored) return `kept as it is: ${restored.reason}`;
  return [
    `restored ${after}; the database as it was is kept in ${restored.salvage}`,
    ...rowsText(restored.tables),
  ].join('\n');
}

/** Table by table, which rows a salvage holds that the database does not. */
export function rowsText(tables: readonly TableReport[]): string[] {
  if (tables.length === 0) return ['  every row is the same in both'];
  const width = Math.max(...tables.map(({ table }) => table.length));
  return tables.map(
    ({ table, onlyInSalvage, onlyInBackup, changed }) =>
      `  ${table.padEnd(width)}  ${onlyInSalvage} only in the salvage, ${onlyInBackup} only in the backup, ${changed} changed`,
  );
}

export function bytesText(bytes: number): string {
  return bytes < 1_000_000 ? `${(bytes / 1000).toFixed(1)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}
