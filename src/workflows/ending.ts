import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  isCancellation,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import type { LogSection } from '../model/activities.js';
import type { EndingType, FailureType } from '../model/failure.js';
import type { SwitchPlan } from '../model/plan.js';
import type { DeployFailureDetails, DeployResult, Progress } from '../model/progress.js';
import type { ReleaseRecord } from '../model/release-record.js';
import { shippedDirectory } from '../model/settings.js';
import { Approval } from './approval.js';
import { Compensations, type Undone } from './compensations.js';
import { failureMessage } from './failure-message.js';
import { outcomeKey } from './search-attributes.js';
import { Story, type Opening } from './story.js';

/** One deploy or rollback: its account of itself, and what has to be undone if it fails. */
export interface Run {
  readonly story: Story;
  readonly undo: Compensations;
  /** Asks a person; answers where nobody is asked are refused. */
  readonly approval: Approval;
}

/** Tells the story; where it fails or is cancelled, undoes it and ends with one failure that says so. */
export async function tell<Result>(opening: Opening, steps: (run: Run) => Promise<Result>): Promise<Result> {
  const story = new Story(opening);
  const run = { story, undo: new Compensations(story), approval: new Approval(story) };
  try {
    return await steps(run);
  } catch (error) {
    throw await undoAndExplain(run, error);
  }
}

/**
 * The end of the story once the switch is proven: the release is live, so the rest cannot be cancelled
 * and what fails there is a warning.
 */
export function finish(story: Story, plan: SwitchPlan, rest: () => Promise<void>): Promise<DeployResult> {
  return CancellationScope.nonCancellable(async () => {
    await rest();
    upsertSearchAttributes([{ key: outcomeKey, value: 'succeeded' }]);
    story.enter('ended');
    return { progress: story.progress(), live: { slot: plan.slot, release: plan.release } };
  });
}

/** The end of what switches nothing. */
export function finishTask(story: Story): { readonly progress: Progress } {
  upsertSearchAttributes([{ key: outcomeKey, value: 'succeeded' }]);
  story.enter('ended');
  return { progress: story.progress() };
}

/**
 * Undoes what was done, also when the deploy was cancelled, and returns the failure to end with. Its one
 * message is all that the Temporal UI shows at first sight, so it names the step and what was undone.
 */
function undoAndExplain(run: Run, error: unknown): Promise<Error> {
  return CancellationScope.nonCancellable(async () => {
    const cancelled = isCancellation(error);
    const reason = failureMessage(error);
    if (run.undo.empty)
      return end(run, { error, cancelled, reason, undone: [], skipped: [], decisions: [], logs: outputOf(error) });
    run.story.enter('compensating');
    const logs = cancelled ? [] : await collectLogs(run);
    const undone = await run.undo.run();
    const { decisions } = undone;
    const outcome = cancelled ? 'cancelled' : 'undone';
    await recordEnding(run, { outcome, message: reason, backup: run.story.kept?.file ?? null, decisions });
    return end(run, { error, cancelled, reason, ...undone, logs });
  });
}

/** What the migrations wrote, where it was their rehearsal that failed. */
function outputOf(error: unknown): readonly LogSection[] {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  const type: FailureType = 'RehearsalFailed';
  const failed = cause instanceof ApplicationFailure && cause.type === type;
  return failed ? ((cause.details ?? []) as LogSection[]) : [];
}

interface Ended extends Undone {
  readonly error: unknown;
  readonly cancelled: boolean;
  readonly reason: string;
  readonly logs: readonly LogSection[];
}

function end({ story }: Run, ended: Ended): Error {
  const { cancelled, undone, skipped, logs } = ended;
  const touched = undone.length + skipped.length > 0;
  const type: EndingType = skipped.length > 0 ? 'FailedWithSkips' : touched ? 'FailedAndUndone' : 'Refused';
  upsertSearchAttributes([{ key: outcomeKey, value: cancelled ? 'cancelled' : touched ? 'undone' : 'refused' }]);
  const failedStep = story.failedStep();
  story.enter('ended');
  if (cancelled) return new CancelledFailure(`cancelled; ${whatWasUndone(story, ended)}`);
  const from = story.plan?.from;
  const live = from ? `; live: ${from.slot} (${from.release ?? 'release unknown'})` : '';
  const message = `failed at ${failedStep ?? 'its start'}: ${ended.reason}; ${whatWasUndone(story, ended)}${live}`;
  const details: DeployFailureDetails = { progress: story.progress(), failedStep, cancelled, undone, skipped, logs };
  const cause = ended.error instanceof Error ? { cause: ended.error } : {};
  return ApplicationFailure.create({ message, type, nonRetryable: true, details: [details], ...cause });
}

function whatWasUndone({ kept }: Story, { undone, skipped }: Pick<Undone, 'undone' | 'skipped'>): string {
  if (undone.length + skipped.length === 0) return 'there was nothing to undo';
  const parts = [undone.length > 0 ? `undone: ${undone.join(', ')}` : 'nothing undone'];
  if (skipped.length > 0) parts.push(`skipped: ${skipped.join(', ')}`);
  if (kept) parts.push(`the database was left as it is (before: ${kept.file})`);
  return parts.join('; ');
}

async function collectLogs({ story }: Run): Promise<readonly LogSection[]> {
  return story.plan ? ((await story.attempt('collectLogs', { slot: story.plan.slot })) ?? []) : [];
}

async function recordEnding({ story }: Run, outcome: Outcome): Promise<void> {
  const { plan } = story;
  if (plan) await story.attempt('recordRelease', { record: recordOf(story, plan, outcome) });
}

type Outcome = Pick<ReleaseRecord, 'outcome' | 'message' | 'backup' | 'decisions'>;

/** The line of the host's release record for this run. */
export function recordOf(story: Story, plan: SwitchPlan, ending: Outcome): ReleaseRecord {
  const { outcome, message, backup, decisions = [] } = ending;
  const { kind, requestedBy, startedAt } = story.progress();
  return {
    deployId: story.deployId,
    kind,
    outcome,
    release: plan.release,
    slot: plan.slot,
    image: plan.image,
    previous: plan.from?.release ?? null,
    backup,
    ...shippedDirectory(story.settings),
    requestedBy,
    startedAt: new Date(startedAt).toISOString(),
    endedAt: new Date(Date.now()).toISOString(),
    message: message.split('\n')[0] ?? '',
    ...(story.answer ? { approval: story.answer } : {}),
    ...(decisions.length > 0 ? { decisions } : {}),
  };
}
