import { createHash } from 'node:crypto';
import { createConnection, createServer, type Server } from 'node:net';
import { text } from 'node:stream/consumers';

/** What a running `pointsman up` says of itself. */
export interface Presence {
  readonly pid: number;
  /** The worker takes tasks. */
  readonly ready: boolean;
}

/**
 * One `pointsman up` per state directory. The kernel holds the name of this socket for as long as the process
 * lives and no longer, so there is no lock file that could go stale.
 */
function socketName(stateDirectory: string): string {
  return `\0pointsman-${createHash('sha256').update(stateDirectory).digest('hex').slice(0, 24)}`;
}

/** Takes the place of the one `up`; `null` when another process has it. */
export function announce(stateDirectory: string, presence: () => Presence): Promise<Server | null> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => {
      socket.on('error', () => socket.destroy());
      socket.end(JSON.stringify(presence()));
    });
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(null) : reject(error),
    );
    server.listen(socketName(stateDirectory), () => resolve(server));
  });
}

/** The `pointsman up` that runs on this state; `null` when none does. */
export async function whoIsUp(stateDirectory: string): Promise<Presence | null> {
  const socket = createConnection(socketName(stateDirectory));
  try {
    return JSON.parse(await text(socket)) as Presence;
  } catch {
    // Nobody listens, or it ended in the middle of its answer.
    return null;
  }
}
