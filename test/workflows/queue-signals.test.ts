import { randomUUID } from 'node:crypto';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PlaceInLine } from '../../src/cli/line.js';
import { queueId } from '../../src/model/names.js';
import type { Settings } from '../../src/model/settings.js';
import { taskQueue } from '../../src/temporal/place.js';
import { lineQuery } from '../../src/workflows/messages.js';
import { wellBehaved } from '../support/fake-activities.js';
import { settings as usual } from '../support/settings.js';
import { devServer, withTunedWorker } from '../support/workflow-environment.js';

let environment: TestWorkflowEnvironment;
beforeAll(async () => {
  environment = await devServer();
});
afterAll(() => environment?.teardown());

/** An environment of its own in each test. */
function place(): Settings {
  return { ...usual, project: `shop-${randomUUID().slice(0, 8)}` };
}

describe('a line that got something else than a waiter', () => {
  const wrong: readonly (readonly [string, readonly unknown[]])[] = [
    ['nothing', []],
    ['a text', ['v2']],
    ['null', [null]],
    ['a waiter without a release', [{ id: 'x', requestedBy: 'bob', since: null, supersede: true }]],
    ['a waiter since a day of the week', [{ id: 'x', release: 'v9', requestedBy: 'bob', since: 'Monday' }]],
  ];

  test.each(wrong)('leaves out a join signal with %s, says so in the log, and goes on', async (_, args) => {
    const settings = place();
    const logged: string[] = [];
    const warn = { fn: (_info: unknown, message: string) => void logged.push(message) };
    const sinks = { defaultWorkerLogger: { warn } };
    const activities = wellBehaved({ slot: 'blue', release: 'v0' });
    await withTunedWorker(environment, { activities, taskQueue, sinks }, async () => {
      const line = environment.client.workflow.getHandle(queueId(settings));
      const waiter = new PlaceInLine(environment.client, settings, {
        ...{ id: 'one', release: 'v2', requestedBy: 'bob' },
        supersede: false,
      });
      await waiter.hold();
      await line.signal<unknown[]>('join', ...args);
      await line.signal<unknown[]>('leave', ...args);
      expect((await line.query(lineQuery)).map(({ id }) => id)).toEqual(['one']);
      expect(logged).toEqual([expect.stringMatching(/^a join signal was left out: /)]);
      await waiter.leave();
      await line.result();
    });
  });

  test('ends by itself where it was started by hand with no input, and nobody comes', async () => {
    const settings = place();
    await withTunedWorker(environment, { activities: wellBehaved(null), taskQueue }, async () => {
      const line = await environment.client.workflow.signalWithStart('queue', {
        ...{ taskQueue, workflowId: queueId(settings), args: [] },
        ...{ signal: 'leave', signalArgs: ['nobody'] },
      });
      expect(await line.query(lineQuery)).toEqual([]);
      await line.terminate();
    });
  });
});
