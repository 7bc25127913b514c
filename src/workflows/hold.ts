import { ApplicationFailure, CancellationScope, isCancellation } from '@temporalio/workflow';
import type { FailureType } from '../model/failure.js';
import type { Live } from '../model/slot.js';
import type { Run } from './ending.js';

interface Held {
  /** `null`: nothing is live, so nobody writes. */
  readonly live: Live | null;
  /** What the rehearsal found; `null` where there was none. */
  readonly migrates: boolean | null;
}

/**
 * Does `work` while the router refuses writes, where that is configured. The new config of the switch ends the hold;
 * where the work fails, it is the last thing that is undone, after the database.
 *
 * A durable timer bounds it. It is left out where the rehearsal showed that nothing would be restored.
 */
export async function whileWritesAreHeld<Result>(run: Run, held: Held, work: () => Promise<Result>): Promise<Result> {
  const { story, undo } = run;
  const { database } = story.settings;
  const hold = database?.holdWrites;
  const { live } = held;
  const unneeded = held.migrates === false && database?.restore === 'if-migrated';
  if (!hold || !live || unneeded) return work();
  const { timestamp } = story;
  undo.register('releaseWrites', () => story.compensation('releaseWrites', { live, timestamp }));
  await story.step('holdWrites', { live, timestamp });
  return within(hold.timeoutMs, work);
}

/** Like a time-out of Temporal's own scopes, but told apart from a person's cancel. */
async function within<Result>(timeoutMs: number, work: () => Promise<Result>): Promise<Result> {
  try {
    return await CancellationScope.withTimeout(timeoutMs, work);
  } catch (error) {
    if (!isCancellation(error) || CancellationScope.current().consideredCancelled) throw error;
    const type: FailureType = 'HoldTooLong';
    throw ApplicationFailure.nonRetryable(
      `writes were held for ${timeoutMs / 1000} s (database.holdWrites.timeout) and the switch was not reached`,
      type,
    );
  }
}
