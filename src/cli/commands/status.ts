import { ServiceError, WorkflowNotFoundError } from '@temporalio/client';
import { askReplica, type ReplicaAnswer } from '../../database/litestream.js';
import { readRecords } from '../../docker/release-record.js';
import type { Settings } from '../../model/settings.js';
import { askLive } from '../../router/live-slot.js';
import { TemporalUnavailableError } from '../../temporal/place.js';
import { whoIsUp } from '../../temporal/presence.js';
import { exitCodes, type ExitCode } from '../exit-codes.js';
import { attentionText, headline, liveText, replicaText, stepLine } from '../render.js';
import { askProgress, type DeployHandle, type PlaceOptions, type Session } from '../session.js';

export interface StatusOptions extends PlaceOptions {
  readonly json?: boolean;
}

/** How long the replica may take to catch up before it is called behind. */
const replicaTimeoutMs = 3000;

/** What is live, what runs and what came last; what is live is asked at the router, whatever else is down. */
export async function statusCommand(session: Session, options: StatusOptions): Promise<ExitCode> {
  const settings = await session.settings(options);
  const host = await session.host(settings);
  const live = await askLive(host, settings);
  const [last] = (await readRecords(host, settings)).slice(-1);
  const [run, replica] = await Promise.all([
    runningNow(session, settings),
    askReplica(host, settings, { timeoutMs: replicaTimeoutMs }).catch(cannotBeTold),
  ]);
  if (options.json) {
    const { state, afterMs, problem } = replica ?? {};
    const answer = replica && { state, afterMs, problem };
    session.output.print(JSON.stringify({ live, last: last ?? null, running: run.json, replica: answer }));
    return run.code;
  }
  session.output.print(`live: ${liveText(live)}`);
  if (last)
    session.output.print(
      `last: ${last.kind} ${last.release} ${last.outcome} at ${last.endedAt} by ${last.requestedBy}`,
    );
  if (replica) session.output.print(`replica: ${replicaText(replica)}`);
  session.output.print(run.text);
  return run.code;
}

/** What is live and what runs is told all the same. */
function cannotBeTold(error: unknown): ReplicaAnswer {
  return {
    state: 'unknown',
    inStep: false,
    afterMs: 0,
    problem: error instanceof Error ? error.message : String(error),
  };
}

interface RunText {
  readonly text: string;
  readonly json: unknown;
  readonly code: ExitCode;
}

async function runningNow(session: Session, settings: Settings): Promise<RunText> {
  const { place } = session;
  const nothing = { text: 'running: nothing', json: null, code: exitCodes.succeeded };
  try {
    // A server that does not run holds no running deploy that it could tell of; with its file it does after `up`.
    const asleep =
      place.kind === 'embedded' &&
      !(await whoIsUp(place.stateDirectory)) &&
      !(await hasHistory(session, place.stateDirectory));
    if (asleep) return nothing;
    const handle = session.handle(await session.client(), settings);
    const { status, runId, raw } = await handle.describe();
    if (status.name !== 'RUNNING') return nothing;
    const attempt = raw.pendingWorkflowTask?.attempt ?? 0;
    if (attempt > 2) return stuck(attempt);
    return await describeRun(session, handle, runId);
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return nothing;
    if (error instanceof ServiceError) return unanswered;
    if (error instanceof TemporalUnavailableError)
      return { text: error.message, json: { error: error.message }, code: exitCodes.unavailable };
    throw error;
  }
}

async function hasHistory(session: Session, stateDirectory: string): Promise<boolean> {
  return (await session.here.tryRun({ argv: ['test', '-e', `${stateDirectory}/temporal.db`] })).exitCode === 0;
}

/** Temporal knows of the run, but the query found nobody to answer it. */
const unanswered: RunText = {
  text: 'running: something, but no worker answers; it waits for one (pointsman worker, beside an external Temporal)',
  json: { unanswered: true },
  code: exitCodes.unavailable,
};

function stuck(attempt: number): RunText {
  const text = `running: pointsman's own workflow code fails (attempt ${attempt}); see the worker's log, and report it`;
  return { text, json: { stuck: true, attempt }, code: exitCodes.unexpected };
}

async function describeRun(session: Session, handle: DeployHandle, runId: string): Promise<RunText> {
  const progress = await askProgress(handle);
  const link = session.link(handle.workflowId, runId);
  const lines = [`running: ${headline(progress)} by ${progress.requestedBy}${link ? ` · ${link}` : ''}`];
  lines.push(...progress.steps.map((step) => `  ${stepLine(step, Date.now())}`));
  if (progress.attention) lines.push(attentionText(progress));
  return {
    text: lines.join('\n'),
    json: progress,
    code: progress.attention ? exitCodes.needsAttention : exitCodes.succeeded,
  };
}
