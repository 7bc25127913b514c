import { createHash } from 'node:crypto';
import {
  ServiceError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import type { ApprovalAnswer, AttentionAnswer } from '../../model/input.js';
import { workflowId } from '../../model/names.js';
import type { Progress } from '../../model/progress.js';
import type { Settings } from '../../model/settings.js';
import type { AnswerSigned } from '../../model/signed.js';
import { answerApproval, answerAttention } from '../../workflows/messages.js';
import { Exit, exitCodes, type ExitCode } from '../exit-codes.js';
import { follow } from '../follow.js';
import {
  answerWithinMs,
  askProgress,
  currentRun,
  type RunHandle,
  type PlaceOptions,
  type Session,
} from '../session.js';

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
  return withRun(session, options, async (handle, settings) => {
    const { release: wanted, reason } = options;
    if (wanted !== undefined) mustBe(wanted, await look(handle), 'cancelled');
    const asked = reason ? await whatIsAsked(handle) : null;
    if (reason && asked) await answerApprovalOf(session, handle, asked, { answer: 'abort', reason });
    else {
      // Temporal takes a cancellation of a run that has ended, and does nothing.
      if ((await handle.describe()).status.name !== 'RUNNING') throw nothingRuns(settings);
      if (reason) session.output.note('Nothing waits for approval, so this is a cancellation: the reason is not kept.');
      await handle.cancel();
    }
    return follow(session, handle, { json: false });
  });
}

/** Where no worker is there to tell, what was asked for is done all the same: a cancellation needs none. */
async function whatIsAsked(handle: RunHandle): Promise<Progress | null> {
  try {
    const progress = await askProgress(handle);
    return progress.approval ? progress : null;
  } catch (error) {
    if (error instanceof ServiceError) return null;
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
    const progress = await look(handle);
    if (options.release !== undefined) mustBe(options.release, progress, 'approved');
    if (!progress.approval) throw new Exit(exitCodes.usage, notAskedText(progress, settings));
    await answerApprovalOf(session, handle, progress, { answer: 'approve', reason: options.reason ?? '' });
    return follow(session, handle, { json: false });
  });
}

function notAskedText({ kind, release, phase, requestedBy }: Progress, { project, environment }: Settings): string {
  const what = `${kind}${release === null ? '' : ` ${release}`} by ${requestedBy}`;
  const why =
    phase === 'ended' ? `${what} was the last that ran, and has ended` : `${what} runs and asks nobody (${phase})`;
  return `Nothing waits for approval in ${project}/${environment}: ${why}.`;
}

/** Says yes or no to a deploy that waits for it, for the release that was seen to wait and for no other. */
export async function answerApprovalOf(
  { environment: { requestedBy: by } }: Session,
  handle: RunHandle,
  { approval, release, startedAt }: Progress,
  given: Pick<ApprovalAnswer, 'answer' | 'reason'>,
): Promise<void> {
  const answer: ApprovalAnswer = { ...given, by, ...(release === null ? {} : { release }) };
  const updateId = answerId(answer, approval?.since);
  const signed = answerSigned(handle.workflowId, startedAt);
  await inTime(handle, () => handle.executeUpdate(answerApproval, { args: [{ ...answer, signed }], updateId }));
}

/** The same answer to the same question has the same id, however often it is sent: Temporal takes it once. */
function answerId(answer: ApprovalAnswer | AttentionAnswer, askedSince: number | undefined): string {
  const words = [...Object.values({ ...answer }).map(String), askedSince ?? ''].join('\0');
  return `answer-${createHash('sha256').update(words).digest('hex').slice(0, 16)}`;
}

function answerSigned(workflowId: string, startedAt: number): AnswerSigned {
  return { for: 'answer', workflowId, startedAt };
}

function inTime<Result>(handle: RunHandle, work: () => Promise<Result>): Promise<Result> {
  return handle.client.withDeadline(Date.now() + answerWithinMs, work);
}

/**
 * What the run does now, before something is said to it.
 *
 * @throws {Exit} `unavailable` where no worker is there to tell.
 */
async function look(handle: RunHandle): Promise<Progress> {
  try {
    return await askProgress(handle);
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    const seconds = answerWithinMs / 1000;
    const message = `No worker has told within ${seconds} s what runs, so nothing was said to it: start one (pointsman worker), then try again.`;
    throw new Exit(exitCodes.unavailable, message);
  }
}

function mustBe(wanted: string, { kind, release, requestedBy }: Progress, done: 'cancelled' | 'approved'): void {
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
  const given = { action, by: session.environment.requestedBy, reason: options.reason ?? '' };
  return withRun(session, options, async (handle) => {
    const { attention, startedAt } = await look(handle);
    const answer: AttentionAnswer = attention ? { ...given, step: attention.step } : given;
    const updateId = answerId(answer, attention?.since);
    const signed = answerSigned(handle.workflowId, startedAt);
    await inTime(handle, () => handle.executeUpdate(answerAttention, { args: [{ ...answer, signed }], updateId }));
    return follow(session, handle, { json: false });
  });
}

/** Does `act` with the run that the environment has now, and with no other: one that begins meanwhile is left alone. */
async function withRun(
  session: Session,
  options: PlaceOptions,
  act: (handle: RunHandle, settings: Settings) => Promise<ExitCode>,
): Promise<ExitCode> {
  const settings = await session.settings(options);
  try {
    return await act(await currentRun(await session.client(), settings), settings);
  } catch (error) {
    throw wordsFor(error, settings) ?? error;
  }
}

function nothingRuns(settings: Settings): Exit {
  return new Exit(
    exitCodes.usage,
    `Nothing runs in ${workflowId(settings)}: what was looked at, if anything, has ended.`,
  );
}

function wordsFor(error: unknown, settings: Settings): Exit | null {
  if (error instanceof WorkflowNotFoundError) return nothingRuns(settings);
  if (error instanceof WorkflowUpdateFailedError)
    return new Exit(exitCodes.usage, error.cause?.message ?? error.message);
  if (!(error instanceof WorkflowUpdateRPCTimeoutOrCancelledError)) return null;
  const message =
    `No worker has taken the answer within ${answerWithinMs / 1000} s. It may still count once there is one (pointsman worker): ` +
    `see pointsman status. The same command again is the same answer, and counts once.`;
  return new Exit(exitCodes.unavailable, message);
}
