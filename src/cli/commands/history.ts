import { readRecords } from '../../docker/release-record.js';
import { visibleLine } from '../../model/foreign-text.js';
import { exitCodes, type ExitCode } from '../exit-codes.js';
import type { PlaceOptions, Session } from '../session.js';
import { jsonLine } from '../terminal-text.js';

export interface HistoryOptions extends PlaceOptions {
  readonly json?: boolean;
  readonly number: string;
}

/** The host's release record: it is there also when Temporal is down, or has forgotten. */
export async function historyCommand(session: Session, options: HistoryOptions): Promise<ExitCode> {
  const settings = await session.settings(options);
  const records = (await readRecords(await session.host(settings), settings)).slice(-Number(options.number)).reverse();
  if (options.json) {
    session.output.print(jsonLine(records));
    return exitCodes.succeeded;
  }
  if (records.length === 0) session.output.print('nothing was deployed here yet');
  for (const record of records) {
    const { endedAt, kind, release, outcome, slot, requestedBy, message, approval, decisions = [] } = record;
    const what = `${endedAt}  ${kind.padEnd(11)}  ${release.padEnd(12)}  ${outcome.padEnd(9)}  ${slot ?? '-'}  ${requestedBy}`;
    session.output.print(`${visibleLine(what)}  ${message.replaceAll('\n', '\n    ')}`);
    const say = (line: string): void => session.output.print(`    ${visibleLine(line)}`);
    if (approval) say(`${approval.answer} by ${approval.by}${approval.reason ? `: ${approval.reason}` : ''}`);
    for (const { step, action, by, reason } of decisions) {
      say(`${step}: ${action} by ${by}${reason ? `: ${reason}` : ''}`);
    }
  }
  return exitCodes.succeeded;
}
