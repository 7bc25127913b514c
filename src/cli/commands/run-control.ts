import { WorkflowNotFoundError, WorkflowUpdateFailedError } from '@temporalio/client';
import type { AttentionAnswer } from '../../model/input.js';
import { answerAttention } from '../../workflows/messages.js';
import { Exit, exitCodes, type ExitCode } from '../exit-codes.js';
import { follow } from '../follow.js';
import type { RunHandle, PlaceOptions, Session } from '../session.js';

/** Cancels the run of an environment and shows how it is undone. */
export async function abortCommand(session: Session, options: PlaceOptions): Promise<ExitCode> {
  return withRun(session, options, async (handle) => {
    await handle.cancel();
    return follow(session, handle, { json: false });
  });
}

export interface AnswerOptions extends PlaceOptions {
  readonly reason?: string;
}

/** Answers a run that needs attention, and shows how it goes on. */
export async function answerCommand(
  session: Session,
  action: AttentionAnswer['action'],
  options: AnswerOptions,
): Promise<ExitCode> {
  const answer = { action, by: session.environment.requestedBy, reason: options.reason ?? '' };
  return withRun(session, options, async (handle) => {
    await handle.executeUpdate(answerAttention, { args: [answer] });
    return follow(session, handle, { json: false });
  });
}

async function withRun(
  session: Session,
  options: PlaceOptions,
  act: (handle: RunHandle) => Promise<ExitCode>,
): Promise<ExitCode> {
  const settings = await session.settings(options);
  try {
    return await act(session.handle(await session.client(), settings));
  } catch (error) {
    if (error instanceof WorkflowNotFoundError)
      throw new Exit(exitCodes.usage, `Nothing runs in ${settings.project}/${settings.environment}.`);
    if (error instanceof WorkflowUpdateFailedError)
      throw new Exit(exitCodes.usage, error.cause?.message ?? error.message);
    throw error;
  }
}
