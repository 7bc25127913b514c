import { WorkflowExecutionAlreadyStartedError, type Client } from '@temporalio/client';
import type { BackupInput, DeployInput, RestoreInput, RollbackInput } from '../model/input.js';
import { workflowId } from '../model/names.js';
import { taskQueue } from '../temporal/place.js';
import { environmentKey, outcomeKey, projectKey, releaseKey } from '../workflows/search-attributes.js';
import { Exit, exitCodes } from './exit-codes.js';
import type { RunHandle, RunWorkflow, Session } from './session.js';

type Start =
  | { readonly kind: 'deploy'; readonly input: DeployInput }
  | { readonly kind: 'rollback'; readonly input: RollbackInput }
  | { readonly kind: 'backup'; readonly input: BackupInput }
  | { readonly kind: 'restore'; readonly input: RestoreInput };

interface Memo {
  readonly kind?: string;
  /** What it is about: a release, or the database. */
  readonly release?: string;
  readonly requestedBy?: string;
}

/**
 * Starts a run; its workflow id is the lock. The same release asked for again while it is being deployed (a CI
 * job that was run again) follows the one that runs.
 *
 * @throws {Exit} `busy` when another one runs, with who, what and since when.
 */
export async function startOrFollow(session: Session, client: Client, start: Start): Promise<RunHandle> {
  const { settings } = start.input;
  try {
    return await startRun(client, start);
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    const handle = session.handle(client, settings);
    const { memo, startTime } = await handle.describe();
    const { kind, release, requestedBy } = (memo ?? {}) as Memo;
    if (start.kind === 'deploy' && kind === 'deploy' && release === start.input.release) {
      session.output.note(`${release} is being deployed already (by ${requestedBy}): following it`);
      return handle;
    }
    const what = `${kind ?? 'a run'} ${release ?? ''} by ${requestedBy ?? 'somebody'}, since ${startTime.toISOString()}`;
    throw new Exit(
      exitCodes.busy,
      `${workflowId(settings)} is busy: ${what}.\nWait for it (pointsman status), or cancel it (pointsman abort).`,
    );
  }
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
    memo: { kind: start.kind, release: subject, requestedBy },
    staticSummary: `${start.kind} ${subject}`,
    staticDetails: [
      `**${start.kind} ${subject}** of ${settings.project} to ${settings.environment}${settings.host ? ` on ${settings.host}` : ''}`,
      `by ${requestedBy}`,
      reason ?? '',
    ].join('\n\n'),
    typedSearchAttributes: [
      { key: projectKey, value: settings.project },
      { key: environmentKey, value: settings.environment },
      ...ofRelease,
      { key: outcomeKey, value: 'running' },
    ],
    args: [start.input] as Parameters<RunWorkflow>,
  });
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
  }
}
