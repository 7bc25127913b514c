import { CancelledFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RouterConfigArgs } from '../../src/model/activities.js';
import type { ApprovalAnswer } from '../../src/model/input.js';
import type { Phase, Progress } from '../../src/model/progress.js';
import type { ApprovalSettings, Settings } from '../../src/model/settings.js';
import type { Live } from '../../src/model/slot.js';
import { answerApproval, approvalSignal, progressQuery } from '../../src/workflows/messages.js';
import { recordIn, wellBehaved } from '../support/fake-activities.js';
import { tellStory, type Told } from '../support/run-workflow.js';
import { bake, canary, holdWrites, judging, settings as usual, withDatabase } from '../support/settings.js';
import { devServer, timeSkipping, type RunHandle } from '../support/workflow-environment.js';

const blueIsLive: Live = { slot: 'blue', release: 'v1' };
const hourly = { timeoutMs: 3_600_000, otherwise: 'abort' } as const;
const beforeSwitch: Settings = { ...usual, approval: { ...hourly, when: 'before-switch' } };
// A stage that is over at once: these are real seconds.
const quick = { ...canary, pauseMs: 20 };
const afterCanary: Settings = { ...usual, judging, canary: quick, approval: { ...hourly, when: 'after-canary' } };
const yes: ApprovalAnswer = { answer: 'approve', by: 'ada', reason: 'looks right' };
const no: ApprovalAnswer = { answer: 'abort', by: 'ada', reason: 'the logo is gone' };

function weights({ calls }: Told): (number | 'all')[] {
  return calls
    .filter(({ name }) => name === 'reloadRouter')
    .map(({ args }) => (args as RouterConfigArgs).stage?.weight ?? 'all');
}

function undoneIn({ progress }: Told): string[] {
  return (progress?.steps ?? []).filter(({ kind }) => kind === 'compensation').map(({ name }) => name);
}

/** Asks until the run is in a phase. */
async function until(handle: RunHandle, phase: Phase): Promise<Progress> {
  for (;;) {
    const progress = await handle.query(progressQuery);
    if (progress.phase === phase) return progress;
  }
}

describe('where a person answers', () => {
  let environment: TestWorkflowEnvironment;
  beforeAll(async () => {
    // The server that skips time would skip to the deadline.
    environment = await devServer();
  });
  afterAll(() => environment?.teardown());

  /** Answers as soon as a deploy waits. */
  function answering(settings: Settings, answer: (handle: RunHandle, waiting: Progress) => Promise<unknown>) {
    const meanwhile = async (handle: RunHandle) => answer(handle, await until(handle, 'waiting-for-approval'));
    return tellStory(environment, wellBehaved(blueIsLive), { settings, meanwhile });
  }

  const update = (answer: ApprovalAnswer) => (handle: RunHandle) =>
    handle.executeUpdate(answerApproval, { args: [answer] });

  test('before the switch, the release can be looked at by header, and goes on when it is approved', async () => {
    let waiting: Progress | null = null;
    const told = await answering(beforeSwitch, (handle, progress) => {
      waiting = progress;
      return update(yes)(handle);
    });
    expect(waiting).toMatchObject({ approval: { when: 'before-switch', otherwise: 'abort' } });
    const { since = 0, deadline = 0 } = (waiting as unknown as Progress).approval ?? {};
    expect(deadline - since).toBe(3_600_000);
    expect(weights(told)).toEqual([0, 'all']);
    const line = told.progress?.steps.find(({ name }) => name === 'approval');
    expect(line).toMatchObject({
      state: 'done',
      summary: 'ask whether to go on before the switch (at most 1 h, then abort)',
      note: 'approved by ada: looks right',
    });
    expect(recordIn(told.calls)).toMatchObject({ outcome: 'succeeded', approval: yes });
    expect(told.progress).not.toHaveProperty('approval');
  });

  test('after the canary, goes on with all users when it is approved by a signal', async () => {
    const told = await answering(afterCanary, (handle) =>
      // As somebody would write it in the Temporal UI.
      handle.signal(approvalSignal, { answer: 'approve', by: 'ada' } as ApprovalAnswer),
    );
    expect(weights(told)).toEqual([5, 25, 'all']);
    expect(told.progress?.steps.find(({ name }) => name === 'approval')?.note).toBe('approved by ada');
    expect(told.result?.live.release).toBe('v2');
  });

  test.each([
    ['before the switch', beforeSwitch, ['switchBack', 'drainSlot', 'stopSlots', 'restoreDatabase']],
    ['after the canary', afterCanary, ['switchBack', 'drainSlot', 'stopSlots', 'endWatch']],
  ] as const)(
    '%s, on abort, everything is undone, and it is told who did not want it and why',
    async (_, settings, undone) => {
      const told = await answering(settings, update(no));
      expect(told.failure?.cause).toMatchObject({
        type: 'NotApproved',
        message: 'not approved by ada: the logo is gone',
      });
      expect(told.failure?.message).toContain(
        'failed at approval: not approved by ada: the logo is gone; undone: switchBack',
      );
      expect(undoneIn(told)).toEqual(undone);
      expect(recordIn(told.calls)).toMatchObject({ outcome: 'undone', approval: no });
    },
  );

  test.each([
    ['nobody', { ...yes, by: ' ' }, 'it must say who answers ("by")'],
    ['whoever aborts without a reason', { ...no, reason: '' }, 'abort needs a reason'],
    ['a maybe', { ...yes, answer: 'maybe' }, 'the answer must be "approve" or "abort"'],
    ['a number for a reason', { ...yes, reason: 7 }, 'the reason must be text'],
    ['nothing at all', null, 'the answer must be "approve" or "abort"'],
    ['whoever looked at another release', { ...yes, release: 'v3' }, 'v3 is not what waits for approval, but v2'],
  ])('an answer of %s is refused, and as a signal left out with a warning', async (_, answer, problem) => {
    const wrong = answer as ApprovalAnswer;
    const told = await answering(beforeSwitch, async (handle) => {
      const refused = handle.executeUpdate(answerApproval, { args: [wrong] });
      await expect(refused).rejects.toMatchObject({ cause: { message: problem } });
      await handle.signal(approvalSignal, wrong);
      await update(yes)(handle);
    });
    expect(told.result?.progress.warnings).toEqual([`an approval signal was left out: ${problem}`]);
  });

  test('an answer that nobody waits for is refused, and does not count later', async () => {
    const settings: Settings = { ...afterCanary, canary: { ...canary, stages: [5], pauseMs: 1000 } };
    const told = await tellStory(environment, wellBehaved(blueIsLive), {
      settings,
      meanwhile: async (handle) => {
        await until(handle, 'canary');
        const problem = 'nothing waits for approval: there is nothing to approve or abort';
        await expect(update(yes)(handle)).rejects.toMatchObject({ cause: { message: problem } });
        await handle.signal(approvalSignal, yes);
        await until(handle, 'waiting-for-approval');
        await update(no)(handle);
      },
    });
    expect(told.failure?.cause).toMatchObject({ type: 'NotApproved' });
    expect(told.details?.progress.warnings[0]).toContain('an approval signal was left out: nothing waits for approval');
  });

  const phases: [Phase, Settings, string[]][] = [
    ['waiting-for-approval', beforeSwitch, ['switchBack', 'drainSlot', 'stopSlots', 'restoreDatabase']],
    ['waiting-for-approval', afterCanary, ['switchBack', 'drainSlot', 'stopSlots', 'endWatch']],
    ['canary', { ...usual, judging, canary }, ['switchBack', 'drainSlot', 'stopSlots', 'endWatch']],
    ['baking', { ...usual, judging, bake }, ['switchBack', 'drainSlot', 'stopSlots', 'endWatch']],
  ];
  test.each(phases)(
    'a deploy that is cancelled while it is %s is undone as a whole',
    async (phase, settings, undone) => {
      const told = await tellStory(environment, wellBehaved(blueIsLive), {
        settings,
        meanwhile: async (handle) => {
          // The first call is over, and a timer runs.
          for (let steps = ''; !/"(judgeTraffic|approval)"/.test(steps);) {
            steps = JSON.stringify((await until(handle, phase)).steps);
          }
          await handle.cancel();
        },
      });
      expect(told.error?.cause).toBeInstanceOf(CancelledFailure);
      expect(undoneIn(told)).toEqual(undone);
      expect(told.progress?.steps.filter(({ state }) => state === 'running')).toEqual([]);
      expect(recordIn(told.calls)?.outcome).toBe('cancelled');
    },
  );
});

describe('where nobody answers', () => {
  let environment: TestWorkflowEnvironment;
  beforeAll(async () => {
    environment = await timeSkipping();
  });
  afterAll(() => environment?.teardown());

  const tell = (settings: Settings, live: Live | null = blueIsLive, approved?: boolean) =>
    tellStory(environment, wellBehaved(live), { settings, ...(approved === undefined ? {} : { approved }) });

  test.each(['before-switch', 'after-canary'] as const)(
    '%s, the deadline aborts where that is configured',
    async (when) => {
      const told = await tell({ ...afterCanary, approval: { ...hourly, when } });
      expect(told.failure?.cause).toMatchObject({
        type: 'NotApproved',
        message: 'not approved by the deadline: nobody answered within 1 h (approval.timeout)',
      });
      expect(recordIn(told.calls)).toMatchObject({ approval: { answer: 'abort', by: 'the deadline' } });
    },
  );

  test.each(['before-switch', 'after-canary'] as const)('%s, or approves', async (when) => {
    const approval: ApprovalSettings = { when, timeoutMs: 90_000, otherwise: 'approve' };
    const told = await tell({ ...afterCanary, approval });
    expect(told.result?.live.release).toBe('v2');
    expect(told.progress?.steps.find(({ name }) => name === 'approval')?.note).toBe(
      'approved by the deadline: nobody answered within 90 s (approval.timeout)',
    );
  });

  test('since it was approved in advance, nobody is waited for and there is no preview', async () => {
    const told = await tell(beforeSwitch, blueIsLive, true);
    expect(weights(told)).toEqual(['all']);
    expect(told.progress?.steps.find(({ name }) => name === 'approval')?.note).toBe(
      'approved by ada@laptop in advance',
    );
    const approval: ApprovalAnswer = { answer: 'approve', by: 'ada@laptop', reason: 'in advance' };
    expect(recordIn(told.calls)).toMatchObject({ approval });
  });

  test('the first deploy asks before the switch, without a preview, and after no canary', async () => {
    const first = await tell(
      { ...beforeSwitch, approval: { ...hourly, when: 'before-switch', otherwise: 'approve' } },
      null,
    );
    expect(weights(first)).toEqual(['all']);
    expect(first.progress?.steps.map(({ name }) => name)).toContain('approval');
    const other = await tell(afterCanary, null);
    expect(other.progress?.steps.map(({ name }) => name)).not.toContain('approval');
  });

  test('no write is held for longer than configured: the hold ends it before the deadline, and says so', async () => {
    const told = await tell({
      ...withDatabase({ holdWrites }),
      ...{ approval: beforeSwitch.approval as ApprovalSettings },
    });
    expect(told.failure?.message).toContain(
      'failed at approval: writes were held for 300 s (database.holdWrites.timeout)',
    );
    expect(undoneIn(told)).toEqual(['switchBack', 'drainSlot', 'stopSlots', 'restoreDatabase', 'releaseWrites']);
  });
});

test('an approval after a canary that there is not is refused', async () => {
  const environment = await timeSkipping();
  const settings: Settings = { ...usual, approval: { ...hourly, when: 'after-canary' } };
  const told = await tellStory(environment, wellBehaved(blueIsLive), { settings });
  expect(told.failure?.message).toBe("the workflow's input lacks settings.canary: start it with pointsman");
  await environment.teardown();
});
