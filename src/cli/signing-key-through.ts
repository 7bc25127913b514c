import type { SshConnection } from '../hosts/ssh/connection.js';
import { runOver } from '../hosts/ssh/remote-command.js';
import { SigningKey } from '../temporal/signing-key.js';

/**
 * The key of the machine that Temporal is reached through, as the key of CI is let in there, and a login is. `null` where that
 * machine has none, or does not give it: an older pointsman knows none, and what is not signed is refused by the worker.
 */
export async function keyThrough(connection: SshConnection, via: string): Promise<SigningKey | null> {
  const { exitCode, stdout } = await runOver(
    connection,
    { argv: ['pointsman', 'signing-key'] },
    {},
    'pointsman signing-key',
  );
  return exitCode === 0 && stdout.trim() ? new SigningKey(stdout, via) : null;
}
