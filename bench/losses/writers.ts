import { randomUUID } from 'node:crypto';
import { request, type Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { byKind, ownConnection, type FailedRequest } from '../traffic.js';

export interface WritersReport {
  /** Ids of the rows whose writing was acknowledged with 2xx, in no order. */
  readonly acknowledged: readonly string[];
  /** Writes that were answered with 503 and Retry-After, as a write hold does. */
  readonly held: number;
  /** Every other end of a write, by what it was: `502`, `ECONNRESET`, … */
  readonly failures: Readonly<Record<string, number>>;
  /** Each of them. */
  readonly failedRequests: readonly FailedRequest[];
}

const clients = 4;
/** Writers end by themselves, however they are stopped or not. */
const mostRows = 100_000;
const longestMs = 30 * 60_000;

/** Clients that do nothing but write rows through the router of this project's own on 127.0.0.1, one after the other. */
export class Writers {
  private readonly acknowledged: string[] = [];
  private readonly failedRequests: FailedRequest[] = [];
  private readonly port: number;
  private readonly running: Promise<void>[];
  private readonly pauseMs: number;
  private held = 0;
  private stopped = false;

  /** @param pauseMs of each client after a row. */
  constructor(port: number, pauseMs: number) {
    this.port = port;
    this.pauseMs = pauseMs;
    const until = Date.now() + longestMs;
    this.running = Array.from({ length: clients }, () => this.write(until));
    void Promise.all(this.running).then(() => (this.stopped = true));
  }

  /** Resolves when this many rows have been acknowledged in all. */
  async atLeast(rows: number): Promise<void> {
    while (this.acknowledged.length < rows && !this.stopped) await sleep(20);
  }

  get rows(): number {
    return this.acknowledged.length;
  }

  /** @throws when they had ended by themselves before: then not all of what happened was written through. */
  async stop(): Promise<WritersReport> {
    const early = this.stopped;
    this.stopped = true;
    await Promise.all(this.running);
    if (early) throw new Error(`the writers reached their own bound, with ${this.acknowledged.length} rows`);
    const { acknowledged, held, failedRequests } = this;
    return { acknowledged, held, failures: byKind(failedRequests), failedRequests };
  }

  private async write(until: number): Promise<void> {
    const agent = ownConnection();
    while (!this.stopped && this.acknowledged.length < mostRows && Date.now() < until) {
      const id = randomUUID();
      const sentAt = Date.now();
      const end = await this.post(agent, JSON.stringify({ id, text: 'one of many' }));
      if (end === '201') this.acknowledged.push(id);
      else if (end === 'held') this.held += 1;
      else this.failedRequests.push({ kind: end, sentAt, failedAt: Date.now() });
      await sleep(end === '201' ? this.pauseMs : 50);
    }
    agent.destroy();
  }

  private post(agent: Agent, body: string): Promise<string> {
    const to = { host: '127.0.0.1', port: this.port, path: '/api/notes', method: 'POST', agent };
    return new Promise((resolve) => {
      const sent = request({ ...to, timeout: 60_000 }, (response) => {
        const { statusCode = 0, headers } = response;
        response.resume();
        response.once('error', ({ message }) => resolve(message));
        response.once('end', () => resolve(statusCode === 503 && headers['retry-after'] ? 'held' : String(statusCode)));
      });
      sent.once('timeout', () => sent.destroy(Object.assign(new Error('timeout'), { code: 'ETIMEDOUT' })));
      sent.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
      sent.end(body);
    });
  }
}
