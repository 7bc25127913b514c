import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import Docker from 'dockerode';
import { onTestFinished } from 'vitest';

/** The engine's API by a way that can be cut, as a crash of the engine cuts it. */
export interface EngineSocket {
  readonly docker: Docker;
  /** Ends every connection; new ones are made as before. */
  readonly cut: () => void;
}

/** @param directory in which the socket is made; it goes with the test. */
export async function engineSocket(directory: string): Promise<EngineSocket> {
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const engine = connect('/var/run/docker.sock');
    for (const [one, other] of [
      [client, engine],
      [engine, client],
    ] as const) {
      sockets.add(one);
      one.pipe(other);
      one.on('error', () => undefined).once('close', () => other.destroy());
    }
  });
  const socketPath = join(directory, 'engine.sock');
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  onTestFinished(() => void server.close());
  return { docker: new Docker({ socketPath }), cut: () => sockets.forEach((socket) => socket.destroy()) };
}
