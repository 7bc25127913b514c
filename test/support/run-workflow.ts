import { randomUUID } from 'node:crypto';
import { WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { Activities } from '../../src/model/activities.js';
import type {
  BackupResult,
  DeployFailureDetails,
  DeployResult,
  MaintenanceResult,
  Progress,
  RestoreRunResult,
} from '../../src/model/progress.js';
import type { AdoptInput, MaintenanceInput } from '../../src/model/input.js';
import type { RunKind } from '../../src/model/run-kind.js';
import type { Settings } from '../../src/model/settings.js';
import { progressQuery } from '../../src/workflows/messages.js';
import type { adopt, backup, deploy, maintenance, restore, rollback } from '../../src/workflows/index.js';
import { recording, type Call } from './fake-activities.js';
import { settings as defaults } from './settings.js';
import { sharedWorker, type RunHandle } from './workflow-environment.js';

type Result = DeployResult | BackupResult | RestoreRunResult | MaintenanceResult;

export interface Told {
  readonly calls: readonly Call[];
  /** Names of the activities that ran, in order, each retry once. */
  readonly steps: readonly string[];
  /** Of a deploy, rollback or maintenance. */
  readonly result: DeployResult | null;
  /** Of a backup or restore. */
  readonly made: (Partial<BackupResult> & Partial<RestoreRunResult>) | null;
  readonly error: WorkflowFailedError | null;
  /** The workflow's own failure, when it ended with one. */
  readonly failure: ApplicationFailure | null;
  readonly details: DeployFailureDetails | null;
  /** `null` when the workflow ended before it could tell. */
  readonly progress: Progress | null;
}

export interface Telling {
  readonly kind?: Exclude<RunKind, 'drill' | 'recover'>;
  readonly settings?: Settings;
  readonly to?: string;
  /** The deploy is approved in advance. */
  readonly approved?: boolean;
  /** Whether a maintenance begins or ends. */
  readonly on?: boolean;
  /** What else an adopt is started with. */
  readonly adopt?: Partial<AdoptInput>;
  /** Which backup a restore puts back. */
  readonly backup?: string;
  /** Called once the workflow has started, for tests that cancel it or answer it. */
  readonly meanwhile?: (handle: RunHandle) => Promise<unknown>;
}

/** Runs a whole workflow with these activities and returns all that a reader of its history could see. */
export async function tellStory(
  environment: TestWorkflowEnvironment,
  activities: Activities,
  telling: Telling = {},
): Promise<Told> {
  const recorded = recording(activities);
  const worker = await sharedWorker(environment);
  const workflowId = `test/${randomUUID()}`;
  worker.serve(workflowId, recorded.activities);
  const handle = await start(environment, { taskQueue: worker.taskQueue, workflowId }, telling);
  const [result, error] = await Promise.all([settle(handle), telling.meanwhile?.(handle)]).then(([ending]) => ending);
  const failure = error?.cause instanceof ApplicationFailure ? error.cause : null;
  return {
    calls: recorded.calls,
    steps: recorded.calls.map(({ name }) => name).filter((name, at, all) => name !== all[at - 1]),
    result: result && 'live' in result ? (result as DeployResult) : null,
    made: result && !('live' in result) ? result : null,
    error,
    failure,
    details: (failure?.details?.[0] as DeployFailureDetails | undefined) ?? null,
    progress: await handle.query(progressQuery).catch(() => null),
  };
}

interface Place {
  readonly taskQueue: string;
  readonly workflowId: string;
}

function start(environment: TestWorkflowEnvironment, options: Place, telling: Telling): Promise<RunHandle> {
  const settings = telling.settings ?? defaults;
  const common = { settings, requestedBy: 'ada@laptop', reason: null };
  const { workflow } = environment.client;
  const { kind = 'deploy' } = telling;
  switch (kind) {
    case 'rollback':
      return workflow.start<typeof rollback>('rollback', { ...options, args: [{ ...common, to: telling.to ?? null }] });
    case 'backup':
      return workflow.start<typeof backup>('backup', { ...options, args: [common] });
    case 'restore':
      return workflow.start<typeof restore>('restore', {
        ...options,
        args: [{ ...common, backup: telling.backup ?? 'app.db.pre-deploy-20261123T092334Z' }],
      });
    case 'adopt':
      return workflow.start<typeof adopt>('adopt', {
        ...options,
        args: [{ ...common, shown: 'f'.repeat(64), named: null, paths: ['/', '/static/'], keys: {}, ...telling.adopt }],
      });
    case 'maintenance':
      return workflow.start<typeof maintenance>('maintenance', {
        ...options,
        args: [{ ...common, ...(telling.on === undefined ? {} : { on: telling.on }) } as MaintenanceInput],
      });
    case 'deploy': {
      const { approved } = telling;
      const input = { ...common, release: 'v2', ...(approved === undefined ? {} : { approved }) };
      return workflow.start<typeof deploy>('deploy', { ...options, args: [input] });
    }
  }
}

async function settle(handle: RunHandle): Promise<[Result | null, WorkflowFailedError | null]> {
  try {
    return [await handle.result(), null];
  } catch (error) {
    if (error instanceof WorkflowFailedError) return [null, error];
    throw error;
  }
}
