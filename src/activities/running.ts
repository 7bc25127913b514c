import { CancelledFailure, Context, heartbeat } from '@temporalio/activity';
import type { Attempt } from '../hosts/fence.js';
import { LeftAlone } from '../hosts/host.js';

/** What a step may use while it runs. */
export interface Running extends Attempt {
  /**
   * Aborted when the deploy is cancelled, the attempt has timed out or was superseded, or the worker shuts down. Unless a cancel
   * was asked for, the reason is {@link LeftAlone}: the next attempt joins what runs on the host.
   */
  readonly signal: AbortSignal;
  /** Of the workflow that asks: the same in every attempt. */
  readonly runId: string;
  /** Notes how far the step is: the next heartbeat says it, and the Temporal UI shows it. No secrets. */
  readonly report: (progress: object) => void;
}

/** How steps are run: by a worker of Temporal, or by whoever has to do without. */
export type Runner = <Result>(work: (running: Running) => Promise<Result>) => Promise<Result>;

/** Well below the heartbeat timeout of 6 s (workflows/activity-options.ts). */
const beatMs = 1500;

/**
 * Runs a step with heartbeats beside it, so that a worker that dies is noticed in seconds and a cancelled
 * deploy reaches the commands that the step has started.
 */
export async function running<Result>(work: (running: Running) => Promise<Result>): Promise<Result> {
  const { cancellationSignal, info } = Context.current();
  const signal = told(Context.current());
  const runId = info.workflowExecution?.runId ?? info.activityId;
  let progress: object | undefined;
  const beat = setInterval(() => heartbeat(progress), beatMs);
  try {
    return await work({ signal, runId, number: numberOf(info), report: (latest) => void (progress = latest) });
  } catch (error) {
    if (cancellationSignal.aborted) throw new CancelledFailure('cancelled');
    throw error;
  } finally {
    clearInterval(beat);
  }
}

/**
 * When the server scheduled this attempt, by its own clock, which is the only one asked; so it needs nothing of the workflow.
 *
 * It grows with the attempts of a step, since one is scheduled only after the one before was given up; with the steps of a run,
 * since one is scheduled once the one before has ended or was given up; and with the runs of an environment, since they share
 * one workflow id and none begins before the other has closed. Two steps that run at once (`drainSlot` and `cleanUp`) may have
 * any order: the one that may be behind only looks at fences. The machines of one Temporal cluster differ by less than a step
 * takes; a clock that is set back by more is dealt with where fences are read ({@link fencing}).
 */
function numberOf({ currentAttemptScheduledTimestampMs }: Context['info']): number {
  return currentAttemptScheduledTimestampMs;
}

/** The signal of the SDK, with a reason that the layers below know. */
function told(context: Context): AbortSignal {
  const { cancellationSignal } = context;
  const control = new AbortController();
  const tell = (): void =>
    control.abort(
      isAskedFor(context) ? cancellationSignal.reason : new LeftAlone('another attempt joins what runs on the host'),
    );
  cancellationSignal.addEventListener('abort', tell, { once: true });
  if (cancellationSignal.aborted) tell();
  return control.signal;
}

/** After the last attempt nobody would join, and what is undone must not run beside the step. */
function isAskedFor({ cancellationDetails, info }: Context): boolean {
  if (!cancellationDetails || cancellationDetails.cancelRequested) return true;
  return cancellationDetails.timedOut && info.attempt === info.retryPolicy?.maximumAttempts;
}
