import { CancelledFailure, Context, heartbeat } from '@temporalio/activity';

/** What a step may use while it runs. */
export interface Running {
  /** Aborted when the deploy is cancelled or the worker shuts down. */
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
  const runId = info.workflowExecution?.runId ?? info.activityId;
  let progress: object | undefined;
  const beat = setInterval(() => heartbeat(progress), beatMs);
  try {
    return await work({ signal: cancellationSignal, runId, report: (latest) => void (progress = latest) });
  } catch (error) {
    if (cancellationSignal.aborted) throw new CancelledFailure('cancelled');
    throw error;
  } finally {
    clearInterval(beat);
  }
}
