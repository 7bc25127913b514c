import { Agent } from 'node:http';
import type { Duplex } from 'node:stream';
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
    this.dial().then(
      (stream) => connected(null, asSocket(stream)),
      (error: unknown) => connected(error instanceof Error ? error : new Error(String(error))),
    );
    return null;
  }
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
