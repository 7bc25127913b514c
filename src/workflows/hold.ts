import { ApplicationFailure, CancellationScope } from '@temporalio/workflow';
import type { FailureType } from '../model/failure.js';
import type { Live } from '../model/slot.js';
import type { Run } from './ending.js';
import type { Story } from './story.js';

/** Which deploys hold writes. */
export interface Held {
  /** `null`: nothing is live, so nobody writes. */
  readonly live: Live | null;
  /** What the rehearsal found; `null` where there was none. */
  readonly migrates: boolean | null;
}

/** What came of the work, and how the hold is ended once nothing can be undone any more. */
export interface DoneWhileHeld<Result> {
  readonly result: Result;
  readonly letWritesThrough: (live: Live) => Promise<void>;
}

/**
 * Does `work` while the router refuses writes, where that is configured. It still does when the work is done: the switch
 * hands the hold over, so that no write is acknowledged that could be undone. Where the work fails, the hold is the last
 * thing that is undone, after the database.
 *
 * A durable timer bounds it. It is left out where the rehearsal showed that nothing would be restored.
 */
export async function whileWritesAreHeld<Result>(
  run: Run,
  { live, migrates }: Held,
  work: () => Promise<Result>,
): Promise<DoneWhileHeld<Result>> {
  const { story, undo } = run;
  const { database } = story.settings;
  const hold = database?.holdWrites;
  const unneeded = migrates === false && database?.restore === 'if-migrated';
  if (!hold || !live || unneeded) return { result: await work(), letWritesThrough: () => Promise.resolve() };
  const { timestamp } = story;
  undo.register('releaseWrites', () => story.compensation('releaseWrites', { live, timestamp }));
  await story.step('holdWrites', { live, timestamp });
  const result = await within(story, hold.timeoutMs, work);
  return {
    result,
    letWritesThrough: async (now) => void (await story.attempt('releaseWrites', { live: now, timestamp })),
  };
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
    const message = `writes were held for ${timeoutMs / 1000} s (database.holdWrites.timeout) and the switch was not reached`;
    story.explainFailure(message);
    const type: FailureType = 'HoldTooLong';
    throw ApplicationFailure.nonRetryable(message, type);
  }
}
