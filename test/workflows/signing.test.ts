import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure, defaultPayloadConverter, type Payload } from '@temporalio/common';
import { temporal } from '@temporalio/proto';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { BackupInput, DeployInput } from '../../src/model/input.js';
import { onlySigned } from '../../src/temporal/only-signed.js';
import { SigningCodec } from '../../src/temporal/signing-codec.js';
import { newKey, type SigningKey } from '../../src/temporal/signing-key.js';
import { startSigned } from '../../src/temporal/start-signed.js';
import { noteUnsigned } from '../../src/temporal/step-guard.js';
import type { backup, deploy } from '../../src/workflows/index.js';
import { answerApproval, approvalSignal, progressQuery } from '../../src/workflows/messages.js';
import { recording, wellBehaved, type Call } from '../support/fake-activities.js';
import { settings } from '../support/settings.js';
import { devServer, workflowBundle } from '../support/workflow-environment.js';

const namespace = 'default';
const key = newKey();

let server: TestWorkflowEnvironment;
beforeAll(async () => {
  server = await devServer();
});
afterAll(() => server?.teardown());

let worker: Worker;
let running: Promise<void>;
let taskQueue: string;
let state: string;
/** What the worker has done. */
let calls: readonly Call[];

beforeEach(async () => {
  state = await mkdtemp(join(tmpdir(), 'pointsman-signing-'));
  await startWorker();
});
afterEach(async () => {
  await endWorker();
  await rm(state, { recursive: true, force: true });
});

async function startWorker(queue = `test-${randomUUID()}`, steps = true): Promise<void> {
  const recorded = recording(wellBehaved({ slot: 'blue', release: 'v1' }));
  calls = recorded.calls;
  taskQueue = queue;
  worker = await Worker.create({
    connection: server.nativeConnection,
    ...{ namespace, workflowBundle, taskQueue, workflowThreadPoolSize: 1 },
    ...(steps ? { activities: recorded.activities } : {}),
    ...onlySigned(state, key),
  });
  running = worker.run();
}

async function endWorker(): Promise<void> {
  worker.shutdown();
  await running;
}

/** Somebody who reaches Temporal, with this key or with none. */
function clientWith(given: SigningKey | null): Client {
  const payloadCodecs = [new SigningCodec(() => Promise.resolve(given))];
  return new Client({ connection: server.connection, namespace, dataConverter: { payloadCodecs } });
}

const input: BackupInput = { settings, requestedBy: 'ada@laptop', reason: null };

async function started(client: Client, given: BackupInput, workflowId: string) {
  return client.workflow.start<typeof backup>('backup', { taskQueue, workflowId, args: [given] });
}

/** Why a run ended: what its failed step said. */
async function reasonOf(result: Promise<unknown>): Promise<string> {
  try {
    await result;
    return 'it was done';
  } catch (error) {
    if (!(error instanceof WorkflowFailedError)) throw error;
    expect(error.cause).toBeInstanceOf(ApplicationFailure);
    return error.cause?.message ?? '';
  }
}

const asked = (workflowId: string): BackupInput => ({ ...input, signed: startSigned('start', 'backup', workflowId) });

test('what somebody with the key asks for is done, and its payloads stay readable in the UI', async () => {
  const workflowId = `shop/${randomUUID()}`;
  const handle = await started(clientWith(key), asked(workflowId), workflowId);
  const { progress } = await handle.result();
  expect(progress.phase).toBe('ended');
  expect(calls.map(({ name }) => name)).toEqual(['findLive', 'backupDatabase']);
  const { events } = await new Client({ connection: server.connection, namespace }).workflow
    .getHandle(workflowId)
    .fetchHistory();
  const [first] = events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads ?? [];
  expect(first && defaultPayloadConverter.fromPayload(first)).toMatchObject({ requestedBy: 'ada@laptop' });
});

test.each<[string, SigningKey | null, (workflowId: string) => BackupInput]>([
  ['that says nothing', null, () => input],
  ['that says it was asked for, without a signature', null, asked],
  ['that is signed with a key of their own', newKey(), asked],
])('a run of ours %s does nothing, and says why', async (_, given, inputOf) => {
  const workflowId = `shop/${randomUUID()}`;
  const handle = await started(clientWith(given), inputOf(workflowId), workflowId);
  expect(await reasonOf(handle.result())).toMatch(
    /^failed at findLive: findLive is not done: (nobody who has the key has asked for its run|it was not asked for by a run of pointsman)/,
  );
  expect(calls).toEqual([]);
});

/** The payloads of a history, as whoever reads it can copy them. */
async function copied(workflowId: string, which: 'start' | 'step'): Promise<Payload[]> {
  const { events } = await clientWith(null).workflow.getHandle(workflowId).fetchHistory();
  const attributes = (events ?? []).map((event) =>
    which === 'start' ? event.workflowExecutionStartedEventAttributes : event.activityTaskScheduledEventAttributes,
  );
  return attributes.find(Boolean)?.input?.payloads ?? [];
}

test('a signed request that is copied from a history starts nothing a second time', async () => {
  const workflowId = `shop/${randomUUID()}`;
  await (await started(clientWith(key), asked(workflowId), workflowId)).result();
  const done = calls.length;
  const { runId } = await server.connection.workflowService.startWorkflowExecution({
    namespace,
    workflowId,
    requestId: randomUUID(),
    workflowType: { name: 'backup' },
    taskQueue: { name: taskQueue },
    input: { payloads: await copied(workflowId, 'start') },
  });
  const again = clientWith(null).workflow.getHandle(workflowId, runId ?? '');
  expect(await reasonOf(again.result())).toContain('what was asked for has been done already, by another run');
  expect(calls).toHaveLength(done);
});

const { COMMAND_TYPE_SCHEDULE_ACTIVITY_TASK } = temporal.api.enums.v1.CommandType;

/** Whoever reaches Temporal can take the next workflow task of a queue. */
const workflowTask = (queue: string) =>
  server.connection.withDeadline(Date.now() + 60_000, () =>
    server.connection.workflowService.pollWorkflowTaskQueue({ namespace, taskQueue: { name: queue } }),
  );

/** Answers the next workflow task of a queue by a step on ours. */
async function askForStep(queue: string, payloads: Payload[]): Promise<void> {
  const { taskToken } = await workflowTask(queue);
  await server.connection.workflowService.respondWorkflowTaskCompleted({
    taskToken,
    commands: [
      {
        commandType: COMMAND_TYPE_SCHEDULE_ACTIVITY_TASK,
        scheduleActivityTaskCommandAttributes: {
          activityId: '1',
          activityType: { name: 'findLive' },
          taskQueue: { name: taskQueue },
          input: { payloads },
          scheduleToCloseTimeout: { seconds: 20 as never },
        },
      },
    ],
  });
}

/** A workflow of a stranger's own, on a queue of their own, that calls a step on ours. Returns what came of that. */
async function strangersRun(workflowId: string, payloads: Payload[]): Promise<unknown> {
  const { workflowService } = server.connection;
  const queue = { name: `stranger-${randomUUID()}` };
  await workflowService.startWorkflowExecution({
    ...{ namespace, workflowId, requestId: randomUUID(), workflowType: { name: 'backup' }, taskQueue: queue },
  });
  await askForStep(queue.name, payloads);
  const { history } = await workflowTask(queue.name);
  await clientWith(null).workflow.getHandle(workflowId).terminate();
  const ended = history?.events?.find((event) => event.activityTaskFailedEventAttributes);
  return ended?.activityTaskFailedEventAttributes?.failure?.message ?? 'it was done';
}

test('a workflow of a stranger cannot have the worker take a step with settings of its own', async () => {
  const payload = defaultPayloadConverter.toPayload({ settings });
  expect(await strangersRun(`stranger/${randomUUID()}`, [payload])).toBe(
    'findLive is not done: it was not asked for by a run of pointsman',
  );
  expect(calls).toEqual([]);
});

test('nor with a step that it has copied from a run of ours', async () => {
  const workflowId = `shop/${randomUUID()}`;
  await (await started(clientWith(key), asked(workflowId), workflowId)).result();
  const done = calls.length;
  expect(await strangersRun(workflowId, await copied(workflowId, 'step'))).toBe(
    'findLive is not done: it was not asked for by a run of pointsman',
  );
  expect(calls).toHaveLength(done);
});

describe('whoever polls the queue in the place of the worker', () => {
  test('cannot have it take a step of their own for a run that somebody with the key has asked for', async () => {
    await endWorker();
    const workflowId = `shop/${randomUUID()}`;
    const handle = await started(clientWith(key), asked(workflowId), workflowId);
    await askForStep(taskQueue, [defaultPayloadConverter.toPayload({ settings })]);
    await startWorker(taskQueue);
    let said: string | null | undefined;
    while (said === undefined) {
      const { events } = await handle.fetchHistory();
      said = events?.find((event) => event.activityTaskFailedEventAttributes)?.activityTaskFailedEventAttributes
        ?.failure?.message;
    }
    expect(said).toBe('findLive is not done: it was not asked for by a run of pointsman');
    expect(calls).toEqual([]);
    await handle.terminate();
  });

  test('is believed where they answer a step of it: results are not signed', async () => {
    await endWorker();
    await startWorker(`test-${randomUUID()}`, false);
    const workflowId = `shop/${randomUUID()}`;
    const handle = await started(clientWith(key), asked(workflowId), workflowId);
    const { workflowService } = server.connection;
    const { taskToken, activityType } = await server.connection.withDeadline(Date.now() + 60_000, () =>
      workflowService.pollActivityTaskQueue({ namespace, taskQueue: { name: taskQueue } }),
    );
    expect(activityType?.name).toBe('findLive');
    const failure = { message: 'nothing is live', applicationFailureInfo: { nonRetryable: true } };
    await workflowService.respondActivityTaskFailed({ namespace, taskToken, failure });
    expect(await reasonOf(handle.result())).toBe('failed at findLive: nothing is live; there was nothing to undo');
  });
});

/** A deploy that waits for a person, who has not answered yet. */
async function waitingForApproval() {
  const workflowId = `shop/${randomUUID()}`;
  const approval = { when: 'before-switch', timeoutMs: 600_000, otherwise: 'abort' } as const;
  const deployInput: DeployInput = {
    ...{ settings: { ...settings, approval }, release: 'v2', requestedBy: 'ada@laptop', reason: null },
    signed: startSigned('start', 'deploy', workflowId),
  };
  const handle = await clientWith(key).workflow.start<typeof deploy>('deploy', {
    ...{ taskQueue, workflowId, args: [deployInput] },
  });
  for (;;) {
    const { phase, startedAt } = await handle.query(progressQuery);
    if (phase === 'waiting-for-approval') return { handle, workflowId, startedAt };
  }
}

test('a release goes on by the answer of somebody with the key, and by no other', async () => {
  const { handle, workflowId, startedAt } = await waitingForApproval();
  const yes = { answer: 'approve', by: 'mallory', reason: '' } as const;
  const signed = { for: 'answer', workflowId, startedAt } as const;
  const stranger = clientWith(null).workflow.getHandle<typeof deploy>(workflowId);
  const forger = clientWith(newKey()).workflow.getHandle<typeof deploy>(workflowId);
  const unsigned = 'it is not signed by somebody who may answer';
  for (const [who, answer] of [
    [stranger, yes],
    [stranger, { ...yes, signed }],
    [forger, { ...yes, signed }],
    [handle, { ...yes, signed: { ...signed, startedAt: startedAt - 1 } }],
  ] as const) {
    const refused = who.executeUpdate(answerApproval, { args: [answer] });
    await expect(refused).rejects.toMatchObject({ cause: { message: expect.stringContaining(unsigned) as string } });
  }
  await stranger.signal(approvalSignal, yes);
  expect((await handle.query(progressQuery)).phase).toBe('waiting-for-approval');
  await handle.executeUpdate(answerApproval, { args: [{ ...yes, by: 'ada', signed }] });
  const { progress } = await handle.result();
  expect(progress.steps.find(({ name }) => name === 'approval')?.note).toBe('approved by ada');
  expect(progress.warnings.filter((warning) => warning.includes(unsigned))).toHaveLength(1);
});

test('what ran before there was a key comes to its end', async () => {
  const workflowId = `shop/${randomUUID()}`;
  await endWorker();
  const handle = await started(clientWith(null), input, workflowId);
  noteUnsigned(state, key, [handle.firstExecutionRunId]);
  await startWorker(taskQueue);
  expect((await handle.result()).progress.phase).toBe('ended');
});
