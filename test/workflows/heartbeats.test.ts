import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { defaultPayloadConverter, fromPayloadsAtIndex } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { running } from '../../src/activities/running.js';
import type { Activities } from '../../src/model/activities.js';
import { tuning } from '../../src/worker.js';
import type { deploy } from '../../src/workflows/index.js';
import { wellBehaved } from '../support/fake-activities.js';
import { settings } from '../support/settings.js';
import { devServer, withTunedWorker, type RunHandle } from '../support/workflow-environment.js';

let environment: TestWorkflowEnvironment;
beforeAll(async () => {
  environment = await devServer();
});
afterAll(() => environment?.teardown());

/** The beats of a step that goes on until it is cancelled, counted beside it as it makes them. */
class Beating {
  beats = 0;

  /** As a step of pointsman is run, with a report that differs with each beat. */
  readonly step = (): Promise<never> =>
    running(({ signal, report }) => {
      report({ beat: this.beats });
      const next = setInterval(() => report({ beat: ++this.beats }), 1500);
      return new Promise<never>((_, reject) => {
        signal.addEventListener('abort', () => {
          clearInterval(next);
          reject(new Error('told to stop'));
        });
      });
    });
}

/** The last beat of the step that runs, as the server has got it. */
async function lastBeat(handle: RunHandle): Promise<number> {
  const { raw } = await handle.describe();
  const payloads = raw.pendingActivities?.[0]?.heartbeatDetails?.payloads;
  const said = payloads ? fromPayloadsAtIndex<{ beat: number } | null>(defaultPayloadConverter, 0, payloads) : null;
  return said?.beat ?? -1;
}

/** Looks at the server until it has got beat `last`; which ones it had, in order. */
async function beatsUntil(handle: RunHandle, last: number): Promise<number[]> {
  const seen = new Set<number>();
  for (;;) {
    const beat = await lastBeat(handle);
    seen.add(beat);
    if (beat >= last) return [...seen].filter((one) => one >= 0);
    await sleep(50);
  }
}

/** A deploy on a worker that is tuned as pointsman's own, with a step that beats and does not end. */
async function during(work: (handle: RunHandle, beating: Beating) => Promise<void>): Promise<void> {
  const beating = new Beating();
  const activities: Activities = { ...wellBehaved({ slot: 'blue', release: 'v1' }), fetchImages: beating.step };
  const run = async (taskQueue: string): Promise<void> => {
    const args = [{ settings, release: 'v2', requestedBy: 'ada@laptop', reason: null }] as const;
    const { workflow } = environment.client;
    const handle = await workflow.start<typeof deploy>('deploy', {
      ...{ taskQueue, workflowId: `test/${randomUUID()}` },
      args: [...args],
    });
    await work(handle, beating).finally(() => handle.terminate().catch(() => undefined));
  };
  await withTunedWorker(environment, { ...tuning, activities }, run);
}

test('the server hears of a step at every beat, not at every third: one that works is never taken for dead', async () => {
  await during(async (handle) => {
    const seen = await beatsUntil(handle, 6);
    // One may be overtaken by the next while this test looks away.
    expect(seen.length).toBeGreaterThanOrEqual(5);
  });
});

test('a cancel reaches a step with its next beats, not after the third', async () => {
  await during(async (handle, beating) => {
    await beatsUntil(handle, 1);
    const before = beating.beats;
    await handle.cancel();
    await expect(handle.result()).rejects.toThrow();
    expect(beating.beats - before).toBeLessThanOrEqual(2);
  });
});
