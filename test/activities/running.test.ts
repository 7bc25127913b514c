import { once } from 'node:events';
import { ActivityCancellationDetails } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { expect, test } from 'vitest';
import { running } from '../../src/activities/running.js';
import { LeftAlone } from '../../src/hosts/host.js';

test('heartbeats say how far a step has come last', async () => {
  const environment = new MockActivityEnvironment();
  const beats: unknown[] = [];
  await environment.run(() =>
    running(async ({ report }) => {
      const beat = async (): Promise<void> => void beats.push((await once(environment, 'heartbeat'))[0]);
      await beat();
      report({ step: 'copy', bytes: 100, done: 10 });
      report({ step: 'copy', bytes: 100, done: 60 });
      await beat();
    }),
  );
  expect(beats).toEqual([undefined, { step: 'copy', bytes: 100, done: 60 }]);
});

/** Whether a step that is told to stop leaves what runs on the host to the next attempt. */
async function leaves(details: ActivityCancellationDetails, info: object = {}): Promise<boolean> {
  const environment = new MockActivityEnvironment(info);
  let reason: unknown;
  const ended = environment.run(() =>
    running(async ({ signal }) => {
      const aborted = once(signal, 'abort');
      environment.cancel('CANCELLED', details);
      await aborted;
      reason = signal.reason;
      throw new Error('stopped');
    }),
  );
  await expect(ended).rejects.toThrow('cancelled');
  return reason instanceof LeftAlone;
}

test.each(['timedOut', 'notFound', 'workerShutdown', 'paused', 'reset'] as const)(
  'a step whose attempt ended by %s leaves what runs on the host to the next one',
  async (why) => {
    expect(await leaves(new ActivityCancellationDetails({ [why]: true }))).toBe(true);
  },
);

test('a step that was cancelled ends what runs on the host, also where the worker shuts down as well', async () => {
  expect(await leaves(new ActivityCancellationDetails({ cancelRequested: true }))).toBe(false);
  expect(await leaves(new ActivityCancellationDetails({ cancelRequested: true, workerShutdown: true }))).toBe(false);
});

test('the last attempt that times out ends it: nobody would join it, and what is undone must not run beside it', async () => {
  const info = { attempt: 5, retryPolicy: { maximumAttempts: 5 } };
  expect(await leaves(new ActivityCancellationDetails({ timedOut: true }), info)).toBe(false);
});

test('an attempt is known by when the server has scheduled it, so that a later one has the greater number', async () => {
  const numbers: number[] = [];
  for (const currentAttemptScheduledTimestampMs of [1_764_443_578_000, 1_764_443_585_000]) {
    const environment = new MockActivityEnvironment({
      scheduledTimestampMs: 1_764_443_578_000,
      currentAttemptScheduledTimestampMs,
    });
    await environment.run(() => running(async ({ number }) => void numbers.push(number)));
  }
  expect(numbers).toEqual([1_764_443_578_000, 1_764_443_585_000]);
});
