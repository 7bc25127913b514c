import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Live } from '../../src/model/slot.js';
import { failure, wellBehaved } from '../support/fake-activities.js';
import { tellStory } from '../support/run-workflow.js';
import { timeSkipping } from '../support/workflow-environment.js';

const blueIsLive: Live = { slot: 'blue', release: 'v1' };

let environment: TestWorkflowEnvironment;
beforeAll(async () => {
  environment = await timeSkipping();
});
afterAll(() => environment?.teardown());

describe('a maintenance that a person asks for', () => {
  test.each([true, false])('(%s) is one step, which knows who asked, and says what is behind the page', async (on) => {
    const told = await tellStory(environment, wellBehaved(blueIsLive), { kind: 'maintenance', on });
    expect(told.calls.map(({ name }) => name)).toEqual(['setMaintenance']);
    expect(told.calls[0]?.args).toMatchObject({ on, by: 'ada@laptop' });
    expect(told.result?.live).toEqual(blueIsLive);
    expect(told.progress).toMatchObject({ kind: 'maintenance', release: 'v1', phase: 'ended' });
  });

  test('is made also where nothing is live', async () => {
    const told = await tellStory(environment, wellBehaved(null), { kind: 'maintenance', on: true });
    expect(told.result?.live).toBeNull();
  });

  test('that fails says why', async () => {
    const setMaintenance = () => Promise.reject(failure('RouterConfigInvalid', 'nginx refuses the config'));
    const told = await tellStory(
      environment,
      { ...wellBehaved(blueIsLive), setMaintenance },
      { kind: 'maintenance', on: true },
    );
    expect(told.failure?.type).toBe('Refused');
    expect(told.failure?.message).toBe('failed at setMaintenance: nginx refuses the config; there was nothing to undo');
  });

  test('is refused where it does not say whether it begins or ends', async () => {
    const told = await tellStory(environment, wellBehaved(blueIsLive), { kind: 'maintenance' });
    expect(told.failure?.message).toBe("the workflow's input lacks on: start it with pointsman");
    expect(told.calls).toEqual([]);
  });
});
