import { WorkflowExecutionAlreadyStartedError, WorkflowFailedError, type Client } from '@temporalio/client';
import { CancelledFailure, RetryState } from '@temporalio/common';
import { describe, expect, test } from 'vitest';
import { rollbackCommand, type RollbackOptions } from '../../src/cli/commands/rollback.js';
import { exitCodes } from '../../src/cli/exit-codes.js';
import {
  abortInsteadText,
  databaseSince,
  lastTimeLive,
  noDatabase,
  rollbackText,
  unknownDatabase,
  type RollbackView,
} from '../../src/cli/render-rollback.js';
import type { Session } from '../../src/cli/session.js';
import type { Progress } from '../../src/model/progress.js';
import type { ReleaseRecord } from '../../src/model/release-record.js';
import type { Settings } from '../../src/model/settings.js';
import { backup } from '../support/fake-activities.js';
import { settings } from '../support/settings.js';
import { progressOf } from './progress.js';

const now = Date.parse('2026-11-26T12:00:00Z');

const view: RollbackView = {
  live: { slot: 'green', release: 'v2' },
  target: {
    ...{ release: 'v1', from: '2026-11-20T10:00:00Z', until: '2026-11-26T11:00:00Z', deployedBy: 'ada@ci' },
    warm: true,
  },
  database: { since: 'same', parts: [], backup: backup.file, why: null },
};

describe('what a rollback shows first', () => {
  test('is what is live, what it goes back to and since when, how fast, and that the database fits', () => {
    expect(rollbackText(settings, view, now).split('\n')).toEqual([
      'rollback · shop/production',
      'live      green (v2)',
      'back to   v1, live from 2026-11-20T10:00:00Z until 2026-11-26T11:00:00Z (1 h ago), deployed by ada@ci',
      '          app-blue runs it and is healthy: switching back takes one reload of the router',
      'database  no migration since v1 was live; it stays as it is, with every row that was written since',
    ]);
  });

  test('says that the slot has to be started first, where it does not run', () => {
    const cold = { ...view, target: { ...view.target, from: null, until: null, deployedBy: null, warm: false } };
    const text = rollbackText(settings, cold, now);
    expect(text).toContain('back to   v1\n');
    expect(text).toContain('app-blue does not run it: it is started first and has to become healthy (2m at most)');
  });

  test('says in words that the old release will run on a schema that it does not know', () => {
    const parts = ['schema', 'migration state'];
    const database = { since: 'changed', parts, backup: backup.file, why: null } as const;
    expect(
      rollbackText(settings, { ...view, database }, now)
        .split('\n')
        .slice(-2),
    ).toEqual([
      'database  its schema and its migration state have changed since v1 was live: v1 will run on the database of v2',
      `          it stays as it is. If v1 cannot live with that, "pointsman restore ${backup.file}" puts the old one back, without the rows since`,
    ]);
  });

  test('says what is not known, and what is not there', () => {
    const unknown = unknownDatabase('no backup is left that was taken while v1 was live');
    expect(rollbackText(settings, { ...view, database: unknown }, now)).toContain(
      'whether it was migrated since v1 was live is not known: no backup is left that was taken while v1 was live',
    );
    expect(rollbackText(settings, { ...view, database: noDatabase }, now)).toContain('there is none');
  });
});

describe('whether the database was migrated since a release', () => {
  const manifests = [
    { ...backup, file: 'older', releaseFrom: 'v1', fingerprint: { ...backup.fingerprint, schema: 'long ago' } },
    { ...backup, file: 'newest', releaseFrom: 'v1' },
    { ...backup, file: 'later', releaseFrom: 'v2' },
  ];

  test('is told by the newest backup that was taken while it was live', () => {
    expect(databaseSince('v1', manifests, backup.fingerprint)).toMatchObject({ since: 'same', backup: 'newest' });
    const migrated = { ...backup.fingerprint, schema: 'another', userVersion: 99 };
    expect(databaseSince('v1', manifests, migrated)).toMatchObject({
      ...{ since: 'changed', parts: ['schema', 'user_version'], backup: 'newest' },
    });
  });

  test('is not known without such a backup, or without a database', () => {
    expect(databaseSince('v0', manifests, backup.fingerprint).since).toBe('unknown');
    expect(databaseSince('v1', manifests, null)).toMatchObject({ since: 'unknown', why: 'there is no database yet' });
  });
});

test('when a release was live last is told by the record, past what failed and what was only done to the database', () => {
  const record = (change: Partial<ReleaseRecord>): ReleaseRecord => ({
    ...{ deployId: 'id', kind: 'deploy', outcome: 'succeeded', release: 'v1', slot: 'blue', image: 'shop:v1' },
    ...{ previous: null, backup: null, requestedBy: 'ada', startedAt: '', endedAt: '', message: '' },
    ...change,
  });
  const records = [
    record({ endedAt: '1' }),
    record({ release: 'v2', endedAt: '2' }),
    record({ kind: 'rollback', endedAt: '3', requestedBy: 'bob' }),
    record({ kind: 'restore', endedAt: '4' }),
    record({ release: 'v3', outcome: 'undone', endedAt: '5' }),
    record({ release: 'v3', endedAt: '6' }),
  ];
  expect(lastTimeLive(records, 'v1')).toEqual({ from: '3', until: '6', deployedBy: 'ada' });
  expect(lastTimeLive(records, 'v3')).toEqual({ from: '6', until: null, deployedBy: 'ada' });
  expect(lastTimeLive(records, 'v9')).toEqual({ from: null, until: null, deployedBy: null });
});

describe('a deploy that can be aborted instead', () => {
  test.each(['canary', 'baking'] as const)('that is %s leaves what users wrote', (phase) => {
    expect(abortInsteadText(settings, progressOf({ phase }))).toContain('The database stays as it is.');
    expect(abortInsteadText({ ...settings, database: null }, progressOf({ phase }))).not.toContain('database');
  });

  test('in its bake is switched back from, and leaves the database', () => {
    expect(abortInsteadText(settings, progressOf({ phase: 'baking' })).split('\n')).toEqual([
      'deploy v2 by ada@ci is in its bake.',
      'Aborting it puts everybody back on blue (v1), which still runs in app-blue: one reload of the router. The database stays as it is.',
    ]);
  });

  test('before the switch has reached nobody', () => {
    const approval = { when: 'before-switch', since: now, deadline: now, otherwise: 'abort' } as const;
    expect(abortInsteadText(settings, progressOf({ phase: 'waiting-for-approval', approval }))).toContain(
      'Users still get blue (v1): aborting it ends the new release before anybody gets it. The database is left or put back by database.restore.',
    );
  });
});

interface World {
  /** What runs in the environment; absent: nothing. */
  readonly running?: Progress;
  /** What the person types; absent: there is no terminal. */
  readonly answer?: string;
  /** The deploy ends well before it can be aborted. */
  readonly tooLate?: boolean;
  readonly options?: RollbackOptions;
}

/** A rollback in a world where the host cannot be looked at, and what it asked for. */
async function rollBack({ running, answer, tooLate = false, options = {} }: World) {
  const [asks, notes]: [unknown[], string[]] = [[], []];
  let aborted = (): void => undefined;
  const over = new Promise<void>((resolve) => (aborted = resolve));
  const handleOf = (progress: Progress, result: () => Promise<unknown>) => ({
    client: { withDeadline: (_: number, ask: () => unknown) => ask() },
    query: () => Promise.resolve(progress),
    describe: () =>
      Promise.resolve({
        ...{ memo: { kind: 'deploy', release: 'v2', requestedBy: 'ada@ci' }, startTime: new Date(now), runId: 'run' },
        status: { name: running && !asks.includes('cancel') ? 'RUNNING' : 'COMPLETED' },
      }),
    cancel: () => Promise.resolve(void (asks.push('cancel'), aborted())),
    executeUpdate: (_: unknown, { args }: { args: unknown[] }) => Promise.resolve(void (asks.push(...args), aborted())),
    result,
    workflowId: 'shop/production',
  });
  const cancelled = async (): Promise<void> => {
    await over;
    if (!tooLate)
      throw new WorkflowFailedError('', new CancelledFailure('cancelled'), RetryState.NON_RETRYABLE_FAILURE);
  };
  const client = {
    workflow: {
      getHandle: () => handleOf(running ?? progressOf({ phase: 'ended' }), cancelled),
      start: (kind: string, { args }: { args: [{ to: string | null }] }) => {
        if (running && !asks.includes('cancel')) {
          return Promise.reject(new WorkflowExecutionAlreadyStartedError('', 'shop/production', kind));
        }
        asks.push([kind, args[0].to]);
        return Promise.resolve(handleOf(progressOf({ kind: 'rollback', phase: 'ended' }), () => Promise.resolve()));
      },
    },
  } as unknown as Client;
  const elsewhere: Settings = { ...settings, host: 'ssh://shop.example.org' };
  const session = {
    output: {
      ...{ live: false, asks: answer !== undefined, print: () => undefined, redraw: () => undefined },
      note: (text: string) => notes.push(text),
      ask: (question: string) => {
        if (answer !== undefined) asks.push(question);
        return Promise.resolve(answer ?? null);
      },
    },
    environment: { requestedBy: 'bob@laptop' },
    place: { kind: 'embedded' },
    settings: () => Promise.resolve(elsewhere),
    hostOfWorker: () => elsewhere.host,
    host: () => Promise.reject(new Error('no route to shop.example.org')),
    client: () => Promise.resolve(client),
    revive: () => Promise.resolve(),
  } as unknown as Session;
  const code = await rollbackCommand(session, options).catch((error: { code: number; message: string }) => {
    notes.push(error.message);
    return error.code;
  });
  return { code, asks, notes };
}

describe('pointsman rollback', () => {
  test('without a terminal asks nobody, as CI and scripts have called it ever since', async () => {
    expect(await rollBack({})).toEqual({ code: exitCodes.succeeded, asks: [['rollback', null]], notes: [] });
  });

  test('asks once at a terminal, and goes back all the same where the host cannot be looked at', async () => {
    const { code, asks, notes } = await rollBack({ answer: 'y' });
    expect({ code, asks }).toEqual({
      code: exitCodes.succeeded,
      asks: ['Go back to the release before? [y/N] ', ['rollback', null]],
    });
    expect(notes).toEqual([
      'What it goes back to cannot be shown from here (no route to shop.example.org); the rollback finds it by itself.',
    ]);
  });

  test.each(['', 'n', 'no', 'what?'])('changes nothing on the answer "%s"', async (answer) => {
    const { code, asks, notes } = await rollBack({ answer, options: { to: 'v1' } });
    expect({ code, asks }).toEqual({ code: exitCodes.usage, asks: ['Go back to v1? [y/N] '] });
    expect(notes.at(-1)).toBe('Nothing was changed.');
  });

  test('with --yes asks nobody', async () => {
    const { asks } = await rollBack({ answer: 'n', options: { yes: true } });
    expect(asks).toEqual([['rollback', null]]);
  });

  test.each(['baking', 'canary'] as const)('aborts a deploy that is %s, and has gone back with that', async (phase) => {
    const { code, asks } = await rollBack({ running: progressOf({ phase }), answer: 'yes' });
    expect({ code, asks }).toEqual({ code: exitCodes.succeeded, asks: ['Abort it? [y/N] ', 'cancel'] });
  });

  test('leaves such a deploy alone without a yes', async () => {
    const { code, asks } = await rollBack({ running: progressOf({ phase: 'baking' }), answer: '' });
    expect({ code, asks }).toEqual({ code: exitCodes.usage, asks: ['Abort it? [y/N] '] });
  });

  test('says no to a deploy that waits for approval, with who and why', async () => {
    const approval = { when: 'after-canary', since: now, deadline: now, otherwise: 'abort' } as const;
    const running = progressOf({ phase: 'waiting-for-approval', approval });
    const { code, asks } = await rollBack({ running, options: { yes: true, reason: 'prices are wrong' } });
    const signed = { for: 'answer', workflowId: 'shop/production', startedAt: running.startedAt };
    expect({ code, asks }).toEqual({
      code: exitCodes.succeeded,
      asks: [{ answer: 'abort', by: 'bob@laptop', reason: 'prices are wrong', release: 'v2', signed }],
    });
  });

  test('goes back from a release whose deploy ended well just before it could be aborted', async () => {
    const { code, asks } = await rollBack({ running: progressOf({ phase: 'baking' }), tooLate: true });
    expect({ code, asks }).toEqual({ code: exitCodes.succeeded, asks: ['cancel', ['rollback', null]] });
  });

  test.each([
    ['is not that far', progressOf({ phase: 'deploying' }), {}],
    ['leads to another release', progressOf({ phase: 'baking' }), { to: 'v0' }],
    ['is the first one', progressOf({ phase: 'baking', liveBefore: null }), {}],
  ])('is refused as busy beside a deploy that %s', async (_, running, options) => {
    const { code, asks } = await rollBack({ running, options });
    expect({ code, asks }).toEqual({ code: exitCodes.busy, asks: [] });
  });
});
