import { Agent } from 'node:http';
import { Agent as SecureAgent } from 'node:https';
import type { Duplex } from 'node:stream';
import { connect, type ConnectionOptions } from 'node:tls';
import { inspect } from 'node:util';

type Connected = (error: Error | null, stream?: Duplex) => void;

/** Makes HTTP requests over streams that are dialled one by one, such as channels of an SSH connection. */
export class ChannelAgent extends Agent {
  private readonly dial: () => Promise<Duplex>;

  constructor(dial: () => Promise<Duplex>) {
    super({ keepAlive: false });
    this.dial = dial;
  }

  /** The Docker library prints every request for its debug log, its agent with all that hangs on it: here, a whole connection. */
  [inspect.custom](): string {
    return 'ChannelAgent {}';
  }

  override createConnection(_options: object, connected: Connected): Duplex | null {
    dialled(this.dial, asSocket, connected);
    return null;
  }
}

/** As {@link ChannelAgent}, with TLS from one end of the stream to the other. */
export class SecureChannelAgent extends SecureAgent {
  private readonly dial: () => Promise<Duplex>;

  constructor(dial: () => Promise<Duplex>) {
    super({ keepAlive: false });
    this.dial = dial;
  }

  [inspect.custom](): string {
    return 'SecureChannelAgent {}';
  }

  override createConnection(options: ConnectionOptions, connected: Connected): Duplex | null {
    dialled(this.dial, (stream) => connect({ ...options, socket: stream }), connected);
    return null;
  }
}

function dialled(dial: () => Promise<Duplex>, ready: (stream: Duplex) => Duplex, connected: Connected): void {
  dial().then(
    (stream) => connected(null, ready(stream)),
    (error: unknown) => connected(error instanceof Error ? error : new Error(String(error))),
  );
}

/** What Node's HTTP client asks of a socket beyond a stream; a channel has no timers of its own and needs none. */
function asSocket(stream: Duplex): Duplex {
  const nothing = (): Duplex => stream;
  return Object.assign(stream, {
    setTimeout: nothing,
    setKeepAlive: nothing,
    setNoDelay: nothing,
    ref: nothing,
    unref: nothing,
  });
}
