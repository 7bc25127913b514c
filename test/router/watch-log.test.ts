import { describe, expect, test } from 'vitest';
import { answersIn, statsOf } from '../../src/router/watch-log.js';

describe('what nginx has noted', () => {
  test('is every answer of a slot to a user, with the time that it took where that says something', () => {
    const lines = [
      '1795426414.123 green 200 user 0.004',
      '1795426414.124 blue 502 user 0.001',
      '1795426414.125 green 200 probe 0.002',
      '1795426414.126 green 200 stream 61.000',
      '1795426414.127 green 101 user 61.000',
      '1795426414.128 green 499 user -',
      '1795426414.129 green 200 user 0.100, 0.020',
      '1795426414.130 purple 200 user 0.004',
      '6414.131 green',
      '',
    ];
    expect(answersIn(lines.join('\n'))).toEqual([
      { slot: 'green', status: 200, tookMs: 4 },
      { slot: 'blue', status: 502, tookMs: 1 },
      { slot: 'green', status: 200, tookMs: null },
      { slot: 'green', status: 101, tookMs: null },
      { slot: 'green', status: 499, tookMs: null },
      { slot: 'green', status: 200, tookMs: 120 },
    ]);
  });

  test('in numbers: the median and the 95th percentile are times that really were', () => {
    const took = Array.from({ length: 100 }, (_, at) => ({ slot: 'green', status: 200, tookMs: 100 - at }) as const);
    const failed = { slot: 'green', status: 500, tookMs: null } as const;
    const other = { slot: 'blue', status: 500, tookMs: 9000 } as const;
    expect(statsOf([...took, failed, other], 'green')).toEqual({ requests: 101, errors: 1, p50Ms: 50, p95Ms: 95 });
    expect(statsOf([other], 'blue')).toEqual({ requests: 1, errors: 1, p50Ms: 9000, p95Ms: 9000 });
    expect(statsOf([], 'green')).toEqual({ requests: 0, errors: 0, p50Ms: null, p95Ms: null });
  });
});
