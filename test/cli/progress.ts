import type { Progress, StepProgress } from '../../src/model/progress.js';

/** A step that is done and took a second. */
export function stepOf(name: string, change: Partial<StepProgress> = {}): StepProgress {
  return {
    name,
    kind: 'step',
    state: 'done',
    summary: `about ${name}`,
    note: 'done',
    startedAt: 1000,
    endedAt: 2000,
    ...change,
  };
}

/** A deploy of v2 into green, with v1 live in blue. */
export function progressOf(change: Partial<Progress>): Progress {
  return {
    kind: 'deploy',
    project: 'shop',
    environment: 'production',
    release: 'v2',
    slot: 'green',
    requestedBy: 'ada@ci',
    startedAt: 1000,
    phase: 'deploying',
    liveBefore: { slot: 'blue', release: 'v1' },
    steps: [],
    attention: null,
    warnings: [],
    ...change,
  };
}
