import { ActivityFailure, ApplicationFailure, CancelledFailure, TimeoutFailure } from '@temporalio/workflow';

/** The reason that a person wants to read: what the step itself said, not that "Activity task failed". */
export function failureMessage(error: unknown): string {
  if (error instanceof ActivityFailure) return failureMessage(error.cause);
  if (error instanceof CancelledFailure) return 'cancelled';
  if (error instanceof TimeoutFailure) return `no answer in time (${error.timeoutType})`;
  if (error instanceof Error) return error.message;
  return String(error);
}

/** The failure that an activity threw by its closed list of types; `null` for anything else. */
export function applicationFailure(error: unknown): ApplicationFailure | null {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  return cause instanceof ApplicationFailure ? cause : null;
}
