import { ServiceError, WorkflowNotFoundError } from '@temporalio/client';
import { readDrills } from '../../docker/drill-record.js';
import { askReplica, type ReplicaAnswer } from '../../database/litestream.js';
import { readRecords } from '../../docker/release-record.js';
import type { DrillRecord } from '../../model/drill.js';
import type { EndedOutside } from '../../model/ended-outside.js';
import { visibleLine } from '../../model/foreign-text.js';
import type { Progress } from '../../model/progress.js';
import type { ReleaseRecord } from '../../model/release-record.js';
import type { Settings } from '../../model/settings.js';
import { askRouters, outOfStep, type AskedRouters } from '../../router/all-routers.js';
import { findEndedOutside } from '../../temporal/ended-outside.js';
import { TemporalUnavailableError } from '../../temporal/place.js';
import { whoIsUp } from '../../temporal/presence.js';
import { pc } from '../colours.js';
import { approvalText } from '../approval-text.js';
import { lastDrillLine } from '../drill-text.js';
import { endedText, leftovers } from '../unrecovered.js';
import { exitCodes, type ExitCode } from '../exit-codes.js';
import { isOfOtherVersion, ofOtherVersion } from '../other-version.js';
import { attentionText, headline, holdText, replicaText, stepLine } from '../render.js';
import { stageLines } from '../router-stage.js';
import { askProgress, type RunHandle, type PlaceOptions, type Session } from '../session.js';
import { liveText } from '../../model/slot.js';
import { reasonOf } from '../../model/reason.js';
import { jsonLine } from '../terminal-text.js';

export interface StatusOptions extends PlaceOptions {
  readonly json?: boolean;
}

/** How long the replica may take to catch up before it is called behind. */
const replicaTimeoutMs = 3000;

/** What is live, what runs and what came last; what is live is asked at the router, whatever else is down. */
export async function statusCommand(session: Session, options: StatusOptions): Promise<ExitCode> {
  const settings = await session.settings(options);
  const host = await session.host(settings);
  const routers = await askRouters(host, settings);
  const [last] = (await readRecords(host, settings)).slice(-1);
  const [drill] = settings.replica && settings.database ? (await readDrills(host, settings)).slice(-1) : [];
  const [run, replica] = await Promise.all([
    runningNow(session, settings),
    askReplica(host, settings, { timeoutMs: replicaTimeoutMs }).catch(cannotBeTold),
  ]);
  const found = { routers, last, drill, run, replica };
  if (options.json) session.output.print(jsonLine(asJson(found)));
  else for (const line of linesOf(settings, found)) session.output.print(line);
  return run.code;
}

interface Found {
  readonly routers: AskedRouters;
  readonly last: ReleaseRecord | undefined;
  readonly drill: DrillRecord | undefined;
  readonly run: RunText;
  readonly replica: ReplicaAnswer | null;
}

function asJson({ routers, run, replica, ...found }: Found): object {
  const { live, hold, canary = null, maintenance = null, watched = false } = routers[0].state;
  const others = routers.slice(1).map(({ service, state }) => ({ service, live: state.live }));
  const stage = { canary, maintenance, watched };
  const last = found.last ?? null;
  const drill = found.drill ?? null;
  const asked = replica && { state: replica.state, afterMs: replica.afterMs, problem: replica.problem };
  const known = { last, drill, running: run.json, ended: run.ended ?? null, replica: asked };
  return { live, hold, ...stage, ...(others.length > 0 ? { otherRouters: others } : {}), ...known };
}

function outOfStepLines(routers: AskedRouters, runs: boolean): string[] {
  const next = runs ? '' : '; the next deploy or rollback puts it in step';
  return outOfStep(routers).map((line) => pc.yellow(`router: ${line.replace(/^the router /, '')}${next}`));
}

function linesOf({ replica: configured }: Settings, { routers, last, drill, run, replica }: Found): string[] {
  const router = routers[0].state;
  const { live, hold } = router;
  const runs = run.json !== null;
  const known = { progress: run.progress ?? null, runs, ended: run.ended !== undefined };
  const lines = [`live: ${liveText(live)}`, ...outOfStepLines(routers, runs), ...stageLines(router, known)];
  if (hold) lines.push(`writes: ${holdText(hold, runs ? 'by a run' : run.ended ? 'by one that was ended' : 'behind')}`);
  if (last) lines.push(lastLine(last));
  if (drill || configured?.drillSchedule) lines.push(lastDrillLine(drill, Date.now()));
  if (replica) lines.push(`replica: ${replicaText(replica)}`);
  return [...lines, run.text];
}

function lastLine({ kind, release, outcome, endedAt, requestedBy }: ReleaseRecord): string {
  return visibleLine(`last: ${kind} ${release} ${outcome} at ${endedAt} by ${requestedBy}`);
}

/** What is live and what runs is told all the same. */
function cannotBeTold(error: unknown): ReplicaAnswer {
  return {
    state: 'unknown',
    inStep: false,
    afterMs: 0,
    problem: reasonOf(error),
  };
}

interface RunText {
  readonly text: string;
  readonly json: unknown;
  /** Of the run, as far as its worker tells. */
  readonly progress?: Progress;
  /** A run that was ended from outside, and that nobody has put in order. */
  readonly ended?: EndedOutside;
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
    if (status.name !== 'RUNNING') return await lastEnding(session, settings, nothing);
    const attempt = raw.pendingWorkflowTask?.attempt ?? 0;
    if (attempt > 2) return stuck(attempt);
    return await describeRun(session, handle, runId);
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return nothing;
    if (error instanceof ServiceError) return unanswered;
    if (isOfOtherVersion(error)) return notOurs;
    if (error instanceof TemporalUnavailableError)
      return { text: error.message, json: { error: error.message }, code: exitCodes.unavailable };
    throw error;
  }
}

/** Nothing runs; but the last one may have been ended from outside, and nobody has put that in order yet. */
async function lastEnding(session: Session, settings: Settings, nothing: RunText): Promise<RunText> {
  const ended = await findEndedOutside(await session.client(), settings);
  if (!ended) return nothing;
  const left = await leftovers(await session.host(settings), settings, ended);
  const lines = [endedText(ended), ...left.map((line) => `  left: ${line}`), 'Put it in order: pointsman recover.'];
  return { text: `${nothing.text}\n${pc.yellow(lines.join('\n'))}`, json: null, ended, code: exitCodes.terminated };
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

const notOurs: RunText = {
  text: `running: ${ofOtherVersion}`,
  json: { otherVersion: true },
  code: exitCodes.unexpected,
};

function stuck(attempt: number): RunText {
  const text = `running: pointsman's own workflow code fails (attempt ${attempt}); see the worker's log, and report it`;
  return { text, json: { stuck: true, attempt }, code: exitCodes.unexpected };
}

async function describeRun(session: Session, handle: RunHandle, runId: string): Promise<RunText> {
  const progress = await askProgress(handle);
  const link = session.link(handle.workflowId, runId);
  const lines = [`running: ${headline(progress)} by ${progress.requestedBy}${link ? ` · ${link}` : ''}`];
  lines.push(...progress.steps.map((step) => `  ${stepLine(step, Date.now())}`));
  if (progress.attention) lines.push(attentionText(progress));
  if (progress.approval) lines.push(approvalText(progress, Date.now()));
  return {
    text: lines.join('\n'),
    json: progress,
    progress,
    code: progress.attention ? exitCodes.needsAttention : exitCodes.succeeded,
  };
}
