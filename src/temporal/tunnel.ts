import { createServer, type AddressInfo, type Socket } from 'node:net';
import type { SshConnection } from '../hosts/ssh/connection.js';
import { tcpSockets } from './proc.js';

/**
 * A port of this machine that leads to one of another, through SSH. When the SSH connection breaks, what goes through it
 * breaks too, and the next connection to the port makes it anew. What is behind it asks nobody for a password, so other
 * users of this machine are turned away.
 */
export class Tunnel {
  readonly port: number;

  private constructor(port: number) {
    this.port = port;
  }

  /**
   * @param port of the other machine, on its loopback interface.
   * @throws {SshError} when the host cannot be reached, or does not open that port.
   */
  static async open(connection: SshConnection, port: number): Promise<Tunnel> {
    // Now, while somebody can be told why it does not work.
    (await connection.dial('127.0.0.1', port)).destroy();
    const server = createServer((socket) =>
      isOfThisUser(socket) ? void forward(socket, connection, port) : socket.destroy(),
    );
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, '127.0.0.1', resolve);
    });
    return new Tunnel((server.address() as AddressInfo).port);
  }
}

/**
 * Whether this user made the other end of a connection within this machine. A system without a proc file system does not
 * tell, and everybody passes there.
 */
function isOfThisUser({ localPort, remotePort }: Socket): boolean {
  const sockets = tcpSockets();
  if (sockets === null) return true;
  // Only of an established one the kernel tells the user.
  const theirs = sockets.find(
    (other) => other.state === 'established' && other.localPort === remotePort && other.remotePort === localPort,
  );
  return theirs?.uid === process.geteuid?.();
}

async function forward(socket: Socket, connection: SshConnection, port: number): Promise<void> {
  // Whoever is connected sees it as an end of the connection, and tries again.
  const end = (): void => void socket.destroy();
  socket.once('error', end);
  try {
    const channel = await connection.dial('127.0.0.1', port);
    channel.once('error', end).once('close', end);
    socket.once('close', () => channel.destroy());
    socket.pipe(channel).pipe(socket);
  } catch {
    end();
  }
}
