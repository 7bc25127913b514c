import { randomUUID } from 'node:crypto';
import { WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { Activities } from '../../src/model/activities.js';
import type { DeployFailureDetails, DeployResult, Progress } from '../../src/model/progress.js';
import type { Settings } from '../../src/model/settings.js';
import { progressQuery } from '../../src/workflows/messages.js';
import type { deploy, rollback } from '../../src/workflows/index.js';
import { recording, type Call } from './fake-activities.js';
import { settings as defaults } from './settings.js';
import { withWorker, type DeployHandle } from './workflow-environment.js';

export interface Told {
  readonly calls: readonly Call[];
  /** Names of the activities that ran, in order, each retry once. */
  readonly steps: readonly string[];
  readonly result: DeployResult | null;
  readonly error: WorkflowFailedError | null;
  /** The workflow's own failure, when it ended with one. */
  readonly failure: ApplicationFailure | null;
  readonly details: DeployFailureDetails | null;
  /** `null` when the workflow ended before it could tell. */
  readonly progress: Progress | null;
}

export interface Telling {
  readonly kind?: 'deploy' | 'rollback';
  readonly settings?: Settings;
  readonly to?: string;
  /** Called once the workflow has started, for tests that cancel it or answer it. */
  readonly meanwhile?: (handle: DeployHandle) => Promise<unknown>;
}

/** Runs a whole deploy or rollback with these activities and returns all that a reader of its history could see. */
export function tellStory(
  environment: TestWorkflowEnvironment,
  activities: Activities,
  telling: Telling = {},
): Promise<Told> {
  const recorded = recording(activities);
  return withWorker(environment, recorded.activities, async (taskQueue) => {
    const handle = await start(environment, taskQueue, telling);
    const [result, error] = await Promise.all([settle(handle), telling.meanwhile?.(handle)]).then(([ending]) => ending);
    const failure = error?.cause instanceof ApplicationFailure ? error.cause : null;
    return {
      calls: recorded.calls,
      steps: recorded.calls.map(({ name }) => name).filter((name, at, all) => name !== all[at - 1]),
      result,
      error,
      failure,
      details: (failure?.details?.[0] as DeployFailureDetails | undefined) ?? null,
      progress: await handle.query(progressQuery).catch(() => null),
    };
  });
}

function start(environment: TestWorkflowEnvironment, taskQueue: string, telling: Telling): Promise<DeployHandle> {
  const settings = telling.settings ?? defaults;
  const common = { settings, requestedBy: 'ada@laptop', reason: null };
  const workflowId = `test/${randomUUID()}`;
  return telling.kind === 'rollback'
    ? environment.client.workflow.start<typeof rollback>('rollback', {
        taskQueue,
        workflowId,
        args: [{ ...common, to: telling.to ?? null }],
      })
    : environment.client.workflow.start<typeof deploy>('deploy', {
        taskQueue,
        workflowId,
        args: [{ ...common, release: 'v2' }],
      });
}

async function settle(handle: DeployHandle): Promise<[DeployResult | null, WorkflowFailedError | null]> {
  try {
    return [await handle.result(), null];
  } catch (error) {
    if (error instanceof WorkflowFailedError) return [null, error];
    throw error;
  }
}
