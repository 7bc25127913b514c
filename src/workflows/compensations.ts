import { allHandlersFinished, condition, patched, setHandler } from '@temporalio/workflow';
import { wrongAttentionAnswer, type AttentionAnswer, type Decision } from '../model/input.js';
import { failureMessage } from './failure-message.js';
import { answerAttention } from './messages.js';
import type { Story } from './story.js';

interface Compensation {
  readonly name: string;
  readonly run: () => Promise<unknown>;
}

/** What was undone, and what a person decided to leave. */
export interface Undone {
  readonly undone: readonly string[];
  readonly skipped: readonly string[];
  /** What people decided, and who. */
  readonly decisions: readonly Decision[];
}

/**
 * The undoing of the steps taken so far, in reverse order.
 *
 * A compensation is registered *before* its step runs: a step whose answer was lost may have acted.
 * Each is idempotent, so undoing what never happened does no harm.
 */
export class Compensations {
  private readonly registered: Compensation[] = [];
  private readonly checks: (() => Promise<unknown>)[] = [];
  private readonly story: Story;
  private readonly decisions: Decision[] = [];
  private answer: AttentionAnswer | null = null;

  constructor(story: Story) {
    this.story = story;
    setHandler(answerAttention, (answer: AttentionAnswer) => void (this.answer = answer), {
      description: 'Retry or skip the compensation that could not finish.',
      validator: (answer: AttentionAnswer) => this.validate(answer),
    });
  }

  register(name: string, run: () => Promise<unknown>): void {
    this.registered.push({ name, run });
  }

  /**
   * Registers what is undone after everything else, what was registered before it too: for what harms nobody where it
   * stays for longer, so that neither the database nor a write hold waits for it.
   */
  registerLast(name: string, run: () => Promise<unknown>): void {
    this.registered.unshift({ name, run });
  }

  /** Undoes that no more; tells whether it would have been. */
  drop(name: string): boolean {
    const at = this.registered.findIndex((one) => one.name === name);
    if (at !== -1) this.registered.splice(at, 1);
    return at !== -1;
  }

  /** What is only looked at once everything is undone, so that nothing (a write hold, say) has to wait for it. */
  afterwards(check: () => Promise<unknown>): void {
    this.checks.push(check);
  }

  /** Nothing was registered, so nothing on the host was changed. */
  get empty(): boolean {
    return this.registered.length === 0;
  }

  /** Undoes everything; one that cannot finish waits for a person, and the others are not given up for it. */
  async run(): Promise<Undone> {
    const undone: string[] = [];
    const skipped: string[] = [];
    for (let next = this.registered.pop(); next; next = this.registered.pop()) {
      const finished = await this.runOne(next);
      (finished ? undone : skipped).push(next.name);
    }
    for (const check of this.checks) await check();
    await condition(allHandlersFinished);
    return { undone, skipped, decisions: this.decisions };
  }

  private async runOne(compensation: Compensation): Promise<boolean> {
    for (;;) {
      try {
        await compensation.run();
        return true;
      } catch (error) {
        const answer = await this.waitForPerson(compensation.name, failureMessage(error));
        const { action, by, reason } = answer;
        this.decisions.push({ action, by, reason, step: compensation.name });
        if (answer.action === 'skip') {
          this.story.markSkipped(compensation.name, `skipped by ${answer.by}: ${answer.reason}`);
          return false;
        }
        this.story.warnings.push(`${compensation.name}: retried by ${answer.by}: ${answer.reason}`);
      }
    }
  }

  private async waitForPerson(step: string, error: string): Promise<AttentionAnswer> {
    this.answer = null;
    // Runs that needed attention before 0.1.0 was released have not asked.
    const found = patched('live-at-attention') ? await this.story.attempt('findLive', {}) : null;
    this.story.attention = { step, error, since: Date.now(), found };
    this.story.enter('needs-attention');
    await condition(() => this.answer !== null);
    this.story.attention = null;
    this.story.enter('compensating');
    return this.answer as unknown as AttentionAnswer;
  }

  /** Two answers may come in one workflow task: the first one counts, and whoever gave the second is told. */
  private validate(answer: AttentionAnswer): void {
    const problem = this.refusal(answer);
    if (problem !== null) throw new Error(problem);
  }

  private refusal(answer: AttentionAnswer): string | null {
    const { attention } = this.story;
    if (!attention) return 'nothing needs attention: there is nothing to retry or skip';
    if (this.answer) return `${this.answer.by} has answered already: ${this.answer.action}`;
    const problem = wrongAttentionAnswer(answer);
    if (problem !== null) return problem;
    const { step = null } = answer;
    return step === null || step === attention.step
      ? this.story.unsigned(answer)
      : `${step} is not what needs attention, but ${attention.step}`;
  }
}
