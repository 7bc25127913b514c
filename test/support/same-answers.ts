import { isDeepStrictEqual } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import { askRouter, keptConnections, type Question, type Told } from './ask-router.js';

/** What each question was answered before, by its words. */
export type Answers = ReadonlyMap<Question, Told>;

export interface SameAnswersReport {
  readonly sent: number;
  /** Requests that got no answer (`ECONNRESET on a kept connection http://shop.example:5000/`) or another one than before, by what happened. */
  readonly failures: Readonly<Record<string, number>>;
}

/** However it is stopped, or not: it ends by itself. */
const longestMs = 10 * 60_000;
const clients = 8;

/** Asks everything once. */
export async function answersOf(address: string, questions: readonly Question[]): Promise<Answers> {
  const answers = new Map<Question, Told>();
  for (const question of questions) answers.set(question, await askRouter(address, question));
  return answers;
}

/**
 * Clients that ask the same questions over and over, as fast as they are answered, and hold each answer against the one of before.
 * Every other one keeps its connections; nothing is asked twice because it failed.
 */
export class SameAnswers {
  private readonly address: string;
  private readonly before: Answers;
  private readonly failures: Record<string, number> = {};
  private readonly all: Promise<void>[];
  private sent = 0;
  private stopped = false;

  constructor(address: string, before: Answers) {
    this.address = address;
    this.before = before;
    const until = Date.now() + longestMs;
    this.all = Array.from({ length: clients }, (_, number) => this.client(number, until));
  }

  /** Requests answered or failed so far. */
  get requests(): number {
    return this.sent;
  }

  /** Resolves when `more` further requests have been made. */
  async atLeast(more: number): Promise<void> {
    const target = this.sent + more;
    while (this.sent < target && !this.stopped) await sleep(10);
  }

  async stop(): Promise<SameAnswersReport> {
    this.stopped = true;
    await Promise.all(this.all);
    return { sent: this.sent, failures: this.failures };
  }

  private async client(number: number, until: number): Promise<void> {
    const connections = number % 2 === 0 ? keptConnections() : undefined;
    const questions = [...this.before];
    for (let turn = number; !this.stopped && Date.now() < until; turn += 1) {
      const [question, expected] = questions[turn % questions.length] ?? [];
      if (!question || !expected) throw new Error('there is nothing to ask');
      const what = await askRouter(this.address, question, connections).then(
        (told) => differenceOf(expected, told),
        ({ code, message, kept }: NodeJS.ErrnoException & { readonly kept?: boolean }) =>
          `${code ?? message}${kept ? ' on a kept connection' : ''}`,
      );
      this.sent += 1;
      if (what !== null) this.fail(`${what} ${question.url}`);
    }
    for (const agent of [connections?.plain, connections?.secure]) if (agent) agent.destroy();
  }

  private fail(kind: string): void {
    this.failures[kind] = (this.failures[kind] ?? 0) + 1;
  }
}

/** In words; `null` where both are the same. */
export function differenceOf(before: Told, now: Told): string | null {
  if (before.status !== now.status) return `${now.status} and not ${before.status}:`;
  const names = Object.keys({ ...before.headers, ...now.headers });
  const other = names.filter((name) => !isDeepStrictEqual(before.headers[name], now.headers[name]));
  if (other.length > 0) return `other ${other.join(', ')}:`;
  return before.body === now.body ? null : 'another body:';
}
