import { CancelledFailure, Context, heartbeat } from '@temporalio/activity';

/** What a step may use while it runs. */
export interface Running {
  /** Aborted when the deploy is cancelled or the worker shuts down. */
  readonly signal: AbortSignal;
}

/** Well below the heartbeat timeout of 6 s (workflows/activity-options.ts). */
const beatMs = 1500;

/**
 * Runs a step with heartbeats beside it, so that a worker that dies is noticed in seconds and a cancelled
 * deploy reaches the commands that the step has started.
 */
export async function running<Result>(work: (running: Running) => Promise<Result>): Promise<Result> {
  const { cancellationSignal } = Context.current();
  const beat = setInterval(() => heartbeat(), beatMs);
  try {
    return await work({ signal: cancellationSignal });
  } catch (error) {
    if (cancellationSignal.aborted) throw new CancelledFailure('cancelled');
    throw error;
  } finally {
    clearInterval(beat);
  }
}
