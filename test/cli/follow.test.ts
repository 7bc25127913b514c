import { QueryNotRegisteredError, ServiceError, WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure, CancelledFailure, RetryState, TerminatedFailure } from '@temporalio/common';
import { describe, expect, test } from 'vitest';
import { Exit, exitCodes } from '../../src/cli/exit-codes.js';
import { follow } from '../../src/cli/follow.js';
import type { RunHandle, Session } from '../../src/cli/session.js';
import type { DeployFailureDetails, Progress } from '../../src/model/progress.js';
import { progressOf, stepOf } from './progress.js';

/** A run that answers with one progress after the other; after the last one it ends. */
interface Script {
  readonly answers: readonly (Progress | Error)[];
  /** How waiting for its result goes, time after time; `null`: it ended well. */
  readonly endings?: readonly (Error | null)[];
}

interface Followed {
  readonly code: number;
  readonly out: readonly string[];
  readonly notes: readonly string[];
  readonly revived: number;
}

async function followScript({ answers, endings = [null] }: Script, json = false): Promise<Followed> {
  const [out, notes]: [string[], string[]] = [[], []];
  let [asked, awaited, revived] = [0, 0, 0];
  let lastAsked = (): void => undefined;
  const allAsked = new Promise<void>((resolve) => (lastAsked = resolve));
  const handle = {
    client: { withDeadline: (_: number, ask: () => unknown) => ask() },
    query: () => {
      const answer = answers[Math.min(asked, answers.length - 1)];
      asked += 1;
      if (asked >= answers.length) lastAsked();
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    },
    result: async () => {
      await allAsked;
      const ending = endings[awaited++];
      if (ending) throw ending;
    },
  } as unknown as RunHandle;
  const session = {
    output: {
      live: false,
      print: (text: string) => out.push(...text.split('\n')),
      note: (text: string) => notes.push(text),
      redraw: () => undefined,
    },
    revive: () => Promise.resolve(void (revived += 1)),
  } as unknown as Session;
  const code = await follow(session, handle, { json });
  return { code, out, notes, revived };
}

const failedWith = (cause: Error) =>
  new WorkflowFailedError('Workflow execution failed', cause, RetryState.NON_RETRYABLE_FAILURE);

/** gRPC's code for a server that cannot be reached. */
const unavailable = 14;

const away = () =>
  new ServiceError('away', {
    cause: Object.assign(new Error('away'), { code: unavailable, details: '', metadata: {} }),
  });

const failedStep = stepOf('probeSlot', { state: 'failed', note: 'app-green answers as v1, not as v2' });
const failed = progressOf({ phase: 'ended', steps: [stepOf('preflight'), failedStep] });

function ending(type: string, change: Partial<DeployFailureDetails> = {}): Error {
  const details: DeployFailureDetails = {
    progress: failed,
    failedStep: 'probeSlot',
    cancelled: false,
    undone: ['stopSlots'],
    skipped: [],
    logs: [],
    ...change,
  };
  return failedWith(ApplicationFailure.create({ message: 'failed at probeSlot', type, details: [details] }));
}

describe('a deploy that is followed', () => {
  test('shows each step once as it begins and once as it ends, and then what is live', async () => {
    const running = progressOf({ steps: [stepOf('preflight', { state: 'running', note: null })] });
    const done = progressOf({ phase: 'ended', steps: [stepOf('preflight')], warnings: ['the disk is nearly full'] });
    const { code, out } = await followScript({ answers: [running, running, done] });
    expect(code).toBe(exitCodes.succeeded);
    expect(out.map((line) => line.replace(/[\d.]+ s/, 'N s'))).toEqual([
      expect.stringMatching(/^▶ preflight +N s {2}about preflight$/),
      expect.stringMatching(/^✔ preflight +N s {2}done$/),
      'warning: the disk is nearly full',
      'live: green (v2) after N s',
    ]);
  });

  test('as JSON is one object per line, the last one the end', async () => {
    const done = progressOf({ phase: 'ended', steps: [stepOf('preflight')] });
    const { code, out } = await followScript({ answers: [done] }, true);
    expect(code).toBe(exitCodes.succeeded);
    expect(out.map((line) => JSON.parse(line) as unknown)).toEqual([
      { event: 'step', ...stepOf('preflight') },
      { event: 'end', outcome: 'succeeded', progress: done },
    ]);
  });

  const approval = { when: 'before-switch', since: 1, deadline: 3_600_000, otherwise: 'abort' } as const;
  const asked = progressOf({ phase: 'waiting-for-approval', approval });

  test('that waits for approval says so once, and is followed on until it has ended', async () => {
    const done = progressOf({ phase: 'ended', steps: [stepOf('reloadRouter')] });
    const { code, out } = await followScript({ answers: [asked, asked, done] });
    expect(code).toBe(exitCodes.succeeded);
    expect(out.filter((line) => line.startsWith('Waits for approval'))).toHaveLength(1);
    expect(out.at(-2)).toContain('✔ reloadRouter');
  });

  test('that waits for approval is one event as JSON', async () => {
    const { out } = await followScript({ answers: [asked, asked, progressOf({ phase: 'ended' })] }, true);
    const events = out.map((line) => (JSON.parse(line) as { event: string }).event);
    expect(events).toEqual(['waiting-for-approval', 'end']);
  });

  test('that needs a person says what to do and ends with 5 while the run waits', async () => {
    const attention = { step: 'restoreDatabase', error: 'the disk is full', since: 0 };
    const { code, out } = await followScript({
      answers: [progressOf({ phase: 'needs-attention', attention }), failed],
    });
    expect(code).toBe(exitCodes.needsAttention);
    expect(out[0]).toBe('Needs attention: restoreDatabase could not finish: the disk is full');
  });
});

test('a run that another version began is told as that, with the ways out, and is not waited for', async () => {
  const nondeterminism = "[TMPRL1100] Nondeterminism error: 'backupDatabase' does not match 'findLive'";
  const followed = followScript({ answers: [new QueryNotRegisteredError(nondeterminism, 3), progressOf({})] });
  await expect(followed).rejects.toMatchObject({
    code: exitCodes.unexpected,
    message: expect.stringMatching(
      /another one began it.*Put the version back.*terminate.*pointsman recover/,
    ) as string,
  });
});

describe('a deploy that fails', () => {
  const cases: [what: string, error: Error, code: number][] = [
    ['refused', ending('Refused', { undone: [] }), exitCodes.refused],
    ['undone', ending('FailedAndUndone'), exitCodes.undone],
    ['undone but for what a person skipped', ending('FailedWithSkips', { skipped: ['stopSlots'] }), exitCodes.skipped],
    ['cancelled', failedWith(new CancelledFailure('cancelled')), exitCodes.cancelled],
    ['terminated', failedWith(new TerminatedFailure('terminated')), exitCodes.terminated],
  ];
  test.each(cases)('and was %s has an exit code of its own', async (_, error, code) => {
    expect((await followScript({ answers: [failed], endings: [error] })).code).toBe(code);
  });

  test('gives the reason and what is live, and no stack trace', async () => {
    const { out } = await followScript({ answers: [failed], endings: [ending('FailedAndUndone')] });
    expect(out.slice(-3)).toEqual([
      'deploy failed at probeSlot: app-green answers as v1, not as v2',
      'Undone: stopSlots.',
      'Live: blue (v1), as before.',
    ]);
  });

  test('as JSON ends with its outcome and all details', async () => {
    const { out } = await followScript({ answers: [failed], endings: [ending('FailedAndUndone')] }, true);
    expect(JSON.parse(out.at(-1) ?? '')).toMatchObject({
      event: 'end',
      outcome: 'FailedAndUndone',
      details: { failedStep: 'probeSlot', undone: ['stopSlots'] },
    });
  });

  test('for input that its worker does not understand is a usage error', async () => {
    const error = failedWith(ApplicationFailure.create({ message: 'made for a newer worker', type: 'InvalidInput' }));
    const following = followScript({ answers: [failed], endings: [error] });
    await expect(following).rejects.toEqual(new Exit(exitCodes.usage, 'made for a newer worker'));
  });
});

describe('a follower', () => {
  test('outlives a worker that is away: it says so once, has it brought back and shows the end', async () => {
    const silence = new ServiceError('no poller');
    const done = progressOf({ phase: 'ended', steps: [stepOf('preflight')] });
    const { code, notes, revived, out } = await followScript({ answers: [silence, silence, done] });
    expect({ code, notes }).toEqual({
      code: exitCodes.succeeded,
      notes: ['no worker answers; the deploy waits for one'],
    });
    expect(revived).toBeGreaterThanOrEqual(2);
    expect(out[0]).toContain('✔ preflight');
  });

  test('outlives a Temporal that is away while it waits for the end', async () => {
    const { code, revived } = await followScript({ answers: [failed], endings: [away(), ending('FailedAndUndone')] });
    expect(code).toBe(exitCodes.undone);
    expect(revived).toBeGreaterThanOrEqual(1);
  });

  test('has a worker brought back while the question to the one that died still waits for its answer', async () => {
    let back = (): void => undefined;
    const revived = new Promise<void>((resolve) => (back = resolve));
    const done = progressOf({ phase: 'ended', steps: [stepOf('preflight')] });
    const handle = {
      client: { withDeadline: (_: number, ask: () => unknown) => ask() },
      query: () => revived.then(() => done),
      result: () => revived,
    } as unknown as RunHandle;
    const output = { live: false, print: () => undefined, note: () => undefined, redraw: () => undefined };
    const session = { output, revive: () => Promise.resolve(back()) } as unknown as Session;
    expect(await follow(session, handle, { json: false })).toBe(exitCodes.succeeded);
  });

  test('knows the end also when no worker is left to tell the last steps', async () => {
    const answers = [failed, new ServiceError('no poller')];
    const { code } = await followScript({ answers, endings: [ending('FailedAndUndone')] });
    expect(code).toBe(exitCodes.undone);
  });
});
