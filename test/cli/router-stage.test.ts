import { describe, expect, test } from 'vitest';
import { stageLines } from '../../src/cli/router-stage.js';
import { progressOf, stepOf } from './progress.js';

const state = {
  ...{ live: { slot: 'blue', release: 'v1' } as const, canary: null, maintenance: null, watched: false },
} as const;
const running = { runs: true, ended: false };
const nothingRuns = { progress: null, runs: false, ended: false };

describe('status', () => {
  test('has nothing to add where all users get what is live', () => {
    expect(stageLines(state, { progress: progressOf({}), ...running })).toEqual([]);
    expect(stageLines(state, nothingRuns)).toEqual([]);
  });

  test('tells the share of a canary', () => {
    const canary = { weight: 25, slot: 'green', release: 'v2' } as const;
    expect(
      stageLines({ ...state, canary, watched: true }, { progress: progressOf({ phase: 'canary' }), ...running }),
    ).toEqual(['canary: 25 % of the requests go to green (v2)']);
  });

  test('tells of a release that only whoever sends the header gets', () => {
    const known = { progress: progressOf({ phase: 'waiting-for-approval' }), ...running };
    expect(stageLines({ ...state, canary: { weight: 0, slot: 'green', release: 'v2' } }, known)).toEqual([
      'preview: green (v2) answers requests with the header X-Pointsman-Preview, and no others',
    ]);
  });

  test('tells of a bake what stays warm, and how its last window was', () => {
    const steps = [
      stepOf('judgeTraffic', { note: 'window 6 of 6: healthy, no requests' }),
      stepOf('judgeTraffic', { state: 'running', note: 'window 3 of 12: healthy, 120 requests, 0.0 % 5xx, p95 12 ms' }),
    ];
    const baking = (of: typeof steps) => ({ progress: progressOf({ phase: 'baking', steps: of }), ...running });
    expect(stageLines({ ...state, watched: true }, baking(steps))).toEqual([
      'bake: blue (v1) stays warm; window 3 of 12: healthy, 120 requests, 0.0 % 5xx, p95 12 ms',
    ]);
    expect(stageLines(state, baking([]))).toEqual(['bake: blue (v1) stays warm']);
  });

  test('tells of a maintenance, and how it ends', () => {
    expect(stageLines({ ...state, maintenance: { by: 'ada', since: '20261126T120000Z' } }, nothingRuns)).toEqual([
      'maintenance: users get 503 and Retry-After, by ada since 20261126T120000Z; pointsman maintenance off ends it',
    ]);
  });

  test('tells of what a deploy that is gone has left, and what ends it', () => {
    const canary = { weight: 25, slot: 'green', release: 'v2' } as const;
    expect(stageLines({ ...state, canary }, nothingRuns)).toEqual([
      'canary: 25 % of the requests go to green (v2); left behind by a deploy that is gone, and the next one ends it',
    ]);
    expect(stageLines({ ...state, watched: true }, { ...nothingRuns, ended: true })).toEqual([
      'watch: the router notes what each slot answers; left behind by a deploy that is gone, and "pointsman recover" ends it',
    ]);
  });

  test('takes nothing for left behind while something runs that nobody tells of', () => {
    expect(
      stageLines({ ...state, canary: { weight: 5, slot: 'green', release: 'v2' } }, { progress: null, ...running }),
    ).toEqual(['canary: 5 % of the requests go to green (v2)']);
  });
});
