import { request, type Agent, type IncomingMessage } from 'node:http';
import type { Outcome } from '../kinds.js';
import type { Place } from './client.js';

export interface Request {
  readonly method?: 'GET' | 'POST';
  readonly path: string;
  readonly body?: string;
  /** Absent: a connection of its own, closed after the answer. */
  readonly agent?: Agent;
  /** Longest silence of the other side. */
  readonly timeoutMs: number;
  /** Reads the body. Default: throws it away. Resolves with what is wrong with it, `null` where nothing is. */
  readonly read?: (response: IncomingMessage) => Promise<Reading | null>;
}

/** What a body was found to be, other than as it should. */
export interface Reading {
  readonly outcome: Outcome;
  readonly detail: string;
}

export interface Exchanged {
  readonly outcome: Outcome;
  readonly release: string | null;
  readonly detail?: string;
}

/** One request, sent once. It never rejects: how it came out is its result. */
export function exchange({ port, releaseHeader }: Place, what: Request): Promise<Exchanged> {
  const { method = 'GET', path, body, agent, timeoutMs, read = discard } = what;
  return new Promise((resolve) => {
    let release: string | null = null;
    const end = (outcome: Outcome, detail?: string): void =>
      resolve({ outcome, release, ...(detail === undefined ? {} : { detail }) });
    const broken = (error: NodeJS.ErrnoException): void =>
      end(error.code === 'ETIMEDOUT' ? 'time-out' : 'reset', `${error.code ?? error.name}: ${error.message}`);
    const sent = request({ host: '127.0.0.1', port, path, method, agent: agent ?? false, timeout: timeoutMs });
    sent.once('timeout', () => sent.destroy(Object.assign(new Error('timeout'), { code: 'ETIMEDOUT' })));
    sent.once('error', broken);
    sent.once('response', (response) => {
      release = headerOf(response, releaseHeader);
      const status = response.statusCode ?? 0;
      const reading = status >= 200 && status < 300 ? read(response) : discard(response);
      reading.then((found) => {
        if (status < 200 || status >= 300) end(heldOr(response), String(status));
        else if (found) end(found.outcome, found.detail);
        else end('ok');
      }, broken);
    });
    sent.end(body);
  });
}

/** Resolves at the end of a whole body; rejects where it was broken off. */
export function discard(response: IncomingMessage): Promise<null> {
  response.resume();
  return new Promise((resolve, reject) => {
    response.once('error', reject);
    response.once('end', () => resolve(null));
  });
}

export function headerOf({ headers }: IncomingMessage, name: string): string | null {
  const value = headers[name];
  return typeof value === 'string' ? value : null;
}

/** A write hold says in a header that it is one. */
export function heldOr(response: IncomingMessage): Outcome {
  return response.statusCode === 503 && 'x-pointsman-hold' in response.headers ? 'held' : 'non-2xx';
}
