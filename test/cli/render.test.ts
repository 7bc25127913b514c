import { describe, expect, test } from 'vitest';
import { attentionText, failureText, holdText, logText, replicaText, stepLine } from '../../src/cli/render.js';
import type { DeployFailureDetails, StepProgress } from '../../src/model/progress.js';
import { liveText } from '../../src/model/slot.js';
import { progressOf, stepOf } from './progress.js';

const failedHealth: StepProgress = stepOf('waitHealthy', {
  state: 'failed',
  note: 'app-green ended with exit code 1 before it became healthy',
  endedAt: 4500,
});

const details: DeployFailureDetails = {
  progress: progressOf({ phase: 'ended', steps: [stepOf('preflight'), failedHealth] }),
  failedStep: 'waitHealthy',
  cancelled: false,
  undone: ['composeUpWait', 'backupDatabase'],
  skipped: [],
  logs: [
    { title: 'app (app-green)', lines: ['starting', "no such column: 'body'"] },
    { title: 'router', lines: [] },
    { title: 'litestream', lines: ['replicating'] },
  ],
};

describe('a line of a step', () => {
  test('shows what it is, how long it took and what came of it', () => {
    const line = stepLine(stepOf('backupDatabase', { note: '12 kB, verified\nsecond line' }), 9999);
    expect(line).toBe('✔ backupDatabase           1.0 s  12 kB, verified');
  });

  test('counts the time of a step that runs up to now, and says what it does', () => {
    const line = stepLine(stepOf('drain', { state: 'running', endedAt: null, note: null }), 13_500);
    expect(line).toBe('▶ drain                   12.5 s  about drain');
  });

  test('has what a migration wrote below it', () => {
    const line = stepLine(stepOf('rehearseMigration', { note: 'migrated', lines: ['applied 1', 'applied 2'] }), 0);
    expect(line).toBe('✔ rehearseMigration        1.0 s  migrated\n    │ applied 1\n    │ applied 2');
  });

  test('tells an undoing from the step that it undoes', () => {
    const line = stepLine(stepOf('restoreDatabase', { kind: 'compensation', state: 'skipped' }), 0);
    expect(line).toBe('↷ undo: restoreDatabase    1.0 s  done');
  });
});

describe('a failure', () => {
  test('gives the reason first, then each log apart, then what was undone and what is live', () => {
    expect(failureText('failed at waitHealthy', details)).toBe(
      [
        'deploy failed at waitHealthy: app-green ended with exit code 1 before it became healthy',
        '── app (app-green), last 2 lines',
        '   starting',
        "   no such column: 'body'",
        '── litestream, last 1 lines',
        '   replicating',
        'Undone: composeUpWait, backupDatabase.',
        'Live: blue (v1), as before.',
      ].join('\n'),
    );
  });

  test('that was refused says that nothing was touched', () => {
    const refused = {
      ...details,
      progress: progressOf({ liveBefore: null, steps: [] }),
      failedStep: null,
      undone: [],
      logs: [],
    };
    expect(failureText('input of version 9', refused)).toBe(
      [
        'deploy failed at its start: input of version 9',
        'Nothing was switched and nothing had to be undone.',
        'Live: nothing, as before.',
      ].join('\n'),
    );
  });

  test('names the database decision and what a person skipped', () => {
    const restore = stepOf('restoreDatabase', { kind: 'compensation', note: 'left as it is: nothing was migrated' });
    const skipped = {
      ...details,
      progress: progressOf({ steps: [failedHealth, restore] }),
      undone: ['restoreDatabase'],
      skipped: ['composeUpWait'],
      logs: [],
    };
    expect(failureText('', skipped)).toBe(
      [
        'deploy failed at waitHealthy: app-green ended with exit code 1 before it became healthy',
        'Undone: restoreDatabase.',
        'Database left as it is: nothing was migrated.',
        'Skipped by a person: composeUpWait.',
        'Live: blue (v1), as before.',
      ].join('\n'),
    );
  });
});

test('a failure shows what else went wrong while it was undone', () => {
  const warned = { ...details, progress: progressOf({ warnings: ['proveReplica: it has another schema'] }), logs: [] };
  expect(failureText('', warned)).toContain('warning: proveReplica: it has another schema\nLive: blue (v1)');
});

test.each([
  [{ state: 'in step', afterMs: 120, problem: '' }, 'in step (0.1 s)'],
  [{ state: 'behind', afterMs: 3000, problem: 'context deadline exceeded' }, 'behind: context deadline exceeded'],
  [{ state: 'unknown', afterMs: 0, problem: 'no socket' }, 'cannot be told: no socket'],
  [{ state: 'stopped', afterMs: 0, problem: 'litestream does not run' }, 'litestream does not run'],
] as const)('a replica that is %j is told as "%s"', (answer, text) => {
  expect(replicaText({ ...answer, inStep: answer.state === 'in step' })).toBe(text);
});

test('what needs attention comes with the two ways on', () => {
  const attention = { step: 'restoreDatabase', error: 'the disk is full', since: 0 };
  expect(attentionText(progressOf({ attention }))).toBe(
    [
      'Needs attention: restoreDatabase could not finish: the disk is full',
      'Live before this: blue (v1); what is live now, "pointsman status" asks the router.',
      'Mend the cause, then run "pointsman retry"; or leave it as it is with "pointsman skip --reason …", and the rest is',
      'undone.',
    ].join('\n'),
  );
  expect(attentionText(progressOf({}))).toBe('');
});

test('a service without log lines has no heading', () => {
  expect(logText([{ title: 'router', lines: [] }])).toBe('');
});

test('what is live is told also when the release is unknown or nothing is live', () => {
  expect(liveText({ slot: 'green', release: 'v7' })).toBe('green (v7)');
  expect(liveText({ slot: 'green', release: null })).toBe('green (release unknown)');
  expect(liveText(null)).toBe('nothing');
});

describe('a write hold', () => {
  const hold = { by: '20261123T092334Z', until: '2026-11-23T09:33:34.000Z', active: true };

  test.each([
    [hold, 'by a run', 'held (503) until the deploy ends, or 2026-11-23T09:33:34.000Z at the latest'],
    [
      hold,
      'behind',
      'held (503) by a deploy that is gone, until 2026-11-23T09:33:34.000Z; the next deploy ends it at once',
    ],
    [
      hold,
      'by one that was ended',
      'held (503) by a deploy that is gone, until 2026-11-23T09:33:34.000Z; "pointsman recover" ends it at once',
    ],
    [
      { ...hold, active: false },
      'behind',
      'not held any more since 2026-11-23T09:33:34.000Z; the next deploy takes the rest of the hold away',
    ],
  ] as const)('%j, left %s: %s', (known, left, text) => {
    expect(holdText(known, left)).toBe(text);
  });
});
