import { uniqueCall } from '../../database/database-of.js';
import type { Database } from '../../database/database.js';
import { ToolError } from '../../database/tool-error.js';
import { readRecords } from '../../docker/release-record.js';
import { backupKind, type BackupManifest } from '../../model/database.js';
import { releaseBefore } from '../../model/release-record.js';
import { askLive } from '../../router/live-slot.js';
import { pc } from '../colours.js';
import { Exit, exitCodes, type ExitCode } from '../exit-codes.js';
import { follow } from '../follow.js';
import { backupLine, salvageText } from '../render-backups.js';
import type { PlaceOptions, Session } from '../session.js';
import { settledSettings } from '../ship.js';
import { startOrFollow } from '../start.js';
import { withDatabase, type ReachedDatabase } from '../with-database.js';
import { jsonLine } from '../terminal-text.js';

export interface BackupsOptions extends PlaceOptions {
  readonly json?: boolean;
}

/** The backups and what restores kept aside, newest first. */
export async function backupsCommand(session: Session, options: BackupsOptions): Promise<ExitCode> {
  const { manifests, salvages, target } = await withDatabase(session, options, async (reached) => ({
    ...(await reached.database.kept(uniqueCall())),
    target: await rollbackTarget(reached),
  }));
  const ofTarget = (backup: BackupManifest): boolean =>
    target !== null && backup.releaseFrom === target && backupKind(backup) === 'pre-deploy';
  const backups = manifests.toReversed().map((backup) => ({
    ...backup,
    kind: backupKind(backup),
    rollbackTarget: ofTarget(backup),
  }));
  if (options.json) {
    session.output.print(jsonLine({ backups, salvages: salvages.toReversed() }));
    return exitCodes.succeeded;
  }
  const now = Date.now();
  if (backups.length === 0) session.output.print('there is no backup yet');
  for (const backup of backups) session.output.print(backupLine(backup, backup.rollbackTarget, now));
  for (const salvage of salvages.toReversed()) session.output.print(salvageText(salvage, now));
  return exitCodes.succeeded;
}

async function rollbackTarget({ host, settings }: ReachedDatabase): Promise<string | null> {
  const [live, records] = await Promise.all([askLive(host, settings), readRecords(host, settings)]);
  return live ? (releaseBefore(records, live.release)?.release ?? null) : null;
}

export interface VerifyOptions extends PlaceOptions {
  readonly json?: boolean;
}

/** Reads every byte of a backup, or of all: as it was made, and sound. */
export async function verifyCommand(
  session: Session,
  file: string | undefined,
  options: VerifyOptions,
): Promise<ExitCode> {
  return withDatabase(session, options, async ({ database }) => {
    const found = (await database.list(uniqueCall())).toReversed();
    const wanted = file === undefined ? found : [backupNamed(found, file)];
    if (wanted.length === 0 && !options.json) session.output.print('there is no backup yet');
    let code: ExitCode = exitCodes.succeeded;
    for (const backup of wanted) {
      const problem = await problemOf(database, backup);
      if (problem !== null) code = exitCodes.refused;
      session.output.print(options.json ? jsonLine({ file: backup.file, problem }) : line(backup.file, problem));
    }
    return code;
  });
}

function line(file: string, problem: string | null): string {
  return problem === null ? `${pc.green('ok ')}  ${file}` : `${pc.red('bad')}  ${file}  ${problem}`;
}

/** What is wrong with it, or `null`. It may also have been removed since it was listed. */
async function problemOf(database: Database, { file }: BackupManifest): Promise<string | null> {
  try {
    await database.verify(file, uniqueCall(), true);
    return null;
  } catch (error) {
    if (error instanceof ToolError && error.failure !== 'bug') return error.message;
    throw error;
  }
}

/** @throws {Exit} `usage`, with the names that there are. */
export function backupNamed(found: readonly BackupManifest[], file: string): BackupManifest {
  const backup = found.find((each) => each.file === file);
  if (backup) return backup;
  const names = found.map((each) => each.file).join(', ') || 'none';
  throw new Exit(exitCodes.usage, `There is no backup ${file}. Backups: ${names}.`);
}

export interface BackupNowOptions extends PlaceOptions {
  readonly reason?: string;
  readonly json?: boolean;
}

/** Makes a backup that no deploy removes. */
export async function backupNowCommand(session: Session, options: BackupNowOptions): Promise<ExitCode> {
  const settings = await settledSettings(session, await session.settings(options));
  if (!settings.database)
    throw new Exit(exitCodes.usage, 'pointsman.yml has no database: there is nothing to back up.');
  const client = await session.client();
  const { requestedBy } = session.environment;
  const input = { settings, requestedBy, reason: options.reason ?? null };
  const handle = await startOrFollow(session, client, { kind: 'backup', input });
  return follow(session, handle, { json: options.json ?? false });
}
