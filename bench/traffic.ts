import { randomUUID } from 'node:crypto';
import { Agent, request, type IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

export interface TrafficOptions {
  /** Port of a router of this project's own on 127.0.0.1: traffic goes nowhere else. */
  readonly port: number;
  /** Clients that each keep a connection and send one request after the other. Default 10. */
  readonly clients?: number;
  /** Pause of each client between two requests, in milliseconds. Default 50. */
  readonly pauseMs?: number;
  /** Path that is read. Default: `/healthz`. */
  readonly path?: string;
  /** Whether every fourth request writes. Default: yes. */
  readonly writes?: boolean;
}

export interface TrafficReport {
  readonly sent: number;
  /** Every request without a 2xx answer, by what happened: `502`, `ECONNRESET`, … */
  readonly failed: number;
  readonly failures: Readonly<Record<string, number>>;
  /** Each of them. */
  readonly failedRequests: readonly FailedRequest[];
  /** Answers by the release that gave them. */
  readonly releases: Readonly<Record<string, number>>;
  /** Ids of the notes whose writing was acknowledged. */
  readonly written: readonly string[];
}

/** One request that failed. */
export interface FailedRequest {
  readonly kind: string;
  /** When it was sent and when its client heard of it, in milliseconds since 1970. */
  readonly sentAt: number;
  readonly failedAt: number;
}

/** How many there were of each kind. */
export function byKind(failed: readonly FailedRequest[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { kind } of failed) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}

/** However it is stopped, or not: traffic ends by itself. */
const mostRequests = 100_000;
const longestMs = 10 * 60_000;

/**
 * Of one client, which sends one request after the other. Clients that shared a pool would leave connections of it unused
 * for seconds and take them again in the very moment of a reload, when answers are late and all of them ask at once.
 */
export function ownConnection(): Agent {
  return new Agent({ keepAlive: true, maxSockets: 1 });
}

/**
 * Steady traffic as users make it: kept connections, three reads for each write, nothing retried. A request that
 * an idle connection's end has broken counts as failed like any other.
 */
export class Traffic {
  private readonly options: Required<TrafficOptions>;
  private readonly failedRequests: FailedRequest[] = [];
  private readonly releases: Record<string, number> = {};
  private readonly written: string[] = [];
  private readonly clients: Promise<void>[];
  private sent = 0;
  private stopped = false;

  constructor({ port, clients = 10, pauseMs = 50, path = '/healthz', writes = true }: TrafficOptions) {
    this.options = { port, clients, pauseMs, path, writes };
    const until = Date.now() + longestMs;
    this.clients = Array.from({ length: clients }, () => this.client(until));
  }

  /** Requests answered or failed so far. */
  get requests(): number {
    return this.sent;
  }

  /** Resolves when `more` further requests have been made. */
  async atLeast(more: number): Promise<void> {
    const target = this.sent + more;
    while (this.sent < target && !this.stopped) await sleep(20);
  }

  async stop(): Promise<TrafficReport> {
    this.stopped = true;
    await Promise.all(this.clients);
    const { sent, failedRequests, releases, written } = this;
    return { sent, failed: failedRequests.length, failures: byKind(failedRequests), failedRequests, releases, written };
  }

  private async client(until: number): Promise<void> {
    const agent = ownConnection();
    for (let turn = 0; !this.stopped && this.sent < mostRequests && Date.now() < until; turn += 1) {
      await this.ask(agent, this.options.writes && turn % 4 === 3 ? { text: `note ${turn}`, id: randomUUID() } : null);
      await sleep(this.options.pauseMs);
    }
    agent.destroy();
  }

  private async ask(agent: Agent, note: { readonly text: string; readonly id: string } | null): Promise<void> {
    this.sent += 1;
    const sentAt = Date.now();
    try {
      const { statusCode = 0, headers } = await this.send(agent, note);
      const release = String(headers['x-release'] ?? 'unknown');
      this.releases[release] = (this.releases[release] ?? 0) + 1;
      if (statusCode < 200 || statusCode >= 300) this.fail(String(statusCode), sentAt);
      else if (note) this.written.push(note.id);
    } catch (error) {
      this.fail((error as NodeJS.ErrnoException).code ?? 'unknown', sentAt);
    }
  }

  private fail(kind: string, sentAt: number): void {
    this.failedRequests.push({ kind, sentAt, failedAt: Date.now() });
  }

  private send(agent: Agent, note: object | null): Promise<IncomingMessage> {
    const body = note ? JSON.stringify(note) : '';
    const { port } = this.options;
    const path = note ? '/api/notes' : this.options.path;
    return new Promise((resolve, reject) => {
      const sent = request({
        host: '127.0.0.1',
        port,
        path,
        method: note ? 'POST' : 'GET',
        agent,
        timeout: 15_000,
      });
      sent.once('error', reject);
      sent.once('timeout', () => sent.destroy(Object.assign(new Error('timeout'), { code: 'ETIMEDOUT' })));
      sent.once('response', (response) => {
        response.resume();
        response.once('error', reject);
        response.once('end', () => resolve(response));
      });
      sent.end(body);
    });
  }
}
