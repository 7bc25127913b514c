import { randomUUID } from 'node:crypto';
import { request, type Agent, type IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { ownConnection } from '../../bench/traffic.js';

export interface UsersReport {
  /** Ids of the notes whose writing was acknowledged with 2xx. */
  readonly written: readonly string[];
  /** Writes that were answered with 503 and a Retry-After. */
  readonly refused: number;
  readonly reads: number;
  /** Whatever else happened, by kind: `GET 502`, `POST ECONNRESET`, … */
  readonly failures: Readonly<Record<string, number>>;
}

/** However they are stopped, or not: they end by themselves. */
const longestMs = 10 * 60_000;

/** Users of the notes app, each on a kept connection of its own: some only write, some only read, and nobody sends anything twice. */
export class Users {
  private readonly port: number;
  private readonly written: string[] = [];
  private readonly failures: Record<string, number> = {};
  private readonly all: Promise<void>[];
  private refused = 0;
  private reads = 0;
  private stopped = false;

  constructor(port: number, { writers = 6, readers = 3 } = {}) {
    this.port = port;
    const until = Date.now() + longestMs;
    const each = (count: number, act: (agent: Agent) => Promise<void>) =>
      Array.from({ length: count }, () => this.repeat(act, until));
    this.all = [...each(writers, (agent) => this.write(agent)), ...each(readers, (agent) => this.read(agent))];
  }

  /** Resolves when so many further writes have been acknowledged. */
  async untilWritten(more: number): Promise<void> {
    const target = this.written.length + more;
    while (this.written.length < target) await sleep(20);
  }

  /** Resolves when a write was refused. */
  async untilRefused(): Promise<void> {
    const target = this.refused + 1;
    while (this.refused < target) await sleep(20);
  }

  async stop(): Promise<UsersReport> {
    this.stopped = true;
    await Promise.all(this.all);
    const { written, refused, reads, failures } = this;
    return { written, refused, reads, failures };
  }

  private async repeat(act: (agent: Agent) => Promise<void>, until: number): Promise<void> {
    const agent = ownConnection();
    while (!this.stopped && Date.now() < until) {
      await act(agent);
      await sleep(50);
    }
    agent.destroy();
  }

  private async write(agent: Agent): Promise<void> {
    const id = randomUUID();
    const answer = await this.send(agent, 'POST', '/api/notes', JSON.stringify({ text: 'a note', id }));
    if (answer === null) return;
    const { statusCode = 0, headers } = answer;
    if (statusCode >= 200 && statusCode < 300) this.written.push(id);
    else if (statusCode === 503 && headers['retry-after'] && headers['x-pointsman-hold']) this.refused += 1;
    else this.fail(`POST ${statusCode}`);
  }

  private async read(agent: Agent): Promise<void> {
    const answer = await this.send(agent, 'GET', '/api/notes?limit=5', '');
    if (answer === null) return;
    this.reads += 1;
    if (answer.statusCode !== 200) this.fail(`GET ${answer.statusCode}`);
  }

  private fail(kind: string): void {
    this.failures[kind] = (this.failures[kind] ?? 0) + 1;
  }

  private send(agent: Agent, method: string, path: string, body: string): Promise<IncomingMessage | null> {
    const answer = new Promise<IncomingMessage>((resolve, reject) => {
      const sent = request({ host: '127.0.0.1', port: this.port, path, method, agent, timeout: 30_000 });
      sent.once('error', reject);
      sent.once('timeout', () => sent.destroy(Object.assign(new Error('timeout'), { code: 'ETIMEDOUT' })));
      sent.once('response', (response) => {
        response.resume();
        response.once('error', reject).once('end', () => resolve(response));
      });
      sent.end(body);
    });
    return answer.catch((error: NodeJS.ErrnoException) => {
      this.fail(`${method} ${error.code ?? error.message}`);
      return null;
    });
  }
}
