import { describe, expect, test } from 'vitest';
import { verdict, windowsOf } from '../../src/model/judging.js';
import type { TrafficStats } from '../../src/model/rollout.js';
import { judging } from '../support/settings.js';

function stats(requests: number, errors: number, p95Ms: number | null = 9): TrafficStats {
  return { requests, errors, p50Ms: 4, p95Ms };
}

describe('a window', () => {
  const table: [what: string, release: TrafficStats, baseline: TrafficStats | null, verdict: string | null][] = [
    ['without an error', stats(200, 0), stats(200, 0), null],
    ['at the limit', stats(200, 2), stats(200, 0), null],
    ['above it', stats(1000, 31), stats(1000, 0), '5xx 3.1 % > 1 %'],
    ['barely above it', stats(100_000, 1004), stats(100, 0), '5xx 1.004 % > 1 %'],
    ['above it, with nobody to compare with', stats(200, 10), null, '5xx 5 % > 1 %'],
    ['above it, and no worse than the release before', stats(200, 10), stats(200, 10), null],
    ['worse than a bad release before', stats(200, 10), stats(200, 4), '5xx 5 % > 2 % of the release before'],
    ['of too few requests', stats(19, 19), stats(200, 0), null],
    ['where the release before had too few', stats(200, 10), stats(19, 19), '5xx 5 % > 1 %'],
    ['without any request', stats(0, 0, null), stats(0, 0, null), null],
  ];
  test.each(table)('%s', (_, release, baseline, expected) => {
    expect(verdict({ release, unhealthy: null }, baseline, judging)).toBe(expected);
  });

  const slow = { ...judging, maxLatencyFactor: 2 };
  test.each([
    [stats(200, 0, 300), stats(200, 0, 100), 'p95 300 ms > 2 × 100 ms of the release before'],
    [stats(200, 0, 199), stats(200, 0, 100), null],
    // Some milliseconds more are noise, whatever the factor.
    [stats(200, 0, 30), stats(200, 0, 5), null],
    [stats(200, 0, 300), null, null],
    [stats(200, 0, null), stats(200, 0, 100), null],
  ] as const)('is judged by its latency only in comparison: %j against %j', (release, baseline, expected) => {
    expect(verdict({ release, unhealthy: null }, baseline, slow)).toBe(expected);
    expect(verdict({ release, unhealthy: null }, baseline, judging)).toBeNull();
  });

  test('is bad where the slot is ill, however few requests it had', () => {
    expect(verdict({ release: stats(0, 0), unhealthy: 'it does not run' }, null, judging)).toBe('it does not run');
  });
});

describe('a time that is judged', () => {
  test.each([
    [120_000, 12, 10_000],
    [125_000, 12, 10_417],
    [5000, 1, 5000],
    // A day would be more than Temporal keeps of one run.
    [86_400_000, 300, 288_000],
  ])('of %i ms is cut into %i windows of %i ms', (durationMs, count, windowMs) => {
    expect(windowsOf(durationMs, judging)).toEqual({ count, windowMs });
  });
});
