import { ApplicationFailure, CancellationScope } from '@temporalio/workflow';
import type { FailureType } from '../model/failure.js';
import type { HoldSettings } from '../model/settings.js';
import type { Live } from '../model/slot.js';
import type { Run } from './ending.js';
import type { Story } from './story.js';

/** A hold, and what the router serves meanwhile. */
export interface Held {
  readonly settings: HoldSettings;
  readonly live: Live;
}

/**
 * The time in which the router refuses writes, where that is configured: from before the backup until the switch is
 * proven, so that no write is acknowledged that could be undone. A durable timer bounds it.
 *
 * Where the work fails, the hold is the last thing that is undone, after the database.
 */
export class Hold {
  /** When it will have lasted too long, by the workflow's clock; `null` where writes go through. */
  until: number | null = null;
  private readonly run: Run;
  private readonly held: Held | null;

  /** `null`: writes go through all the time. */
  constructor(run: Run, held: Held | null) {
    this.run = run;
    this.held = held;
  }

  /** Does `work` while writes are held. They still are when it is done: the switch hands the hold over. */
  async over<Result>(work: () => Promise<Result>): Promise<Result> {
    if (!this.held) return work();
    const { story, undo } = this.run;
    const { timestamp } = story;
    const { live, settings } = this.held;
    undo.register('releaseWrites', () => story.compensation('releaseWrites', { live, timestamp }));
    await story.step('holdWrites', { live, timestamp });
    this.until = Date.now() + settings.timeoutMs;
    return within(story, settings.timeoutMs, work);
  }

  /** Ends the hold because nothing of the database will be undone any more; the router does it by itself where this fails. */
  async letWritesThrough(live: Live): Promise<void> {
    if (this.until === null) return;
    this.until = null;
    await this.run.story.attempt('releaseWrites', { live, timestamp: this.run.story.timestamp });
  }

  /** As {@link letWritesThrough}, before more is done: where this fails, nothing more is. */
  async mustLetWritesThrough(live: Live): Promise<void> {
    if (this.until === null) return;
    this.until = null;
    await this.run.story.step('releaseWrites', { live, timestamp: this.run.story.timestamp });
  }

  /**
   * The config from before the switch holds writes, as it did when it was replaced. Put back after they were let
   * through, it must not do so for as long as requests are drained and a slot takes to stop.
   */
  async notAgain(): Promise<void> {
    if (!this.held || this.until !== null) return;
    const { story, undo } = this.run;
    await story.compensation('releaseWrites', { live: this.held.live, timestamp: story.timestamp });
    undo.drop('releaseWrites');
  }
}

/**
 * Like a time-out of Temporal's own scopes, but told apart from a person's cancel. A step whose worker dies while it is
 * cancelled ends in another way than cancelled: the reason is the time all the same.
 */
async function within<Result>(story: Story, timeoutMs: number, work: () => Promise<Result>): Promise<Result> {
  const scope = new CancellationScope({ cancellable: true, timeout: timeoutMs });
  try {
    return await scope.run(work);
  } catch (error) {
    if (!scope.consideredCancelled || CancellationScope.current().consideredCancelled) throw error;
    const section = story.settings.database?.kind === 'postgres' ? 'postgres' : 'database';
    const message = `writes were held for ${timeoutMs / 1000} s (${section}.holdWrites.timeout) and the switch was not reached`;
    story.explainFailure(message);
    const type: FailureType = 'HoldTooLong';
    throw ApplicationFailure.nonRetryable(message, type);
  }
}
