import { readKey } from '../../temporal/signing-key.js';
import { exitCodes, type ExitCode } from '../exit-codes.js';
import type { Session } from '../session.js';

/** Gives the key of this machine's state directory to whoever may read it, or is let in by {@link sshGateCommand}. */
export function signingKeyCommand(session: Session): ExitCode {
  const key = readKey(session.environment.stateDirectory);
  if (key) session.output.print(key.toString());
  return exitCodes.succeeded;
}
