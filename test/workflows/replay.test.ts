import { randomUUID } from 'node:crypto';
import { ApplicationFailure } from '@temporalio/common';
import { historyFromJSON, historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Activities } from '../../src/model/activities.js';
import { recording } from '../support/fake-activities.js';
import { readRun, recordedHistories, type RecordedCall } from '../support/histories.js';
import { timeSkipping, withWorker, workflowBundle } from '../support/workflow-environment.js';

const histories = recordedHistories();
const kinds = ['first-deploy', 'second-deploy', 'failed-health', 'cancelled', 'rolled-back'];

test('there is a history of every kind of run', () => {
  const names = histories.map(({ name }) => name.split('/').at(-1));
  expect(kinds.filter((kind) => !names.includes(kind))).toEqual([]);
});

describe('a run that an earlier pointsman began goes on under this one', () => {
  test.each(histories)('$name', async ({ json }) => {
    await Worker.runReplayHistory({ workflowBundle: await workflowBundle() }, json);
  });

  test('and one whose steps had another order is noticed: the check can fail', async () => {
    const changed = JSON.parse(
      JSON.stringify(histories[0]?.json).replaceAll('"fetchImages"', '"bootstrapRouter"'),
    ) as unknown;
    const replay = Worker.runReplayHistory({ workflowBundle: await workflowBundle() }, changed);
    await expect(replay).rejects.toThrow(/Nondeterminism/);
  });

  test('and a history survives being written down and read', () => {
    for (const { json } of histories) {
      const history = historyFromJSON(json);
      expect(historyFromJSON(JSON.parse(historyToJSON(history)))).toEqual(history);
    }
  });
});

// Replay compares which activities are called, and not with what: a wrong project or slot would pass it.
describe('every step is still called with the same arguments', () => {
  let environment: TestWorkflowEnvironment;
  beforeAll(async () => {
    environment = await timeSkipping();
  });
  afterAll(() => environment?.teardown());

  const uncancelled = histories.filter(({ json }) => !readRun(json).cancelled);

  test.each(uncancelled)('$name', async ({ json }) => {
    const run = readRun(json);
    const { activities, calls } = recording(answering(run.calls));
    await withWorker(environment, activities, async (taskQueue) => {
      const options = { taskQueue, workflowId: randomUUID(), args: [run.input] };
      await environment.client.workflow.execute(run.workflow, options).catch((error: unknown) => error);
    });
    expect(calls.map(steady)).toEqual(run.calls.map(({ name, args }) => steady({ name, args })));
  });
});

/** Activities that answer what they answered when the history was recorded. */
function answering(calls: readonly RecordedCall[]): Activities {
  const left = [...calls];
  const answer = (name: string) => (): Promise<unknown> => {
    const at = left.findIndex((call) => call.name === name);
    const [call] = left.splice(at, 1);
    if (at === -1 || !call) return Promise.reject(ApplicationFailure.nonRetryable(`${name} was not called then`));
    if (!call.failure) return Promise.resolve(call.result);
    return Promise.reject(ApplicationFailure.nonRetryable(call.failure.message, call.failure.type));
  };
  const names = new Set(calls.map(({ name }) => name));
  return Object.fromEntries([...names].map((name) => [name, answer(name)])) as unknown as Activities;
}

/** Times and run ids are those of the run itself. */
function steady(call: { name: string; args: unknown }): unknown {
  const text = JSON.stringify(call)
    .replaceAll(/\d{8}T\d{6}Z/g, '<timestamp>')
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>')
    .replaceAll(/"deployId":"[^"]+"/g, '"deployId":"<run>"');
  return JSON.parse(text) as unknown;
}
