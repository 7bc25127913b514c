import { msToNumber } from '@temporalio/common/lib/time.js';
import type { RetryPolicy } from '@temporalio/common';
import { expect, test } from 'vitest';
import { activityOptions } from '../../src/workflows/activity-options.js';
import { settings } from '../support/settings.js';

/** Milliseconds that a step which fails at once each time spends between its attempts. */
function pauseOf({ initialInterval = 0, maximumInterval = 0, maximumAttempts = 1 }: RetryPolicy): number {
  const pauses = Array.from({ length: maximumAttempts - 1 }, (_, at) => msToNumber(initialInterval) * 2 ** at);
  return pauses.reduce((sum, pause) => sum + Math.min(pause, msToNumber(maximumInterval)), 0);
}

// Tests of what comes after the last attempt make these pauses short: test/support/quick-retries.ts.
test('what must be undone is tried for a minute and a half: a Docker daemon that restarts is back by then', () => {
  for (const step of ['restoreDatabase', 'stopSlots', 'switchBack', 'releaseWrites'] as const) {
    const { retry } = activityOptions(step, settings);
    expect(pauseOf(retry ?? {})).toBe(91_000);
    expect(retry?.maximumAttempts).toBe(9);
  }
});

test('a slot that the router was found not to reach or to serve is not tried again: the next thing to do is to undo', () => {
  for (const step of ['writeRouterConfig', 'reloadRouter', 'writeAdoption'] as const) {
    expect(activityOptions(step, settings).retry?.nonRetryableErrorTypes).toContain('SwitchNotProven');
  }
  expect(activityOptions('switchBack', settings).retry?.nonRetryableErrorTypes).not.toContain('SwitchNotProven');
});

test('a worker that is killed twice in it does not end the cleaning up: what it should remove would stay', () => {
  expect(activityOptions('cleanUp', settings).retry?.maximumAttempts).toBe(5);
});

test('a step that is dead counts as dead after six seconds, however long it may take', () => {
  expect(activityOptions('backupDatabase', settings)).toMatchObject({
    heartbeatTimeout: '6s',
    startToCloseTimeout: '1h',
  });
});
