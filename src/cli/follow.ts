import { setTimeout as sleep } from 'node:timers/promises';
import {
  ServiceError,
  WorkflowFailedError,
  WorkflowNotFoundError,
  isGrpcServiceError,
  isRetryableError,
} from '@temporalio/client';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import type { EndingType } from '../model/failure.js';
import type {
  AdoptResult,
  BackupResult,
  DeployFailureDetails,
  DeployResult,
  MaintenanceResult,
  Progress,
  RecoverResult,
  RestoreRunResult,
} from '../model/progress.js';
import { approvalEvent, approvalText } from './approval-text.js';
import { Exit, exitCodes, type ExitCode } from './exit-codes.js';
import { attentionText, cancelledText, failureText, stepLine } from './render.js';
import { resultText, type Made } from './render-result.js';
import { interruptible } from './interrupt.js';
import { isOfOtherVersion, ofOtherVersion } from './other-version.js';
import { askProgress, type RunHandle, type Session } from './session.js';
import { jsonLine } from './terminal-text.js';

export interface FollowOptions {
  readonly json: boolean;
}

const pollMs = 300;

/**
 * Shows a run until it ends or needs a person, and returns how it ended. Ctrl-C once stops showing, twice
 * cancels: the deploy itself depends on nobody who watches.
 */
export async function follow(session: Session, handle: RunHandle, options: FollowOptions): Promise<ExitCode> {
  const watcher = new Watcher(session, options);
  const interrupt = interruptible(session, handle);
  try {
    const ended = endOf(session, handle);
    const watching = watch(handle, watcher, ended);
    const attention = await Promise.race([watching, interrupt.detached, keepUp(session, watching)]);
    if (attention === 'detached') return exitCodes.detached;
    if (attention) return watcher.needsAttention(attention);
    const { error, result } = await ended;
    // The ending is known by now, also when no worker is left to tell the last steps.
    await askProgress(handle).then(
      (progress) => watcher.show(progress),
      () => undefined,
    );
    return error === null ? watcher.succeeded(result) : explain(session, watcher, error);
  } finally {
    interrupt.stop();
  }
}

type RunResult = DeployResult | BackupResult | RestoreRunResult | RecoverResult | MaintenanceResult | AdoptResult;

export interface End {
  /** `null`: it ended well. */
  readonly error: unknown;
  readonly result: RunResult | null;
}

/** How the run ended. Temporal may be away meanwhile: the run outlives that, so its follower does too. */
export async function endOf(session: Session, handle: RunHandle): Promise<End> {
  for (;;) {
    try {
      return { error: null, result: await handle.result() };
    } catch (error) {
      const away = error instanceof ServiceError && isGrpcServiceError(error.cause) && isRetryableError(error.cause);
      if (!away) return { error, result: null };
      await sleep(pollMs);
    }
    await session.revive();
  }
}

/**
 * Brings our own server and worker back as soon as they are gone, and not only once a question to them has waited in
 * vain. Ends only by failing: they do not come up.
 */
async function keepUp(session: Session, watching: Promise<unknown>): Promise<never> {
  const over = watching.then(
    () => true,
    () => true,
  );
  while (!(await Promise.race([over, sleep(pollMs, false)]))) await session.revive();
  return new Promise<never>(() => undefined);
}

/** Polls until the run has ended (`null`) or waits for a person (its progress). */
export async function watch(handle: RunHandle, watcher: Watcher, ended: Promise<End>): Promise<Progress | null> {
  let over = false;
  const finish = (): void => void (over = true);
  void ended.then(finish, finish);
  while (!over) {
    const progress = await Promise.race([
      askProgress(handle).catch((error: unknown) => watcher.silent(error)),
      ended.then(() => null),
    ]);
    if (progress && !over) {
      watcher.show(progress);
      if (progress.phase === 'needs-attention') return progress;
    }
    await Promise.race([sleep(pollMs), ended]);
  }
  return null;
}

/** Prints each step as it begins and ends, once. */
export class Watcher {
  private readonly session: Session;
  private readonly json: boolean;
  private readonly printed = new Set<string>();
  private last: Progress | null = null;
  private saidSilent = false;
  /** Since when the question stands that was shown last. */
  private askedSince: number | null = null;

  constructor(session: Session, { json }: FollowOptions) {
    this.session = session;
    this.json = json;
  }

  show(progress: Progress): void {
    const { output } = this.session;
    this.last = progress;
    this.saidSilent = false;
    progress.steps.forEach((step, at) => {
      const key = `${at}:${step.state}`;
      if (this.printed.has(key) || (step.state === 'running' && (output.live || this.json))) return;
      this.printed.add(key);
      output.print(this.json ? jsonLine({ event: 'step', ...step }) : stepLine(step, Date.now()));
    });
    this.showApproval(progress);
    const running = progress.steps.filter(({ state }) => state === 'running');
    output.redraw(running.map((step) => stepLine(step, Date.now())).join('\n'));
  }

  /** Said once for each question, and then followed on: anybody may answer, from anywhere. */
  private showApproval(progress: Progress): void {
    const { approval } = progress;
    if (!approval || approval.since === this.askedSince) return;
    this.askedSince = approval.since;
    this.session.output.print(this.json ? jsonLine(approvalEvent(progress)) : approvalText(progress, Date.now()));
  }

  /** Nobody answers: said once, brought back where it is ours, and waited for. */
  async silent(error: unknown): Promise<null> {
    if (error instanceof WorkflowNotFoundError) throw error;
    if (isOfOtherVersion(error)) throw new Exit(exitCodes.unexpected, ofOtherVersion);
    if (!this.saidSilent) this.session.output.note('no worker answers; the deploy waits for one');
    this.saidSilent = true;
    await this.session.revive();
    return null;
  }

  needsAttention(progress: Progress): ExitCode {
    this.session.output.print(this.json ? jsonLine({ event: 'needs-attention', progress }) : attentionText(progress));
    return exitCodes.needsAttention;
  }

  succeeded(result: RunResult | null): ExitCode {
    const { last } = this;
    if (!last) return exitCodes.succeeded;
    const made = madeBy(last, result);
    for (const warning of last.warnings) if (!this.json) this.session.output.print(`warning: ${warning}`);
    this.session.output.print(
      this.json
        ? jsonLine({ event: 'end', outcome: 'succeeded', ...made, progress: last })
        : resultText(last, made, Date.now()),
    );
    return made.backup === null ? exitCodes.refused : exitCodes.succeeded;
  }

  failed(outcome: string, message: string, details: DeployFailureDetails | null): void {
    if (this.json)
      this.session.output.print(jsonLine({ event: 'end', outcome, message, details, progress: this.last }));
    else this.session.output.print(details ? failureText(message, details) : message);
  }

  cancelled(): void {
    this.failed('Cancelled', cancelledText(this.last), null);
  }
}

/** What a run made beside a release; nothing where it was about one. */
function madeBy({ kind }: Progress, result: RunResult | null): Made {
  if (result && 'backup' in result) return { backup: result.backup };
  if (kind === 'recover' && result && 'live' in result) return { live: result.live };
  if (kind === 'maintenance' && result && 'live' in result) return { behind: result.live };
  return result && 'restored' in result ? { restored: result.restored } : {};
}

const codeOf: Record<EndingType, ExitCode> = {
  Refused: exitCodes.refused,
  FailedAndUndone: exitCodes.undone,
  FailedWithSkips: exitCodes.skipped,
};

function explain(session: Session, watcher: Watcher, error: unknown): ExitCode {
  if (!(error instanceof WorkflowFailedError)) throw error;
  const { cause } = error;
  if (cause instanceof ApplicationFailure && cause.type && cause.type in codeOf) {
    watcher.failed(cause.type, cause.message, cause.details?.[0] as DeployFailureDetails);
    return codeOf[cause.type as EndingType];
  }
  if (cause instanceof CancelledFailure) {
    watcher.cancelled();
    return exitCodes.cancelled;
  }
  if (cause instanceof ApplicationFailure) throw new Exit(exitCodes.usage, cause.message);
  watcher.failed(
    'Terminated',
    'ended from outside, without undoing anything: "pointsman status" says what was left, "pointsman recover" puts it in order.',
    null,
  );
  return exitCodes.terminated;
}
