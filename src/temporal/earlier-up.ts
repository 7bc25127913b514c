import { createHash } from 'node:crypto';
import { holdersOf, rowsOf, socketLink } from './proc.js';
import type { Presence } from './presence.js';

/** Of a socket that takes connections: `__SO_ACCEPTCON` of Linux. */
const accepting = '00010000';

/**
 * An `up` of a build that announced itself on an abstract socket, and still runs after an upgrade: it must not get
 * another one beside it. Anybody can take that name, so nothing is asked there: what counts is a process of ours that has
 * the socket open. Whether it is ready only it could say; it has had the time of an upgrade for it.
 */
export function findEarlierUp(stateDirectory: string): Presence | null {
  const digest = createHash('sha256').update(stateDirectory).digest('hex').slice(0, 24);
  // The kernel writes each zero byte of an abstract name as @, and some versions of Node fill the name up with them.
  const name = new RegExp(`^@pointsman-${digest}@*$`);
  const sockets = (rowsOf('/proc/net/unix') ?? []).filter(
    ([, , , flags, , , , path]) => flags === accepting && name.test(path ?? ''),
  );
  if (sockets.length === 0) return null;
  const [pid] = holdersOf(sockets.map(([, , , , , , inode = '']) => socketLink(inode)));
  return pid === undefined ? null : { pid, ready: true };
}
