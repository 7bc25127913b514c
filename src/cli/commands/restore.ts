import { uniqueCall } from '../../database/database-of.js';
import type { Settings } from '../../model/settings.js';
import { askLive } from '../../router/live-slot.js';
import { Exit, exitCodes, type ExitCode } from '../exit-codes.js';
import { follow } from '../follow.js';
import { meanwhileOf, restorePlan, type RestorePlan } from '../render-backups.js';
import type { PlaceOptions, Session } from '../session.js';
import { startOrFollow } from '../start.js';
import { withDatabase } from '../with-database.js';
import { backupNamed } from './backups.js';
import { jsonLine } from '../terminal-text.js';

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
    const live = await askLive(host, settings);
    return { settings, backup, now, live, meanwhile: meanwhileOf(settings.database) };
  });
  showPlan(session, plan, options.json ?? false);
  if (!options.yes) await confirmed(session, settings.project);
  const client = await session.client();
  const { requestedBy } = session.environment;
  const input = { settings, backup: file, requestedBy, reason: options.reason ?? null };
  const handle = await startOrFollow(session, client, { kind: 'restore', input });
  return follow(session, handle, { json: options.json ?? false });
}

function showPlan({ output }: Session, { meanwhile, ...plan }: RestorePlan, json: boolean): void {
  output.print(json ? jsonLine({ event: 'plan', ...plan }) : restorePlan({ ...plan, meanwhile }, Date.now()));
}

/** Names the project, since the wrong one is what people fear. */
async function confirmed({ output }: Session, project: string): Promise<void> {
  const answer = await output.ask(`Type the project's name (${project}) to put the database back: `);
  if (answer === null) {
    throw new Exit(exitCodes.usage, 'Nothing was changed: without a terminal a restore needs --yes.');
  }
  if (answer.trim() !== project) throw new Exit(exitCodes.usage, 'Nothing was changed: that is not its name.');
}

/** A restore in place needs the file that others have open; one of PostgreSQL what the database is like. */
function noDatabase({ database }: Settings, file: string): string {
  if (database?.kind === 'postgres') {
    const { service, name, user } = database;
    return `There is no database ${name} on ${service} to take the place of. Make it (docker compose exec ${service} createdb -U ${user} ${name}) and try again.`;
  }
  return `There is no ${database?.path}, so nothing can be put back in place. Stop the slots, copy ${file} there, and start them.`;
}
