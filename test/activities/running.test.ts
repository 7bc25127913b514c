import { once } from 'node:events';
import { MockActivityEnvironment } from '@temporalio/testing';
import { expect, test } from 'vitest';
import { running } from '../../src/activities/running.js';

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
