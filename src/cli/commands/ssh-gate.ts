import { Exit, exitCodes, type ExitCode } from '../exit-codes.js';
import type { Session } from '../session.js';
import { receiveCommand } from './receive.js';
import { signingKeyCommand } from './signing-key.js';

export interface SshGateOptions {
  /** Lets the key send releases too. */
  readonly ship?: boolean;
}

/**
 * What a key in authorized_keys is allowed that has this as its forced command: nothing is run but the receiving of a
 * release, and that only with `--ship`, and what a request has to be signed with. The tunnel to Temporal is no command, so sshd opens it without asking here.
 */
export function sshGateCommand(
  session: Session,
  { ship }: SshGateOptions,
  asked: string | undefined = process.env['SSH_ORIGINAL_COMMAND'],
): Promise<ExitCode> {
  if (ship && asked === 'pointsman receive') return receiveCommand(session);
  if (asked === 'pointsman signing-key') return Promise.resolve(signingKeyCommand(session));
  const allowed = ship ? 'the tunnel to Temporal and sends releases' : 'the tunnel to Temporal';
  const what = asked === undefined ? 'A shell' : 'That command';
  throw new Exit(exitCodes.refused, `${what} is not allowed: this key opens ${allowed}, nothing else.`);
}
