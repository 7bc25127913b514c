import { WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError, type Client } from '@temporalio/client';
import { visibleLine } from '../model/foreign-text.js';
import type {
  AdoptInput,
  BackupInput,
  DeployInput,
  MaintenanceInput,
  RecoverInput,
  RestoreInput,
  RollbackInput,
} from '../model/input.js';
import { markdown } from '../model/markdown.js';
import { workflowId } from '../model/names.js';
import type { Place } from '../model/queue.js';
import type { Settings } from '../model/settings.js';
import { startSigned } from '../temporal/start-signed.js';
import { taskQueue } from '../temporal/place.js';
import { environmentKey, outcomeKey, projectKey, releaseKey } from '../workflows/search-attributes.js';
import { Exit, exitCodes } from './exit-codes.js';
import { whoWaits } from './line.js';
import { refuseUnrecovered } from './unrecovered.js';
import type { RunHandle, RunWorkflow, Session } from './session.js';

export type Start =
  | { readonly kind: 'deploy'; readonly input: DeployInput }
  | { readonly kind: 'rollback'; readonly input: RollbackInput }
  | { readonly kind: 'backup'; readonly input: BackupInput }
  | { readonly kind: 'restore'; readonly input: RestoreInput }
  | { readonly kind: 'recover'; readonly input: RecoverInput }
  | { readonly kind: 'maintenance'; readonly input: MaintenanceInput }
  | { readonly kind: 'adopt'; readonly input: AdoptInput };

interface Memo {
  readonly kind?: string;
  /** What it is about: a release, the database, or on or off. */
  readonly release?: string;
  readonly requestedBy?: string;
}

/** The run that has an environment now. */
export interface Occupant {
  readonly handle: RunHandle;
  readonly runId: string;
  readonly memo: Memo;
  readonly startTime: Date;
}

/**
 * Starts a run; its workflow id is the lock. The same release asked for again while it is being deployed (a CI
 * job that was run again) follows the one that runs.
 *
 * @throws {Exit} `busy` when another one runs, with who, what and since when; or, for a deploy, when others wait in line.
 */
export async function startOrFollow(session: Session, client: Client, start: Start): Promise<RunHandle> {
  const { settings } = start.input;
  const others = start.kind === 'deploy' ? await whoWaits(client, settings) : [];
  for (;;) {
    const handle = others.length === 0 ? await tryStart(client, start) : null;
    if (handle) return handle;
    const occupant = await whoHas(client, settings);
    const same = occupant && followSame(session, start, occupant);
    if (same) return same;
    // Whoever does not wait must not go before those who do.
    if (others[0]) refuseBefore(start, others[0], others.length);
    if (occupant) refuse(start.kind, settings, occupant);
    // Else it has ended just now.
  }
}

/**
 * `null`: another run has the environment.
 *
 * @throws {Exit} `terminated` for a deploy, when the one before was ended from outside and nobody has put that in order.
 */
export async function tryStart(client: Client, start: Start): Promise<RunHandle | null> {
  if (start.kind === 'deploy') await refuseUnrecovered(client, start.input.settings);
  try {
    return await startRun(client, start);
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return null;
    throw error;
  }
}

/** The run that has the environment; `null` when it is free. */
export async function whoHas(client: Client, settings: Settings): Promise<Occupant | null> {
  const handle = client.workflow.getHandle<RunWorkflow>(workflowId(settings));
  try {
    const { memo, startTime, status, runId } = await handle.describe();
    if (status.name !== 'RUNNING') return null;
    return {
      handle: client.workflow.getHandle<RunWorkflow>(workflowId(settings), runId),
      runId,
      memo: memo ?? {},
      startTime,
    };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return null;
    throw error;
  }
}

/** The one that runs, when it deploys the same release. */
export function followSame({ output }: Session, start: Start, { handle, memo }: Occupant): RunHandle | null {
  if (start.kind !== 'deploy' || memo.kind !== 'deploy' || memo.release !== start.input.release) return null;
  output.note(`${memo.release} is being deployed already (by ${memo.requestedBy}): following it`);
  return handle;
}

export function occupantText({ memo: { kind, release, requestedBy } }: Occupant): string {
  return visibleLine(`${kind ?? 'a run'} ${release ?? ''} by ${requestedBy ?? 'somebody'}`);
}

/** @throws {Exit} `busy`, with who, what and since when. */
export function refuse(kind: Start['kind'], settings: Settings, occupant: Occupant): never {
  const others = kind === 'deploy' ? ', stand in line (--queue), deploy instead of it (--supersede)' : '';
  throw new Exit(
    exitCodes.busy,
    `${workflowId(settings)} is busy: ${occupantText(occupant)}, since ${occupant.startTime.toISOString()}.\n` +
      `Wait for it (pointsman status)${others}, or cancel it (pointsman abort).`,
  );
}

function refuseBefore({ input: { settings } }: Start, next: Place, count: number): never {
  const more = count > 1 ? `, and ${count - 1} more` : '';
  throw new Exit(
    exitCodes.busy,
    `${workflowId(settings)} is waited for: ${next.release} by ${next.requestedBy} comes next${more}, ` +
      `since ${new Date(next.since).toISOString()}.\nWait behind (--queue), or deploy instead of them (--supersede).`,
  );
}

function startRun(client: Client, start: Start): Promise<RunHandle> {
  const { settings, requestedBy, reason } = start.input;
  const subject = subjectOf(start);
  // A search for a release finds what made it live, not what was done to the database meanwhile.
  const ofRelease = start.kind === 'deploy' || start.kind === 'rollback' ? [{ key: releaseKey, value: subject }] : [];
  return client.workflow.start<RunWorkflow>(start.kind, {
    taskQueue,
    workflowId: workflowId(settings),
    workflowIdConflictPolicy: 'FAIL',
    // A worker that is killed between two steps costs this long, and not Temporal's ten seconds: a task takes far less.
    workflowTaskTimeout: '5s',
    memo: { kind: start.kind, release: subject, requestedBy },
    staticSummary: markdown`${start.kind} ${subject}`,
    staticDetails: [
      markdown`**${start.kind} ${subject}** of ${settings.project} to ${settings.environment}${settings.host ? ` on ${settings.host}` : ''}`,
      markdown`by ${requestedBy}`,
      markdown`${reason ?? ''}`,
    ].join('\n\n'),
    typedSearchAttributes: [
      { key: projectKey, value: settings.project },
      { key: environmentKey, value: settings.environment },
      ...ofRelease,
      { key: outcomeKey, value: 'running' },
    ],
    args: [asked(start)] as Parameters<RunWorkflow>,
  });
}

/** What is asked for, to be signed as it leaves. */
function asked({ kind, input }: Start): Start['input'] {
  return { ...input, signed: startSigned('start', kind, workflowId(input.settings)) };
}

function subjectOf(start: Start): string {
  switch (start.kind) {
    case 'deploy':
      return start.input.release;
    case 'rollback':
      return start.input.to ?? 'the release before';
    case 'backup':
      return 'of the database';
    case 'restore':
      return `of ${start.input.backup}`;
    case 'recover':
      return `from ${start.input.ended.kind} ${start.input.ended.plan.release}`;
    case 'maintenance':
      return start.input.on ? 'on' : 'off';
    case 'adopt':
      return 'what runs';
  }
}
