import { WebSocket } from 'ws';
import type { Kind, Outcome } from '../kinds.js';
import { headerOf, heldOr } from './exchange.js';
import { pause, type Client, type Place } from './client.js';

const timeoutMs = 15_000;
const goingAway = 1001;

interface Manner {
  readonly kind: Kind;
  /** Messages before the client says goodbye; `Infinity`: never. */
  readonly messages: number;
  readonly everyMs: number;
}

/** Opens a connection, sends ten messages in a second for six seconds, each after the echo of the last, and says goodbye. */
export function webSocket(): Client {
  return talks({ kind: 'websocket', messages: 60, everyMs: 100 });
}

/** Never says goodbye. Whoever ends it has to be a drain; a new one is opened after that. */
export function endlessWebSocket(): Client {
  return talks({ kind: 'endless websocket', messages: Infinity, everyMs: 1000 });
}

function talks(manner: Manner): Client {
  return async (place) => {
    while (!place.signal.aborted) {
      const outcome = await new Talk(place, manner).run();
      if (outcome !== 'ok') await pause(200, place.signal);
    }
  };
}

/** One connection from its opening to its end. */
class Talk {
  private readonly place: Place;
  private readonly manner: Manner;
  private readonly begunAt = Date.now();
  private readonly socket: WebSocket;
  private readonly closed: Promise<null>;
  private openedAt: number | null = null;
  private release: string | null = null;
  private found: { outcome: Outcome; detail: string } | null = null;
  private saidGoodbye = false;
  private heard: (text: string) => void = () => undefined;

  constructor(place: Place, manner: Manner) {
    this.place = place;
    this.manner = manner;
    const options = { handshakeTimeout: timeoutMs, perMessageDeflate: false };
    this.socket = new WebSocket(`ws://127.0.0.1:${place.port}/traffic/echo`, options);
    this.socket.once('upgrade', (response) => (this.release = headerOf(response, place.releaseHeader)));
    this.socket.on('message', (data: Buffer) => this.heard(data.toString()));
    this.socket.once('unexpected-response', (_, response) => {
      this.find(heldOr(response), String(response.statusCode));
      response.resume();
      this.socket.terminate();
    });
    this.socket.once('error', ({ message }) => this.broken(message));
    this.closed = new Promise((resolve) => this.socket.once('close', (code) => resolve(this.end(code))));
  }

  async run(): Promise<Outcome> {
    const { place, manner, socket, begunAt } = this;
    await Promise.race([new Promise((resolve) => socket.once('open', resolve)), this.closed]);
    if (socket.readyState === WebSocket.OPEN) await this.converse();
    await this.closed;
    const { release, openedAt, found } = this;
    const endedAt = Date.now();
    const latencyMs = (openedAt ?? endedAt) - begunAt;
    place.recorder.record({
      ...{ kind: manner.kind, begunAt, endedAt, latencyMs, release },
      ...(found ?? { outcome: 'ok' }),
    });
    return found?.outcome ?? 'ok';
  }

  private async converse(): Promise<void> {
    const { manner, place, socket } = this;
    this.openedAt = Date.now();
    for (let n = 1; n <= manner.messages && socket.readyState === WebSocket.OPEN && !place.signal.aborted; n += 1) {
      await this.echo(n);
      await pause(manner.everyMs, place.signal);
    }
    if (socket.readyState !== WebSocket.OPEN) return;
    this.saidGoodbye = true;
    socket.close(1000);
  }

  /** A message that never comes back is counted with its connection's end, whatever that was. */
  private async echo(n: number): Promise<void> {
    const { socket, place, release } = this;
    const begunAt = Date.now();
    const text = `${begunAt} ${n}`;
    const late = setTimeout(() => {
      this.find('time-out', `no echo of message ${n}`);
      socket.terminate();
    }, timeoutMs);
    const echoed = new Promise<string>((resolve) => (this.heard = resolve));
    // What cannot be sent is told by the connection's end.
    socket.send(text, () => undefined);
    const back = await Promise.race([echoed, this.closed]);
    clearTimeout(late);
    if (back === null) return;
    const endedAt = Date.now();
    const outcome = back === text ? 'ok' : 'wrong';
    if (outcome === 'wrong') this.find(outcome, `"${back}" instead of "${text}"`);
    place.recorder.record({ kind: 'message', begunAt, endedAt, latencyMs: endedAt - begunAt, outcome, release });
  }

  private broken(message: string): void {
    this.find(message.includes('timed out') ? 'time-out' : 'reset', message);
  }

  private end(code: number): null {
    if (code === goingAway) this.find('told to go', 'close 1001');
    else if (!this.saidGoodbye || code !== 1000) this.find('reset', `close ${code}`);
    return null;
  }

  /** The first thing that went wrong is the one that counts. */
  private find(outcome: Outcome, detail: string): void {
    this.found ??= { outcome, detail };
  }
}
