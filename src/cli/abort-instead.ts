import {
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
  type Client,
} from '@temporalio/client';
import type { Progress } from '../model/progress.js';
import type { Settings } from '../model/settings.js';
import { stageText } from './approval-text.js';
import { answerApprovalOf } from './commands/run-control.js';
import { exitCodes, type ExitCode } from './exit-codes.js';
import { follow } from './follow.js';
import { askProgress, type RunHandle, type Session } from './session.js';
import { whoHas } from './start.js';

/** A deploy that has the environment and can still be taken back in one reload. */
export interface Abortable {
  readonly handle: RunHandle;
  readonly progress: Progress;
}

/**
 * The deploy that a rollback would abort instead of being refused as busy; `null`: there is none, or it would not lead to
 * the release that is wanted.
 */
export async function findAbortable(
  client: Client,
  settings: Settings,
  to: string | undefined,
): Promise<Abortable | null> {
  const occupant = await whoHas(client, settings);
  if (occupant?.memo.kind !== 'deploy') return null;
  const progress = await askProgress(occupant.handle).catch(() => null);
  if (!progress?.liveBefore || stageText(progress) === null) return null;
  return to === undefined || to === progress.liveBefore.release ? { handle: occupant.handle, progress } : null;
}

/** Aborts it and shows how it is undone; `null`: it ended well before that, so its release is live all the same. */
export async function abortInstead(
  session: Session,
  { handle, progress }: Abortable,
  { reason, json }: { readonly reason: string | null; readonly json: boolean },
): Promise<ExitCode | null> {
  await endNow(session, { handle, progress }, reason ?? 'pointsman rollback');
  const code = await follow(session, handle, { json });
  if (code === exitCodes.succeeded) return null;
  // What was asked for was to be back on the release before, and that has come about.
  return code === exitCodes.cancelled || code === exitCodes.undone ? exitCodes.succeeded : code;
}

/** Where it waits for approval, the answer keeps who and why; else, or where it waits no more, it is cancelled. */
async function endNow(session: Session, { handle, progress }: Abortable, reason: string): Promise<void> {
  try {
    if (progress.approval) return await answerApprovalOf(session, handle, progress, { answer: 'abort', reason });
  } catch (error) {
    // Nobody who would take it is there: a cancellation needs no worker to be taken.
    const untaken = error instanceof WorkflowUpdateRPCTimeoutOrCancelledError;
    if (!(untaken || error instanceof WorkflowUpdateFailedError || error instanceof WorkflowNotFoundError)) throw error;
  }
  await handle.cancel().catch((error: unknown) => {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
  });
}
