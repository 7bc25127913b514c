import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineSearchAttributeKey } from '@temporalio/common';
import type { WorkflowHandle } from '@temporalio/client';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import {
  bundleWorkflowCode,
  DefaultLogger,
  Runtime,
  Worker,
  type WorkflowBundleWithSourceMap,
} from '@temporalio/worker';
import type { Activities } from '../../src/model/activities.js';
import type { backup, deploy, maintenance, restore, rollback } from '../../src/workflows/index.js';

export type RunHandle = WorkflowHandle<
  typeof deploy | typeof rollback | typeof backup | typeof restore | typeof maintenance
>;

Runtime.install({ logger: new DefaultLogger('ERROR') });

const cache = process.env['POINTSMAN_CACHE'] ?? join(homedir(), '.cache', 'pointsman');

const searchAttributes = ['PointsmanProject', 'PointsmanEnvironment', 'PointsmanRelease', 'PointsmanOutcome'];
/** Temporal's `INDEXED_VALUE_TYPE_KEYWORD`. */
const keyword = 2;

let bundle: Promise<WorkflowBundleWithSourceMap> | undefined;

/** The workflows as a worker runs them, bundled once for all tests of a file. */
export function workflowBundle(): Promise<WorkflowBundleWithSourceMap> {
  const workflowsPath = fileURLToPath(new URL('../../src/workflows/index.ts', import.meta.url));
  bundle ??= bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('ERROR') });
  return bundle;
}

/** Temporal's test server that skips time: an hour of retries passes in a second. */
export async function timeSkipping(): Promise<TestWorkflowEnvironment> {
  const path = process.env['POINTSMAN_TEST_SERVER'] ?? join(cache, 'bin', 'temporal-test-server-1.38.0');
  if (!existsSync(path)) throw new Error(`no test server at ${path}: run script/setup test`);
  const executable = { type: 'existing-path', path } as const;
  const environment = await TestWorkflowEnvironment.createTimeSkipping({ server: { executable } });
  await environment.connection.operatorService.addSearchAttributes({
    namespace: environment.namespace ?? 'default',
    searchAttributes: Object.fromEntries(searchAttributes.map((name) => [name, keyword])),
  });
  return environment;
}

/** Temporal's real dev server, in memory. */
export function devServer(): Promise<TestWorkflowEnvironment> {
  const path = process.env['POINTSMAN_TEMPORAL_CLI'] ?? join(cache, 'bin', 'temporal-1.5.1');
  if (!existsSync(path)) throw new Error(`no Temporal CLI at ${path}: run script/setup temporal`);
  return TestWorkflowEnvironment.createLocal({
    server: {
      executable: { type: 'existing-path', path },
      searchAttributes: searchAttributes.map((name) => defineSearchAttributeKey(name, 'KEYWORD')),
      extraArgs: ['--dynamic-config-value', 'history.transferProcessorMaxPollRPS=2000'],
    },
  });
}

/** Runs `work` while a worker with these activities serves a task queue, by default one of its own. */
export async function withWorker<Result>(
  environment: TestWorkflowEnvironment,
  activities: Activities,
  work: (taskQueue: string) => Promise<Result>,
  taskQueue = `test-${randomUUID()}`,
): Promise<Result> {
  const worker = await Worker.create({
    connection: environment.nativeConnection,
    namespace: environment.namespace ?? 'default',
    taskQueue,
    workflowBundle: await workflowBundle(),
    activities,
    stickyQueueScheduleToStartTimeout: '1s',
  });
  return worker.runUntil(() => work(taskQueue));
}
