import { expect, test } from 'vitest';
import { cutByDrain, failuresOf, Recorder, sliceMs, withDrains, type Sample } from '../../bench/switch/accounting.js';
import type { Outcome } from '../../bench/switch/kinds.js';
import { requestsIn, totalsOf } from '../../bench/switch/totals.js';

const start = Date.UTC(2026, 10, 26);

function sample(change: Partial<Sample> = {}): Sample {
  const usual = {
    kind: 'kept GET',
    begunAt: start,
    endedAt: start + 5,
    latencyMs: 5,
    outcome: 'ok',
    release: 'v1',
  } as const;
  return { ...usual, ...change };
}

function recorded(...samples: readonly Sample[]): Recorder {
  const recorder = new Recorder();
  for (const one of samples) recorder.record(one);
  return recorder;
}

test('requests are counted by how they came out and by who answered; messages are none', () => {
  const recorder = recorded(
    sample(),
    sample({ release: 'v2' }),
    sample({ outcome: 'non-2xx', detail: '502', release: null }),
    sample({ kind: 'message' }),
  );
  expect(recorder.requests).toBe(3);
  const { cells } = recorder.take();
  expect(totalsOf(requestsIn(cells))).toMatchObject({ count: 3, failed: 1, releases: { v1: 1, v2: 1 } });
});

test('what is taken is not there again, and what ends in another slice of time is another cell', () => {
  const recorder = recorded(sample(), sample({ endedAt: start + sliceMs }));
  expect(recorder.take().cells.map(({ at }) => at - start)).toEqual([0, sliceMs]);
  expect(recorder.take()).toEqual({ cells: [], odd: [], acknowledged: [], unsent: 0 });
});

test('each one that is not as it should be is kept; what is so by design is no failure', () => {
  const all: Outcome[] = ['ok', 'non-2xx', 'reset', 'time-out', 'wrong', 'held', 'told to go', 'cut by drain'];
  const segment = recorded(...all.map((outcome) => sample({ outcome }))).take();
  expect(segment.odd.map(({ outcome }) => outcome)).toEqual(all.slice(1));
  expect(failuresOf(segment).map(({ outcome }) => outcome)).toEqual(['non-2xx', 'reset', 'time-out', 'wrong']);
});

const drain = { reloadedAt: start, timeoutMs: 30_000 };
const socket = { kind: 'endless websocket', outcome: 'reset', begunAt: start - 60_000 } as const;

test.each([
  ['it was open at the reload, and ended when the drain did', { endedAt: start + 30_200 }, true],
  ['it ended long before the drain did', { endedAt: start + 9000 }, false],
  ['it was opened long after the reload', { begunAt: start + 5000, endedAt: start + 31_000 }, false],
  ['it is a short request', { kind: 'new GET' as const, endedAt: start + 31_000 }, false],
  ['it ended well', { outcome: 'ok' as const, endedAt: start + 31_000 }, false],
])('whether a drain has cut it: %s', (_why, change, cut) => {
  expect(cutByDrain(sample({ ...socket, ...change }), [drain])).toBe(cut);
});

test('what a drain has cut is taken out of the resets, and nothing else is', () => {
  const cut = sample({ ...socket, endedAt: start + 30_100 });
  const broken = sample({ ...socket, begunAt: start + 20_000, endedAt: start + 30_100 });
  const segment = withDrains(recorded(cut, broken).take(), [drain]);
  expect(totalsOf(segment.cells)).toMatchObject({ count: 2, failed: 1, outcomes: { reset: 1, 'cut by drain': 1 } });
  expect(failuresOf(segment)).toEqual([broken]);
});
