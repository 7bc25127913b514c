import type { IncomingMessage } from 'node:http';
import { pause, type Client } from './client.js';
import { exchange, type Reading } from './exchange.js';

const count = 25;
const everyMs = 200;

/** Listens to a stream of 25 numbered events, five in a second, and then to the next one. */
export function events(): Client {
  return async (place) => {
    while (!place.signal.aborted) {
      const begunAt = Date.now();
      const stream = new Stream();
      const read = (response: IncomingMessage): Promise<Reading | null> => stream.read(response);
      const path = `/traffic/events?count=${count}&every=${everyMs}`;
      const ended = await exchange(place, { path, timeoutMs: 15_000, read });
      place.recorder.record({ kind: 'events', begunAt, endedAt: Date.now(), latencyMs: stream.longestMs, ...ended });
      if (ended.outcome !== 'ok') await pause(1000, place.signal);
    }
  };
}

/** What a reader of `text/event-stream` must see: each number after the one before, and in the end a word that it is the end. */
export class Stream {
  /** The longest wait for an event. */
  longestMs = 0;
  private at = Date.now();
  private next = 1;
  private found: Reading | null = null;
  private finished = false;

  async read(response: IncomingMessage): Promise<Reading | null> {
    let rest = '';
    for await (const chunk of response.setEncoding('utf8') as AsyncIterable<string>) {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) this.line(line);
    }
    return this.end();
  }

  line(line: string): void {
    const [field, value = ''] = line.split(': ', 2);
    if (field === 'id') this.number(Number(value));
    if (field === 'event' && value === 'end') this.finished = true;
    if (field === 'event' && value === 'bye')
      this.found ??= { outcome: 'told to go', detail: `after ${this.next - 1}` };
  }

  end(): Reading | null {
    if (this.found) return this.found;
    if (this.finished && this.next === count + 1) return null;
    return { outcome: 'reset', detail: `the stream ended after event ${this.next - 1} of ${count}` };
  }

  private number(id: number): void {
    if (id !== this.next) this.found ??= { outcome: 'wrong', detail: `event ${id} instead of ${this.next}` };
    this.next = id + 1;
    const now = Date.now();
    this.longestMs = Math.max(this.longestMs, now - this.at);
    this.at = now;
  }
}
