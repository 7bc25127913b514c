import { Context } from '@temporalio/activity';
import { CancelledFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cancelledText } from '../../src/cli/render.js';
import type { Activities } from '../../src/model/activities.js';
import type { Live } from '../../src/model/slot.js';
import { answerAttention, progressQuery } from '../../src/workflows/messages.js';
import { failure, wellBehaved } from '../support/fake-activities.js';
import { tellStory } from '../support/run-workflow.js';
import { devServer } from '../support/workflow-environment.js';

const blueIsLive: Live = { slot: 'blue', release: 'v1' };

let environment: TestWorkflowEnvironment;
beforeAll(async () => {
  environment = await devServer();
});
afterAll(() => environment?.teardown());

/** Cancels the workflow of the activity that runs. */
function cancelOwn(): Promise<unknown> {
  const { workflowExecution } = Context.current().info;
  return environment.client.workflow.getHandle(workflowExecution?.workflowId ?? '').cancel();
}

/** Runs until it is cancelled, and sees to that. */
async function untilCancelled(): Promise<never> {
  const { cancelled } = Context.current();
  const beat = setInterval(() => Context.current().heartbeat(), 100);
  await cancelOwn();
  return cancelled.finally(() => clearInterval(beat));
}

/** Told of a cancel, an activity stops in the middle: a second one must not reach what undoes. */
async function undoingThrough(): Promise<void> {
  await cancelOwn();
  const { cancelled } = Context.current();
  for (let beats = 0; beats < 3; beats += 1) {
    Context.current().heartbeat();
    // The answer to a heartbeat brings the news of a cancel.
    const { workflowExecution } = Context.current().info;
    await Promise.race([
      cancelled,
      environment.client.workflow.getHandle(workflowExecution?.workflowId ?? '').query(progressQuery),
    ]);
  }
}

describe('a deploy that is cancelled again while it is undone', () => {
  test('undoes everything once, and says what is live', async () => {
    const well = wellBehaved(blueIsLive);
    const activities: Activities = {
      ...well,
      reloadRouter: untilCancelled,
      switchBack: (args) => undoingThrough().then(() => well.switchBack(args)),
      stopSlots: (args) => undoingThrough().then(() => well.stopSlots(args)),
      restoreDatabase: (args) => undoingThrough().then(() => well.restoreDatabase(args)),
    };
    const { error, steps, progress } = await tellStory(environment, activities);
    expect(error?.cause).toBeInstanceOf(CancelledFailure);
    expect(steps.slice(-5)).toEqual(['switchBack', 'drainSlot', 'stopSlots', 'restoreDatabase', 'recordRelease']);
    expect(progress?.steps.filter(({ kind }) => kind === 'compensation').map(({ state }) => state)).toEqual(
      Array.from({ length: 4 }, () => 'done'),
    );
    expect(cancelledText(progress).split('\n')).toEqual([
      'deploy cancelled. Undone: switchBack, drainSlot, stopSlots, restoreDatabase.',
      'Database kept: nothing changed.',
      'Live: blue (v1), as before.',
    ]);
  });

  test('goes on waiting for a person where one is needed', async () => {
    let stuck = true;
    const activities: Activities = {
      ...wellBehaved(blueIsLive),
      composeUpWait: untilCancelled,
      stopSlots: () => {
        const tried = stuck ? Promise.reject(failure('InvalidInput', 'it will not stop')) : null;
        stuck = false;
        return tried ?? Promise.resolve({ stopped: ['app-green'] });
      },
    };
    const told = await tellStory(environment, activities, {
      meanwhile: async (handle) => {
        const phase = async () => (await handle.query(progressQuery)).phase;
        await expect.poll(phase, { timeout: 30_000 }).toBe('needs-attention');
        await handle.cancel();
        expect(await phase()).toBe('needs-attention');
        await handle.executeUpdate(answerAttention, { args: [{ action: 'retry', by: 'ada', reason: 'mended' }] });
      },
    });
    expect(told.error?.cause).toBeInstanceOf(CancelledFailure);
    expect(told.steps.slice(-3)).toEqual(['stopSlots', 'restoreDatabase', 'recordRelease']);
  });
});

test('a deploy that is cancelled before it knows what is live says that nothing was touched', async () => {
  const activities: Activities = { ...wellBehaved(blueIsLive), preflight: untilCancelled };
  const { progress } = await tellStory(environment, activities);
  expect(cancelledText(progress)).toBe('deploy cancelled; nothing had to be undone.\nWhat is live was not touched.');
});
