import { createServer, type AddressInfo, type Socket } from 'node:net';
import type { SshConnection } from '../hosts/ssh/connection.js';

/**
 * A port of this machine that leads to one of another, through SSH. When the SSH connection breaks, what goes through it
 * breaks too, and the next connection to the port makes it anew.
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
    const server = createServer((socket) => void forward(socket, connection, port));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, '127.0.0.1', resolve);
    });
    return new Tunnel((server.address() as AddressInfo).port);
  }
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
