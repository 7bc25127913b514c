import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/**
 * A TCP port of this machine that nobody listens on. Below the range that the kernel gives to whoever asks for any port
 * (32768 and up by default): from there a connection, or a server that takes ports at random, as Temporal's does for its
 * parts, may have it before whoever asked here listens.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(10_000, 32_768);
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    // On every address, as Docker publishes a port.
    server.listen(port, () => server.close(() => resolve(true)));
  });
}
