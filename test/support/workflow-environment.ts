import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { WorkflowHandle } from '@temporalio/client';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { inject } from 'vitest';
import type { Activities } from '../../src/model/activities.js';
import { startServer, stopServer } from '../../src/temporal/embedded-server.js';
import { ensureSearchAttributes, searchAttributeNames } from '../../src/temporal/search-attributes.js';
import type { backup, deploy, maintenance, restore, rollback } from '../../src/workflows/index.js';
import { freePort } from './free-port.js';

export type RunHandle = WorkflowHandle<
  typeof deploy | typeof rollback | typeof backup | typeof restore | typeof maintenance
>;

Runtime.install({ logger: new DefaultLogger('ERROR') });

const cache = process.env['POINTSMAN_CACHE'] ?? join(homedir(), '.cache', 'pointsman');

/** Temporal's `INDEXED_VALUE_TYPE_KEYWORD`. */
const keyword = 2;

/** The workflows as a worker runs them, bundled once for all files: test/support/workflows-setup.ts. */
export const workflowBundle = { codePath: inject('workflowBundle') };

/** Temporal's test server that skips time: an hour of retries passes in a second. */
export async function timeSkipping(): Promise<TestWorkflowEnvironment> {
  const path = process.env['POINTSMAN_TEST_SERVER'] ?? join(cache, 'bin', 'temporal-test-server-1.38.0');
  if (!existsSync(path)) throw new Error(`no test server at ${path}: run script/setup test`);
  const executable = { type: 'existing-path', path } as const;
  const environment = await startedAgain(() => TestWorkflowEnvironment.createTimeSkipping({ server: { executable } }));
  await environment.connection.operatorService.addSearchAttributes({
    namespace: environment.namespace ?? 'default',
    searchAttributes: Object.fromEntries(searchAttributeNames.map((name) => [name, keyword])),
  });
  return environment;
}

/** The SDK gives a server five seconds on a port that another program may have taken by then: three times, as pointsman. */
async function startedAgain<Environment>(start: () => Promise<Environment>): Promise<Environment> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await start();
    } catch (error) {
      if (attempt === 3 || !String(error).includes('did not start')) throw error;
    }
  }
}

/** Temporal's real dev server on a file of its own, started as pointsman starts it; gone after `teardown`. */
export async function devServer(): Promise<TestWorkflowEnvironment> {
  const cli = process.env['POINTSMAN_TEMPORAL_CLI'] ?? join(cache, 'bin', 'temporal-1.5.1');
  if (!existsSync(cli)) throw new Error(`no Temporal CLI at ${cli}: run script/setup temporal`);
  const stateDirectory = await mkdtemp(join(tmpdir(), 'pointsman-temporal-'));
  const place = { kind: 'embedded', stateDirectory, port: await freePort(), uiPort: await freePort(), cli } as const;
  const end = async (): Promise<void> => {
    await stopServer(place);
    await rm(stateDirectory, { recursive: true, force: true });
  };
  try {
    await startServer(place);
    const environment = await TestWorkflowEnvironment.createFromExistingServer({ address: `127.0.0.1:${place.port}` });
    await ensureSearchAttributes(environment.client);
    const leave = environment.teardown.bind(environment);
    environment.teardown = () => leave().finally(end);
    return environment;
  } catch (error) {
    await end();
    throw error;
  }
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
    workflowBundle,
    activities,
    stickyQueueScheduleToStartTimeout: '1s',
  });
  return worker.runUntil(() => work(taskQueue));
}
