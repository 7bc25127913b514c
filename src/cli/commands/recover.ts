import type { EndedOutside } from '../../model/ended-outside.js';
import type { Settings } from '../../model/settings.js';
import { findEndedOutside } from '../../temporal/ended-outside.js';
import { Exit, exitCodes, type ExitCode } from '../exit-codes.js';
import { follow } from '../follow.js';
import type { PlaceOptions, Session } from '../session.js';
import { settledSettings } from '../ship.js';
import { refuse, startOrFollow, whoHas } from '../start.js';
import { endedText, leftovers } from '../unrecovered.js';
import { jsonLine } from '../terminal-text.js';

export interface RecoverOptions extends PlaceOptions {
  readonly database?: 'restore' | 'keep';
  readonly reason?: string;
  readonly json?: boolean;
}

/** Puts in order what a run left that was ended from outside, and follows that. */
export async function recoverCommand(session: Session, options: RecoverOptions): Promise<ExitCode> {
  const written = await session.settings(options);
  const settings = await settledSettings(session, written);
  const client = await session.client();
  const occupant = await whoHas(client, settings);
  if (occupant) refuse('recover', settings, occupant);
  const ended = await findEndedOutside(client, settings);
  if (!ended) {
    session.output.print('nothing to put in order: the last run was not ended from outside, or had touched nothing');
    return exitCodes.succeeded;
  }
  const { json = false, reason = null } = options;
  await show(session, written, ended, json);
  const database = options.database ?? (await decided(session, ended));
  const { requestedBy } = session.environment;
  const input = { settings, ended, database, requestedBy, reason };
  const handle = await startOrFollow(session, client, { kind: 'recover', input });
  return follow(session, handle, { json });
}

async function show(session: Session, settings: Settings, ended: EndedOutside, json: boolean): Promise<void> {
  const left = await leftovers(await session.host(settings), settings, ended);
  if (json) return session.output.print(jsonLine({ event: 'plan', ended, left }));
  session.output.print([endedText(ended), ...left.map((line) => `  left: ${line}`)].join('\n'));
}

/** Never by itself: what was written since would leave the database, though it is kept aside. */
async function decided({ output }: Session, ended: EndedOutside): Promise<'restore' | 'keep'> {
  const { mayHaveMigrated, backup, plan, endedAt } = ended;
  if (!mayHaveMigrated || !backup) return 'keep';
  const question =
    `${plan.release} was started and may have migrated the database.\n` +
    `restore: put it back to ${backup.file} (of ${backup.startedAt}), if its schema or migration state is another one now.\n` +
    `  What was written since, also after ${endedAt}, is then only in the salvage.\n` +
    'keep: leave it as it is.\n';
  const answer = await output.ask(`${question}restore or keep? `);
  if (answer === null) {
    throw new Exit(exitCodes.usage, `${question}Nothing was changed: without a terminal, say which with --database.`);
  }
  if (answer.trim() === 'restore' || answer.trim() === 'keep') return answer.trim() as 'restore' | 'keep';
  throw new Exit(exitCodes.usage, 'Nothing was changed: that is neither "restore" nor "keep".');
}
