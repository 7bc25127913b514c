import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Recorder } from './accounting.js';
import type { Client } from './clients/client.js';
import { download } from './clients/download.js';
import { events } from './clients/events.js';
import { keptGet, keptPost, newGet, newPost } from './clients/short-requests.js';
import { slowRequest } from './clients/slow-request.js';
import { endlessWebSocket, webSocket } from './clients/web-socket.js';

/** Which clients there are. */
export type Mix = 'all' | 'short' | 'endless';

export interface LoadOptions {
  /** Port of a router of this project's own on 127.0.0.1. */
  readonly port: number;
  /**
   * `all`: every kind. `short`: only requests that are answered at once, so that a drain waits for none. `endless`: every
   * kind, and WebSockets that nobody closes. Default: `all`.
   */
  readonly mix?: Mix;
  /** How often the short requests come, as a factor of about 300 in a second. Default: 1. */
  readonly rate?: number;
  /** Response header in which the app says its release. Default: `X-Release`. */
  readonly releaseHeader?: string;
}

/** Whatever becomes of whoever started it: traffic ends by itself. */
const longestMs = 4 * 3_600_000;
const mostRequests = 5_000_000;

/** All clients at once, from its making until it is stopped. */
export class Load {
  readonly recorder = new Recorder();
  private readonly stopping = new AbortController();
  private readonly running: Promise<unknown>;

  constructor({ port, mix = 'all', rate = 1, releaseHeader = 'X-Release' }: LoadOptions) {
    const { signal } = this.stopping;
    // Every client that waits listens to it.
    setMaxListeners(0, signal);
    const place = { port, recorder: this.recorder, releaseHeader: releaseHeader.toLowerCase(), signal };
    this.running = Promise.all(clientsOf(mix, rate).map((client) => client(place)));
    // A client that throws is an error of ours: it is told of when the load is stopped.
    this.running.catch(() => this.stopping.abort());
    setTimeout(() => this.stopping.abort(), longestMs).unref();
  }

  /** Resolves when this many requests have ended since the load began, or when there are no more. */
  async untilRequests(requests: number): Promise<void> {
    while (this.recorder.requests < requests && !this.stopping.signal.aborted) {
      if (this.recorder.requests > mostRequests) this.stopping.abort();
      await sleep(50);
    }
  }

  /** Begins no new request, and waits for those under way: ten seconds, where there are slow ones. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

function clientsOf(mix: Mix, rate: number): Client[] {
  const short = [
    ...times(20, () => keptGet(150 / rate)),
    ...times(10, () => keptPost(250 / rate)),
    ...times(15, () => newGet(150 / rate)),
    ...times(5, () => newPost(250 / rate)),
  ];
  if (mix === 'short') return short;
  const long = [
    ...times(5, (at) => slowRequest(at * 2000)),
    ...times(2, () => download()),
    ...times(5, () => events()),
    ...times(5, () => webSocket()),
  ];
  return [...short, ...long, ...(mix === 'endless' ? times(5, () => endlessWebSocket()) : [])];
}

function times(count: number, make: (at: number) => Client): Client[] {
  return Array.from({ length: count }, (_, at) => make(at));
}
