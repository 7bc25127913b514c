import { WorkflowExecutionAlreadyStartedError, type Client } from '@temporalio/client';
import type { DeployInput, RollbackInput } from '../model/input.js';
import { workflowId } from '../model/names.js';
import { taskQueue } from '../temporal/place.js';
import type { deploy, rollback } from '../workflows/index.js';
import { environmentKey, outcomeKey, projectKey, releaseKey } from '../workflows/search-attributes.js';
import { Exit, exitCodes } from './exit-codes.js';
import type { DeployHandle, Session } from './session.js';

type Start =
  | { readonly kind: 'deploy'; readonly input: DeployInput }
  | { readonly kind: 'rollback'; readonly input: RollbackInput };

interface Memo {
  readonly kind?: string;
  readonly release?: string;
  readonly requestedBy?: string;
}

/**
 * Starts a run; its workflow id is the lock. The same release asked for again while it is being deployed (a CI
 * job that was run again) follows the one that runs.
 *
 * @throws {Exit} `busy` when another one runs, with who, what and since when.
 */
export async function startOrFollow(session: Session, client: Client, start: Start): Promise<DeployHandle> {
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

function startRun(client: Client, start: Start): Promise<DeployHandle> {
  const { settings, requestedBy, reason } = start.input;
  const release = start.kind === 'deploy' ? start.input.release : (start.input.to ?? 'the release before');
  const options = {
    taskQueue,
    workflowId: workflowId(settings),
    workflowIdConflictPolicy: 'FAIL' as const,
    memo: { kind: start.kind, release, requestedBy },
    staticSummary: `${start.kind} ${release}`,
    staticDetails: [
      `**${start.kind} ${release}** of ${settings.project} to ${settings.environment}${settings.host ? ` on ${settings.host}` : ''}`,
      `by ${requestedBy}`,
      reason ?? '',
    ].join('\n\n'),
    typedSearchAttributes: [
      { key: projectKey, value: settings.project },
      { key: environmentKey, value: settings.environment },
      { key: releaseKey, value: release },
      { key: outcomeKey, value: 'running' },
    ],
  };
  return start.kind === 'deploy'
    ? client.workflow.start<typeof deploy>('deploy', { ...options, args: [start.input] })
    : client.workflow.start<typeof rollback>('rollback', { ...options, args: [start.input] });
}
