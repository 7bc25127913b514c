import { describe, expect, test } from 'vitest';
import { currentDetails } from '../../src/model/progress-markdown.js';
import { progressOf, stepOf } from '../cli/progress.js';

test('the details in the Temporal UI are a table of the steps, with what came of each', () => {
  const steps = [
    stepOf('preflight', { note: 'live: blue, v1' }),
    stepOf('waitHealthy', { state: 'failed', note: 'exit code 1\nTraceback' }),
    stepOf('restoreDatabase', { state: 'skipped', note: null }),
    stepOf('stopSlots', { state: 'running', note: null, summary: 'stop a|b' }),
  ];
  expect(currentDetails(progressOf({ phase: 'compensating', steps, warnings: ['old image stays\nsee log'] }))).toBe(
    [
      '**deploy v2** of shop to production: compensating',
      '',
      '| | step | what |',
      '|---|---|---|',
      '| ✔ | preflight | live: blue, v1 |',
      '| ✘ | waitHealthy | exit code 1 |',
      '| ↷ | restoreDatabase | about restoreDatabase |',
      '| ▶ | stopSlots | stop a\\|b |',
      '',
      '⚠ old image stays',
    ].join('\n'),
  );
});

test('what needs attention stands above the steps, with the two ways on', () => {
  const found = { live: { slot: 'green', release: 'v2' } } as const;
  const attention = { step: 'restoreDatabase', error: 'the disk is full', since: 0, found };
  expect(currentDetails(progressOf({ phase: 'needs-attention', attention }))).toBe(
    [
      '**deploy v2** of shop to production: needs-attention',
      '',
      '**Needs attention:** restoreDatabase could not finish: the disk is full',
      'Live now: green (v2).',
      'Mend the cause and run `pointsman retry`, or `pointsman skip --reason …`.',
      '',
      '| | step | what |',
      '|---|---|---|',
    ].join('\n'),
  );
});

describe('what a deploy waits for stands above the steps', () => {
  const lines = (change: Parameters<typeof progressOf>[0]): string[] =>
    currentDetails(progressOf({ phase: 'waiting-for-approval', ...change }))
      .split('\n')
      .slice(2, 5);
  const answer =
    'Answer with `pointsman approve` or `pointsman abort --reason …`. Here it cannot be signed: only a worker without a signing key takes the ' +
    'update `answerApproval` or the signal `approval` with `{"answer":"approve","by":"your name","reason":""}`.';
  const pending = { when: 'before-switch', since: 0, deadline: 3_600_000, otherwise: 'abort' } as const;

  test('with the deadline, what happens then, how to look at the release and how to answer', () => {
    expect(lines({ approval: pending })).toEqual([
      '**Waits for approval** of v2 before the switch, until 1970-01-01T01:00:00.000Z; then everything is undone.',
      'v2 runs in green: whoever asks the app with the header `X-Pointsman-Preview: v2` gets it; everybody else gets blue (v1).',
      answer,
    ]);
  });

  test('after a canary, with who has the release already', () => {
    expect(lines({ approval: { ...pending, when: 'after-canary', otherwise: 'approve' } }).slice(0, 2)).toEqual([
      '**Waits for approval** of v2 after the canary, until 1970-01-01T01:00:00.000Z; then it goes on.',
      'v2 runs in green and has a part of the requests; blue (v1) has the rest.',
    ]);
  });

  test('on a first deploy, without a preview', () => {
    const [, look] = lines({ approval: pending, liveBefore: null, slot: 'blue' });
    expect(look).toBe('v2 runs in blue, and nothing is live: nobody gets it yet.');
  });
});
