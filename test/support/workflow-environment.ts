import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Context } from '@temporalio/activity';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { WorkflowHandle } from '@temporalio/client';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, Runtime, Worker, type WorkerOptions } from '@temporalio/worker';
import { execa } from 'execa';
import { inject } from 'vitest';
import type { Activities } from '../../src/model/activities.js';
import { portIsTaken, startServer, stopServer } from '../../src/temporal/embedded-server.js';
import { ensureSearchAttributes, searchAttributeNames } from '../../src/temporal/search-attributes.js';
import type { adopt, backup, deploy, maintenance, restore, rollback } from '../../src/workflows/index.js';
import { wellBehaved } from './fake-activities.js';
import { freePort } from './free-port.js';

export type RunHandle = WorkflowHandle<
  typeof deploy | typeof rollback | typeof backup | typeof restore | typeof maintenance | typeof adopt
>;

Runtime.install({ logger: new DefaultLogger('ERROR') });

const cache = process.env['POINTSMAN_CACHE'] ?? join(homedir(), '.cache', 'pointsman');

/** Temporal's `INDEXED_VALUE_TYPE_KEYWORD`. */
const keyword = 2;

/** The workflows as a worker runs them, bundled once for all files: test/support/workflows-setup.ts. */
export const workflowBundle = { codePath: inject('workflowBundle') };

/** A test server that does not answer within this time will not: Java is slow to start on a machine with much to do. */
const serverAnswersWithinMs = 60_000;

/** What the SDK has and does not declare: an environment that skips time, on a server that runs already. */
const environments = TestWorkflowEnvironment as unknown as {
  create(options: {
    readonly server: { readonly type: 'existing' };
    readonly supportsTimeSkipping: true;
    readonly address: string;
  }): Promise<TestWorkflowEnvironment>;
};

/** Temporal's test server that skips time: an hour of retries passes in a second. */
export async function timeSkipping(): Promise<TestWorkflowEnvironment> {
  const path = process.env['POINTSMAN_TEST_SERVER'] ?? join(cache, 'bin', 'temporal-test-server-1.38.0');
  if (!existsSync(path)) throw new Error(`no test server at ${path}: run script/setup test`);
  const port = await freePort();
  const server = startTestServer(path, port);
  const end = async (): Promise<void> => {
    server.kill('SIGKILL');
    await server;
  };
  try {
    await untilListening(port, server);
    const address = `127.0.0.1:${port}`;
    // What the SDK does for a server that it starts itself, but for its patience, which is five seconds.
    const environment = await environments.create({
      server: { type: 'existing' },
      supportsTimeSkipping: true,
      address,
    });
    await environment.connection.operatorService.addSearchAttributes({
      namespace: environment.namespace ?? 'default',
      searchAttributes: Object.fromEntries(searchAttributeNames.map((name) => [name, keyword])),
    });
    return endingWith(environment, end);
  } catch (error) {
    await end();
    throw error;
  }
}

function startTestServer(path: string, port: number) {
  return execa(path, [String(port)], { reject: false, stdio: 'ignore' });
}

async function untilListening(
  port: number,
  server: Pick<ReturnType<typeof startTestServer>, 'exitCode'>,
): Promise<void> {
  const deadline = Date.now() + serverAnswersWithinMs;
  while (!(await portIsTaken(port))) {
    if (server.exitCode !== null) throw new Error(`the test server ended with ${server.exitCode}`);
    if (Date.now() > deadline) throw new Error(`the test server did not answer in ${serverAnswersWithinMs / 1000} s`);
    await sleep(50);
  }
}

/** Ends what else belongs to an environment when that is torn down. */
function endingWith(environment: TestWorkflowEnvironment, end: () => Promise<void>): TestWorkflowEnvironment {
  const leave = environment.teardown.bind(environment);
  environment.teardown = async () => {
    try {
      await sharedWorkers.get(environment)?.end();
    } finally {
      await leave().finally(end);
    }
  };
  return environment;
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
    return endingWith(environment, end);
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
  return withTunedWorker(environment, { activities, taskQueue }, work);
}

/** As {@link withWorker}, for tests that are about how a worker is made. */
export async function withTunedWorker<Result>(
  environment: TestWorkflowEnvironment,
  { taskQueue = `test-${randomUUID()}`, ...options }: Partial<WorkerOptions>,
  work: (taskQueue: string) => Promise<Result>,
): Promise<Result> {
  const worker = await Worker.create({ ...common(environment), ...options, taskQueue });
  return worker.runUntil(() => work(taskQueue));
}

const sharedWorkers = new WeakMap<TestWorkflowEnvironment, SharedWorker>();

/** The worker of an environment on which each run has activities of its own: to start one takes a second of a processor. */
export async function sharedWorker(environment: TestWorkflowEnvironment): Promise<SharedWorker> {
  const found = sharedWorkers.get(environment);
  if (found) return found;
  const created = await SharedWorker.start(environment);
  sharedWorkers.set(environment, created);
  return created;
}

export class SharedWorker {
  readonly taskQueue = `test-${randomUUID()}`;
  private readonly activitiesOf = new Map<string, Activities>();
  private worker: Worker | null = null;
  private running: Promise<void> = Promise.resolve();

  static async start(environment: TestWorkflowEnvironment): Promise<SharedWorker> {
    const shared = new SharedWorker();
    shared.worker = await Worker.create({
      ...common(environment),
      taskQueue: shared.taskQueue,
      activities: shared.dispatching(),
    });
    shared.running = shared.worker.run();
    return shared;
  }

  /** What the steps of a run do. */
  serve(workflowId: string, activities: Activities): void {
    this.activitiesOf.set(workflowId, activities);
  }

  async end(): Promise<void> {
    this.worker?.shutdown();
    await this.running;
  }

  /** Each activity asks whose run it is called for. */
  private dispatching(): Activities {
    const activity =
      (name: keyof Activities) =>
      (args: never): Promise<unknown> => {
        const { workflowId } = Context.current().info.workflowExecution ?? {};
        const activities = this.activitiesOf.get(workflowId ?? '');
        if (!activities) throw new Error(`no test has said what ${name} of ${workflowId} does`);
        return (activities[name] as (args: never) => Promise<unknown>)(args);
      };
    const names = Object.keys(wellBehaved(null)) as (keyof Activities)[];
    return Object.fromEntries(names.map((name) => [name, activity(name)])) as unknown as Activities;
  }
}

function common(environment: TestWorkflowEnvironment) {
  return {
    connection: environment.nativeConnection,
    namespace: environment.namespace ?? 'default',
    workflowBundle,
    // Each thread is loaded anew with every worker, and one test has one workflow.
    workflowThreadPoolSize: 1,
    stickyQueueScheduleToStartTimeout: '1s',
  } as const;
}
