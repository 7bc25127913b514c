import { ServiceError, WorkflowNotFoundError, WorkflowUpdateFailedError } from '@temporalio/client';
import type { ApprovalAnswer, AttentionAnswer } from '../../model/input.js';
import type { Progress } from '../../model/progress.js';
import type { Settings } from '../../model/settings.js';
import { answerApproval, answerAttention } from '../../workflows/messages.js';
import { Exit, exitCodes, type ExitCode } from '../exit-codes.js';
import { follow } from '../follow.js';
import { askProgress, type RunHandle, type PlaceOptions, type Session } from '../session.js';

export interface AbortOptions extends PlaceOptions {
  /** Nothing is cancelled unless this release is what runs: a job must not end the deploy of somebody else. */
  readonly release?: string;
  readonly reason?: string;
}

/**
 * Ends the run of an environment and shows how it is undone: as the answer where it waits for approval and a reason is
 * given, so that who and why are in its record; else by cancelling it.
 */
export async function abortCommand(session: Session, options: AbortOptions): Promise<ExitCode> {
  return withRun(session, options, async (handle) => {
    const { release: wanted, reason } = options;
    if (wanted !== undefined) await mustBe(wanted, handle, 'cancelled');
    if (reason && (await isAsked(handle))) await answerApprovalOf(session, handle, { answer: 'abort', reason });
    else {
      if (reason) session.output.note('Nothing waits for approval, so this is a cancellation: the reason is not kept.');
      await handle.cancel();
    }
    return follow(session, handle, { json: false });
  });
}

/** Where no worker is there to tell, what was asked for is done all the same: a cancellation needs none. */
async function isAsked(handle: RunHandle): Promise<boolean> {
  try {
    return (await askProgress(handle)).approval !== undefined;
  } catch (error) {
    if (error instanceof ServiceError) return false;
    throw error;
  }
}

export interface ApproveOptions extends PlaceOptions {
  /** Nothing is approved unless this release is what waits. */
  readonly release?: string;
  readonly reason?: string;
}

/** Lets a deploy go on that waits for approval, and follows it. */
export async function approveCommand(session: Session, options: ApproveOptions): Promise<ExitCode> {
  return withRun(session, options, async (handle, settings) => {
    if (options.release !== undefined) await mustBe(options.release, handle, 'approved');
    const progress = await askProgress(handle);
    if (!progress.approval) throw new Exit(exitCodes.usage, notAskedText(progress, settings));
    await answerApprovalOf(session, handle, { answer: 'approve', reason: options.reason ?? '' });
    return follow(session, handle, { json: false });
  });
}

function notAskedText({ kind, release, phase, requestedBy }: Progress, { project, environment }: Settings): string {
  const what = `${kind}${release === null ? '' : ` ${release}`} by ${requestedBy}`;
  const why =
    phase === 'ended' ? `${what} was the last that ran, and has ended` : `${what} runs and asks nobody (${phase})`;
  return `Nothing waits for approval in ${project}/${environment}: ${why}.`;
}

/** Says yes or no to a deploy that waits for it. */
export async function answerApprovalOf(
  session: Session,
  handle: RunHandle,
  answer: Pick<ApprovalAnswer, 'answer' | 'reason'>,
): Promise<void> {
  const by = session.environment.requestedBy;
  await handle.executeUpdate(answerApproval, { args: [{ ...answer, by }] });
}

async function mustBe(wanted: string, handle: RunHandle, done: 'cancelled' | 'approved'): Promise<void> {
  const { kind, release, requestedBy } = await askProgress(handle);
  if (release === wanted) return;
  const what = `${kind}${release === null ? '' : ` of ${release}`} by ${requestedBy}`;
  throw new Exit(exitCodes.usage, `${wanted} is not what runs, but the ${what}: nothing was ${done}.`);
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
  act: (handle: RunHandle, settings: Settings) => Promise<ExitCode>,
): Promise<ExitCode> {
  const settings = await session.settings(options);
  try {
    return await act(session.handle(await session.client(), settings), settings);
  } catch (error) {
    if (error instanceof WorkflowNotFoundError)
      throw new Exit(exitCodes.usage, `Nothing runs in ${settings.project}/${settings.environment}.`);
    if (error instanceof WorkflowUpdateFailedError)
      throw new Exit(exitCodes.usage, error.cause?.message ?? error.message);
    throw error;
  }
}
