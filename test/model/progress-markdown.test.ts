import { expect, test } from 'vitest';
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
  const attention = { step: 'restoreDatabase', error: 'the disk is full', since: 0 };
  expect(currentDetails(progressOf({ phase: 'needs-attention', attention }))).toBe(
    [
      '**deploy v2** of shop to production: needs-attention',
      '',
      '**Needs attention:** restoreDatabase could not finish: the disk is full',
      'Mend the cause and run `pointsman retry`, or `pointsman skip --reason …`.',
      '',
      '| | step | what |',
      '|---|---|---|',
    ].join('\n'),
  );
});
