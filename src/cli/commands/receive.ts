import { readBundle } from '../../shipping/bundle.js';
import { placeBundle } from '../../shipping/place.js';
import { exitCodes, type ExitCode } from '../exit-codes.js';
import type { Session } from '../session.js';
import { jsonLine } from '../terminal-text.js';

/** What is answered to whoever sent a release. */
export interface Received {
  readonly directory: string;
  /** Milliseconds since 1970 there. */
  readonly clock: number;
}

/** The other end of a deploy over SSH: takes what a release needs from standard input and says where it lies. */
export async function receiveCommand(session: Session): Promise<ExitCode> {
  const directory = await placeBundle(session.here, await readBundle(process.stdin));
  const received: Received = { directory, clock: Date.now() };
  session.output.print(jsonLine(received));
  return exitCodes.succeeded;
}
