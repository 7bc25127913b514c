import { readRecords } from '../../docker/release-record.js';
import { exitCodes, type ExitCode } from '../exit-codes.js';
import type { PlaceOptions, Session } from '../session.js';

export interface HistoryOptions extends PlaceOptions {
  readonly json?: boolean;
  readonly number: string;
}

/** The host's release record: it is there also when Temporal is down, or has forgotten. */
export async function historyCommand(session: Session, options: HistoryOptions): Promise<ExitCode> {
  const settings = await session.settings(options);
  const records = (await readRecords(await session.host(settings), settings)).slice(-Number(options.number)).reverse();
  if (options.json) {
    session.output.print(JSON.stringify(records));
    return exitCodes.succeeded;
  }
  if (records.length === 0) session.output.print('nothing was deployed here yet');
  for (const record of records) {
    const { endedAt, kind, release, outcome, slot, requestedBy, message, approval, decisions = [] } = record;
    session.output.print(
      `${endedAt}  ${kind.padEnd(11)}  ${release.padEnd(12)}  ${outcome.padEnd(9)}  ${slot ?? '-'}  ${requestedBy}  ${message}`,
    );
    if (approval)
      session.output.print(`    ${approval.answer} by ${approval.by}${approval.reason ? `: ${approval.reason}` : ''}`);
    for (const { step, action, by, reason } of decisions) {
      session.output.print(`    ${step}: ${action} by ${by}${reason ? `: ${reason}` : ''}`);
    }
  }
  return exitCodes.succeeded;
}
