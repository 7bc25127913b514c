import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Activities } from '../../src/model/activities.js';
import type { Live } from '../../src/model/slot.js';
import { answerAttention, progressQuery } from '../../src/workflows/messages.js';
import type { ReleaseRecord } from '../../src/model/release-record.js';
import { failure, wellBehaved, type Call } from '../support/fake-activities.js';
import { tellStory } from '../support/run-workflow.js';
import { devServer, type RunHandle } from '../support/workflow-environment.js';

const blueIsLive: Live = { slot: 'blue', release: 'v1' };

let environment: TestWorkflowEnvironment;
beforeAll(async () => {
  // The server that skips time loses updates of a workflow that ends at once; the real one does not.
  environment = await devServer();
});
afterAll(() => environment?.teardown());

describe('a compensation that cannot finish', () => {
  const stuck = (untilAttempt: number): Activities => {
    let attempts = 0;
    return {
      ...wellBehaved(blueIsLive),
      probeSlot: () => Promise.reject(failure('WrongRelease', 'v1 answered')),
      stopSlots: () => {
        attempts += 1;
        if (attempts < untilAttempt) return Promise.reject(failure('InvalidInput', 'the container will not stop'));
        return Promise.resolve({ stopped: ['app-green'] });
      },
    };
  };

  test('needs attention, and goes on when a person says retry', async () => {
    const told = await tellStory(environment, stuck(2), {
      meanwhile: async (handle) => {
        const { attention } = await untilAttention(handle);
        expect(attention).toMatchObject({ step: 'stopSlots', error: 'the container will not stop' });
        expect(attention?.found).toEqual({ live: blueIsLive });
        await handle.executeUpdate(answerAttention, {
          args: [{ action: 'retry', by: 'ada', reason: 'freed the disk' }],
        });
      },
    });
    expect(told.details?.undone).toEqual(['stopSlots', 'restoreDatabase']);
    expect(told.failure?.type).toBe('FailedAndUndone');
    expect(told.progress?.warnings).toContain('stopSlots: retried by ada: freed the disk');
    expect(recorded(told.calls)).toMatchObject({
      outcome: 'undone',
      decisions: [{ step: 'stopSlots', action: 'retry', by: 'ada', reason: 'freed the disk' }],
    });
  });

  test('is left when a person says skip, and the others are still undone', async () => {
    const told = await tellStory(environment, stuck(Infinity), {
      meanwhile: async (handle) => {
        await untilAttention(handle);
        await handle.executeUpdate(answerAttention, {
          args: [{ action: 'skip', by: 'ada', reason: 'stopped by hand' }],
        });
      },
    });
    expect(told.failure?.type).toBe('FailedWithSkips');
    expect(told.details).toMatchObject({ undone: ['restoreDatabase'], skipped: ['stopSlots'] });
    expect(told.progress?.steps.find(({ name }) => name === 'stopSlots')?.note).toBe('skipped by ada: stopped by hand');
    expect(recorded(told.calls)?.decisions).toEqual([
      { step: 'stopSlots', action: 'skip', by: 'ada', reason: 'stopped by hand' },
    ]);
  });

  test('says so too where the router cannot be asked what is live', async () => {
    const told = await tellStory(
      environment,
      { ...stuck(2), findLive: () => Promise.reject(failure('InvalidInput', 'no router')) },
      {
        meanwhile: async (handle) => {
          const progress = await untilAttention(handle);
          expect(progress.attention?.found).toBeNull();
          await handle.executeUpdate(answerAttention, { args: [{ action: 'retry', by: 'ada', reason: '' }] });
        },
      },
    );
    expect(told.failure?.type).toBe('FailedAndUndone');
  });

  test('takes no skip without a reason', async () => {
    await tellStory(environment, stuck(2), {
      meanwhile: async (handle) => {
        await untilAttention(handle);
        const skip = handle.executeUpdate(answerAttention, { args: [{ action: 'skip', by: 'ada', reason: '' }] });
        await expect(skip).rejects.toMatchObject({ cause: { message: 'skip needs a reason' } });
        await handle.executeUpdate(answerAttention, { args: [{ action: 'retry', by: 'ada', reason: '' }] });
      },
    });
  });
});

/** The line of the release record. */
function recorded(calls: readonly Call[]): ReleaseRecord | undefined {
  const call = calls.findLast(({ name }) => name === 'recordRelease');
  return (call?.args as { record: ReleaseRecord } | undefined)?.record;
}

/** Asks until the workflow waits for a person. */
async function untilAttention(handle: RunHandle) {
  for (;;) {
    const progress = await handle.query(progressQuery);
    if (progress.phase === 'needs-attention') return progress;
  }
}
