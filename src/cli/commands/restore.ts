import { uniqueCall } from '../../database/database-of.js';
import type { DatabaseFacts } from '../../database/sqlite.js';
import type { BackupManifest } from '../../model/database.js';
import type { Settings } from '../../model/settings.js';
import type { Live } from '../../model/slot.js';
import { askLive } from '../../router/live-slot.js';
import { Exit, exitCodes, type ExitCode } from '../exit-codes.js';
import { follow } from '../follow.js';
import { restorePlan } from '../render-backups.js';
import type { PlaceOptions, Session } from '../session.js';
import { startOrFollow } from '../start.js';
import { withDatabase } from '../with-database.js';
import { backupNamed } from './backups.js';

export interface RestoreOptions extends PlaceOptions {
  readonly reason?: string;
  readonly yes?: boolean;
  readonly json?: boolean;
}

/** Puts the database back to a backup: shows what that means, has it confirmed, and follows it. */
export async function restoreCommand(session: Session, file: string, options: RestoreOptions): Promise<ExitCode> {
  const { settings, ...plan } = await withDatabase(session, options, async ({ host, settings, database }) => {
    const backup = backupNamed(await database.list(uniqueCall()), file);
    const now = await database.fingerprint(uniqueCall());
    if (!now) throw new Exit(exitCodes.refused, noDatabase(settings, file));
    return { settings, backup, now, live: await askLive(host, settings) };
  });
  showPlan(session, plan, options.json ?? false);
  if (!options.yes) await confirmed(session, settings.project);
  const client = await session.client();
  const { requestedBy } = session.environment;
  const input = { settings, backup: file, requestedBy, reason: options.reason ?? null };
  const handle = await startOrFollow(session, client, { kind: 'restore', input });
  return follow(session, handle, { json: options.json ?? false });
}

interface Plan {
  readonly backup: BackupManifest;
  readonly now: DatabaseFacts;
  readonly live: Live | null;
}

function showPlan({ output }: Session, plan: Plan, json: boolean): void {
  const { backup, now, live } = plan;
  output.print(json ? JSON.stringify({ event: 'plan', ...plan }) : restorePlan(backup, now, live, Date.now()));
}

/** Names the project, since the wrong one is what people fear. */
async function confirmed({ output }: Session, project: string): Promise<void> {
  const answer = await output.ask(`Type the project's name (${project}) to put the database back: `);
  if (answer === null) {
    throw new Exit(exitCodes.usage, 'Nothing was changed: without a terminal a restore needs --yes.');
  }
  if (answer.trim() !== project) throw new Exit(exitCodes.usage, 'Nothing was changed: that is not its name.');
}

/** A restore in place needs the file that others have open. */
function noDatabase({ database }: Settings, file: string): string {
  return `There is no ${database?.path}, so nothing can be put back in place. Stop the slots, copy ${file} there, and start them.`;
}
