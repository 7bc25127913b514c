import { ActivityFailure, CancelledFailure, TimeoutFailure } from '@temporalio/workflow';

/** The reason that a person wants to read: what the step itself said, not that "Activity task failed". */
export function failureMessage(error: unknown): string {
  if (error instanceof ActivityFailure) return failureMessage(error.cause);
  if (error instanceof CancelledFailure) return 'cancelled';
  if (error instanceof TimeoutFailure) return `no answer in time (${error.timeoutType})`;
  if (error instanceof Error) return error.message;
  return String(error);
}
