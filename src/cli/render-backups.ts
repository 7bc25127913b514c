import type { DatabaseFacts, Salvage } from '../database/database.js';
import { backupKind, changedParts, type BackupManifest } from '../model/database.js';
import type { DatabaseSettings } from '../model/settings.js';
import { type Live, liveText } from '../model/slot.js';
import { pc } from './colours.js';
import { bytesText, rowsText } from './render-result.js';

/** One line for a backup: what it is called, when and of what it was taken. */
export function backupLine(backup: BackupManifest, ofRollbackTarget: boolean, now: number): string {
  const { file, startedAt, bytes, releaseFrom, releaseTo } = backup;
  const kind = backupKind(backup);
  const of = releaseFrom ?? 'release unknown';
  const why = kind === 'manual' ? `of ${of}` : `${of} → ${releaseTo}`;
  const parts = [file, kind.padEnd(10), when(startedAt, now), bytesText(bytes).padStart(10), why];
  if (ofRollbackTarget) parts.push(pc.cyan('rollback target'));
  return parts.join('  ');
}

/** What a restore kept aside, for whom, and what is only in there. */
export function salvageText({ file, bytes, note }: Salvage, now: number): string {
  const line = [file, 'salvage   ', when(stampOf(file), now), bytesText(bytes).padStart(10)].join('  ');
  if (!note) return line;
  const head = `${line}  before the restore of ${note.backup}`;
  if (note.state !== 'reported') return `${head}, which did not come to its end`;
  const notCompared = (note.notCompared ?? []).map(({ table, problem }) => `  ${table}  not compared: ${problem}`);
  return [head, ...rowsText(note.tables ?? []), ...notCompared].join('\n');
}

export interface RestorePlan {
  readonly backup: BackupManifest;
  readonly now: DatabaseFacts;
  readonly live: Live | null;
  /** What those who use the database notice. */
  readonly meanwhile: string;
}

/** In place, or by a swap of two databases. */
export function meanwhileOf(database: DatabaseSettings | null): string {
  return database?.kind === 'postgres'
    ? 'its connections to the database are cut once, at the end'
    : 'writes wait while the database is put back';
}

/** What a restore is about to do, for the person who decides. */
export function restorePlan({ backup, now, live, meanwhile }: RestorePlan, clock: number): string {
  const { file, startedAt, bytes, releaseFrom, fingerprint } = backup;
  const differs = changedParts(fingerprint, now.fingerprint);
  const rows = Object.entries(now.rows).map(([table, count]) => `${table}: ${count}`);
  const state =
    differs.length > 0
      ? `its ${differs.join(' and its ')} ${differs.length > 1 ? 'are' : 'is'} not that of the backup: make sure that the live release can work with it`
      : 'schema and migration state are those of the backup';
  return [
    `${pc.bold('put back')}   ${file}`,
    `           of ${when(startedAt, clock)}, taken of ${releaseFrom ?? 'an unknown release'}, ${bytesText(bytes)}`,
    `${pc.bold('database')}   ${bytesText(now.bytes)}; rows: ${rows.join(', ') || 'none'}`,
    `           ${state}`,
    `${pc.bold('rows')}       what was written since then is kept in a salvage beside the database, and is not in the database any more`,
    `${pc.bold('live')}       ${liveText(live)}, which goes on serving; ${meanwhile}`,
  ].join('\n');
}

function when(iso: string, now: number): string {
  const age = Date.parse(iso);
  return `${iso.replace(/\.\d+Z$/, 'Z')} (${ageText(now - age)})`;
}

/** `20261123T092334Z` in a file's name, as ISO 8601. */
function stampOf(file: string): string {
  const [, ...parts] = /(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z/.exec(file) ?? [];
  const [year, month, day, hour, minute, second] = parts;
  return `${year}-${month}-${day}T${hour}:${minute}:${second}Z`;
}

/** In the largest unit that fits. */
export function ageText(ms: number): string {
  const units: [seconds: number, name: string][] = [
    [86_400, 'd'],
    [3600, 'h'],
    [60, 'min'],
  ];
  const seconds = Math.max(0, ms / 1000);
  const [size, name] = units.find(([size]) => seconds >= size) ?? [1, 's'];
  return `${Math.floor(seconds / size)} ${name} ago`;
}
