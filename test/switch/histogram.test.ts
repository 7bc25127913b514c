import { expect, test } from 'vitest';
import { boundOf, bucketOf, merged, percentile } from '../../bench/switch/histogram.js';

test.each([0.05, 0.1, 1, 2.7, 15, 999, 30_000])('%d ms is never said to be less, and at most 5 % more', (ms) => {
  const bound = boundOf(bucketOf(ms));
  expect(bound).toBeGreaterThanOrEqual(ms * 0.999999);
  expect(bound).toBeLessThanOrEqual(Math.max(0.1, ms) * 1.0501);
});

test('percentiles are those of all that were put together', () => {
  const fast = { [bucketOf(10)]: 98 };
  const slow = { [bucketOf(10)]: 1, [bucketOf(1000)]: 1 };
  const both = merged([fast, slow]);
  expect(percentile(both, 0.5)).toBeCloseTo(10, -1);
  expect(percentile(both, 0.99)).toBeCloseTo(10, -1);
  expect(percentile(both, 1)).toBeGreaterThanOrEqual(1000);
});

test('where nothing was there is no percentile', () => {
  expect(percentile({}, 0.5)).toBeNull();
});
