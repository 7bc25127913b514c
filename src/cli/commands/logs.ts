import { readServiceLogs } from '../../docker/service-logs.js';
import { askLive } from '../../router/live-slot.js';
import type { Slot } from '../../model/slot.js';
import { Exit, exitCodes, type ExitCode } from '../exit-codes.js';
import { logText } from '../render.js';
import type { PlaceOptions, Session } from '../session.js';

export interface LogsOptions extends PlaceOptions {
  readonly slot?: string;
  readonly lines?: string;
}

/** The last lines of the live slot (or a named one), the router and litestream, each apart. */
export async function logsCommand(session: Session, options: LogsOptions): Promise<ExitCode> {
  const settings = await session.settings(options);
  const host = await session.host(settings);
  const slot = (options.slot as Slot | undefined) ?? (await askLive(host, settings))?.slot;
  if (!slot) throw new Exit(exitCodes.usage, 'Nothing is live. Name a slot: pointsman logs --slot green.');
  const lines = options.lines === undefined ? undefined : Number(options.lines);
  session.output.print(logText(await readServiceLogs(host, settings, slot, lines)));
  return exitCodes.succeeded;
}
