import { describe, expect, test } from 'vitest';
import { joined, leaseMs, left, nextLookMs, present, waiting, type Line, type Waiter } from '../../src/model/queue.js';

function waiter(id: string, change: Partial<Waiter> = {}): Waiter {
  return { id, release: `v-${id}`, requestedBy: 'ada', since: null, supersede: false, ...change };
}

const inOrder = (line: Line): string[] => waiting(line).map(({ id }) => id);

describe('the line of an environment', () => {
  test('keeps the order in which they came', () => {
    const line = joined(joined(joined([], waiter('a'), 1), waiter('b'), 2), waiter('c'), 2);
    expect(inOrder(line)).toEqual(['a', 'b', 'c']);
  });

  test('keeps the place of one who says again that it is there', () => {
    const line = joined(joined(joined([], waiter('a'), 1), waiter('b'), 2), waiter('a'), 9000);
    expect(inOrder(line)).toEqual(['a', 'b']);
    expect(line[0]).toMatchObject({ since: 1, until: 9000 + leaseMs });
  });

  test('forgets who has not been heard of for fifteen seconds, and looks when that is', () => {
    const line = joined(joined([], waiter('a'), 0), waiter('b'), 4000);
    expect(nextLookMs(line, 5000)).toBe(10_000);
    expect(inOrder(present(line, 14_999))).toEqual(['a', 'b']);
    expect(inOrder(present(line, 15_000))).toEqual(['b']);
  });

  test('gives one who was forgotten, and is not gone, its old place back', () => {
    const line = joined(joined([], waiter('b'), 2), waiter('a', { since: 1 }), 20_000);
    expect(inOrder(line)).toEqual(['a', 'b']);
  });

  test('lets one leave from anywhere', () => {
    const line = joined(joined(joined([], waiter('a'), 1), waiter('b'), 2), waiter('c'), 3);
    expect(inOrder(left(line, 'b'))).toEqual(['a', 'c']);
    expect(inOrder(left(line, 'nobody'))).toEqual(['a', 'b', 'c']);
  });

  test('lets one that supersedes go before all who wait, and they are told by whom', () => {
    const line = joined(joined(joined([], waiter('a'), 1), waiter('b'), 2), waiter('c', { supersede: true }), 3);
    expect(inOrder(line)).toEqual(['c']);
    expect(line.map(({ supersededBy }) => supersededBy)).toEqual(['v-c by ada', 'v-c by ada', undefined]);
  });

  test('lets who comes after one that supersedes wait behind it', () => {
    const line = joined(joined([], waiter('c', { supersede: true }), 3), waiter('d'), 4);
    expect(inOrder(line)).toEqual(['c', 'd']);
    const back = joined(joined([], waiter('d'), 4), waiter('c', { supersede: true, since: 3 }), 20_000);
    expect(inOrder(back)).toEqual(['c', 'd']);
  });
});
