import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Activities } from '../../src/model/activities.js';
import type { AttentionAnswer } from '../../src/model/input.js';
import type { Live } from '../../src/model/slot.js';
import { answerAttention, progressQuery } from '../../src/workflows/messages.js';
import type { ReleaseRecord } from '../../src/model/release-record.js';
import { failure, wellBehaved, type Call } from '../support/fake-activities.js';
import { tellStory } from '../support/run-workflow.js';
import { devServer, type RunHandle } from '../support/workflow-environment.js';

const blueIsLive: Live = { slot: 'blue', release: 'v1' };
const retry: AttentionAnswer = { action: 'retry', by: 'ada', reason: 'mended' };

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

  test.each([
    ['a skip without a reason', { action: 'skip', by: 'ada', reason: '' }, 'skip needs a reason'],
    ['one from nobody', { action: 'retry', by: ' ', reason: '' }, 'it must say who answers ("by")'],
    ['a maybe', { action: 'later', by: 'ada', reason: '' }, 'the action must be "retry" or "skip"'],
    ['a number for a reason', { action: 'retry', by: 'ada', reason: 7 }, 'the reason must be text'],
    ['nothing at all', null, 'the action must be "retry" or "skip"'],
    [
      'an answer to what was looked at before',
      { action: 'skip', by: 'ada', reason: 'restored by hand', step: 'restoreDatabase' },
      'restoreDatabase is not what needs attention, but stopSlots',
    ],
  ])('refuses %s', async (_, answer, message) => {
    await tellStory(environment, stuck(2), {
      meanwhile: async (handle) => {
        await untilAttention(handle);
        const refused = handle.executeUpdate(answerAttention, { args: [answer as AttentionAnswer] });
        await expect(refused).rejects.toMatchObject({ cause: { message } });
        await handle.executeUpdate(answerAttention, { args: [retry] });
      },
    });
  });

  test('takes one answer: the second of two that come at once is refused, and told who was first', async () => {
    const told = await tellStory(environment, stuck(2), {
      meanwhile: async (handle) => {
        await untilAttention(handle);
        const skip: AttentionAnswer = { action: 'skip', by: 'bob', reason: 'never mind' };
        const both = await Promise.allSettled([
          handle.executeUpdate(answerAttention, { args: [retry] }),
          handle.executeUpdate(answerAttention, { args: [skip] }),
        ]);
        const refused = both.filter((one) => one.status === 'rejected').map(({ reason }) => (reason as Error).cause);
        expect(refused).toEqual([
          expect.objectContaining({
            message: expect.stringMatching(/has answered already: |nothing needs attention/) as string,
          }),
        ]);
      },
    });
    expect(recorded(told.calls)?.decisions).toHaveLength(1);
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
