import { WorkflowUpdateFailedError, type Client } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { describe, expect, test } from 'vitest';
import { approvalEvent, approvalText, stageText } from '../../src/cli/approval-text.js';
import { abortCommand, approveCommand } from '../../src/cli/commands/run-control.js';
import { exitCodes } from '../../src/cli/exit-codes.js';
import type { RunHandle, Session } from '../../src/cli/session.js';
import type { PendingApproval, Progress } from '../../src/model/progress.js';
import { settings } from '../support/settings.js';
import { progressOf, stepOf } from './progress.js';

const now = Date.parse('2026-11-26T12:00:00Z');
const approval: PendingApproval = {
  when: 'before-switch',
  since: now,
  deadline: now + 3_600_000,
  otherwise: 'abort',
};
const asked = progressOf({ phase: 'waiting-for-approval', approval, steps: [stepOf('probeSlot')] });

describe('whoever is asked', () => {
  test('is told what users get, how to look at the release, how to answer, and what comes without an answer', () => {
    expect(approvalText(asked, now).split('\n')).toEqual([
      'Waits for approval: v2 runs in green, and users get blue (v1) until somebody says yes.',
      "  look at it   curl -H 'X-Pointsman-Preview: v2' http://ADDRESS/   (ADDRESS: where users reach the app)",
      '  answer       pointsman approve -e production, or pointsman abort -e production --reason …',
      '  without one  it is undone at 2026-11-26T13:00:00.000Z (in 60 min)',
    ]);
  });

  test('after a canary is told that it went well, and of an answer that comes by itself', () => {
    const text = approvalText(
      { ...asked, approval: { ...approval, when: 'after-canary', otherwise: 'approve', deadline: now + 42_000 } },
      now,
    );
    expect(text).toContain('did well in the canary. Only with a yes do all users get it instead of blue (v1).');
    expect(text).toContain('it is approved at 2026-11-26T12:00:42.000Z (in 42 s)');
  });

  test('is told of the first release, too, and of a deadline that is far away or past', () => {
    const first = { ...asked, liveBefore: null };
    expect(approvalText(first, now)).toContain('users get nothing until somebody says yes');
    expect(approvalText(first, now)).not.toContain('look at it');
    expect(approvalEvent(first)).toMatchObject({ preview: null });
    expect(approvalText(asked, now - 86_400_000)).toContain('(in 25 h)');
    expect(approvalText(asked, now + 86_400_000)).toContain('(in 0 s)');
  });

  test('as an event is told with the header that a program has to send', () => {
    expect(approvalEvent(asked)).toEqual({
      ...{ event: 'waiting-for-approval', release: 'v2', ...approval },
      preview: { header: 'X-Pointsman-Preview', value: 'v2' },
    });
  });

  test('is nobody where nothing waits', () => {
    expect(approvalText(progressOf({}), now)).toBe('');
    expect(stageText(progressOf({}))).toBeNull();
  });
});

/** A deploy that ends once it is answered or cancelled, and what was asked of it. */
function runThat(first: Progress, refusal?: Error) {
  const [asks, out, notes]: [unknown[], string[], string[]] = [[], [], []];
  let end = (): void => undefined;
  const ended = new Promise<void>((resolve) => (end = resolve));
  const handle = {
    workflowId: 'shop/production',
    client: { withDeadline: (_: number, ask: () => unknown) => ask() },
    describe: () => Promise.resolve({ runId: 'the-run', status: { name: 'RUNNING' } }),
    query: () => Promise.resolve(first),
    result: () => ended,
    cancel: () => Promise.resolve(void (asks.push('cancel'), end())),
    executeUpdate: (_: unknown, { args }: { args: unknown[] }) => {
      if (refusal) return Promise.reject(refusal);
      asks.push(...args);
      return Promise.resolve(end());
    },
  } as unknown as RunHandle;
  const session = {
    output: {
      live: false,
      print: (text: string) => out.push(text),
      note: (text: string) => notes.push(text),
      redraw: () => undefined,
    },
    environment: { requestedBy: 'ada@laptop' },
    settings: () => Promise.resolve(settings),
    client: () => Promise.resolve({ workflow: { getHandle: () => handle } } as unknown as Client),
    revive: () => Promise.resolve(),
  } as unknown as Session;
  return { session, asks, out, notes };
}

/** What whoever has the key signs: an answer to this run, and to no other one. */
const signed = { for: 'answer', workflowId: 'shop/production', startedAt: asked.startedAt };

describe('pointsman approve', () => {
  test('says who and why, and follows the deploy to its end', async () => {
    const run = runThat(asked);
    expect(await approveCommand(run.session, { reason: 'looks fine' })).toBe(exitCodes.succeeded);
    expect(run.asks).toEqual([{ answer: 'approve', by: 'ada@laptop', reason: 'looks fine', release: 'v2', signed }]);
  });

  test('needs no reason', async () => {
    const run = runThat(asked);
    await approveCommand(run.session, { release: 'v2' });
    expect(run.asks).toEqual([{ answer: 'approve', by: 'ada@laptop', reason: '', release: 'v2', signed }]);
  });

  test('does not approve another release than the one that was looked at', async () => {
    const run = runThat(asked);
    await expect(approveCommand(run.session, { release: 'v1' })).rejects.toMatchObject({
      code: exitCodes.usage,
      message: 'v1 is not what runs, but the deploy of v2 by ada@ci: nothing was approved.',
    });
    expect(run.asks).toEqual([]);
  });

  test.each([
    ['runs and asks nobody', progressOf({}), 'deploy v2 by ada@ci runs and asks nobody (deploying).'],
    ['has ended', progressOf({ phase: 'ended' }), 'deploy v2 by ada@ci was the last that ran, and has ended.'],
  ])('says so in words when what is there %s', async (_, progress, words) => {
    await expect(approveCommand(runThat(progress).session, {})).rejects.toMatchObject({
      code: exitCodes.usage,
      message: `Nothing waits for approval in shop/production: ${words}`,
    });
  });

  test('says why when the answer comes too late', async () => {
    const late = new WorkflowUpdateFailedError('refused', ApplicationFailure.create({ message: 'answered already' }));
    await expect(approveCommand(runThat(asked, late).session, {})).rejects.toMatchObject({
      code: exitCodes.usage,
      message: 'answered already',
    });
  });
});

describe('pointsman abort', () => {
  test('with a reason is the answer of a deploy that waits for one', async () => {
    const run = runThat(asked);
    await abortCommand(run.session, { reason: 'wrong prices' });
    expect(run.asks).toEqual([{ answer: 'abort', by: 'ada@laptop', reason: 'wrong prices', release: 'v2', signed }]);
  });

  test('without a reason cancels, whatever waits', async () => {
    const run = runThat(asked);
    await abortCommand(run.session, {});
    expect(run.asks).toEqual(['cancel']);
  });

  test('with a reason that nobody asked for cancels, and says that it is not kept', async () => {
    const run = runThat(progressOf({}));
    await abortCommand(run.session, { reason: 'wrong prices' });
    expect(run.asks).toEqual(['cancel']);
    expect(run.notes).toEqual(['Nothing waits for approval, so this is a cancellation: the reason is not kept.']);
  });
});
