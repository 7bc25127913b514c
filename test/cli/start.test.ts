import type { Client, WorkflowStartOptions } from '@temporalio/client';
import { expect, test } from 'vitest';
import type { Session } from '../../src/cli/session.js';
import { startOrFollow } from '../../src/cli/start.js';
import { settings } from '../support/settings.js';

test('a run is given to another worker well before the eight seconds in which a step has to go on', async () => {
  const started: WorkflowStartOptions[] = [];
  const start = async (_: string, options: WorkflowStartOptions): Promise<object> => {
    started.push(options);
    return {};
  };
  const client = { workflow: { start } } as unknown as Client;
  const input = { settings, to: 'v1', requestedBy: 'a test', reason: null };
  await startOrFollow({} as Session, client, { kind: 'rollback', input });
  expect(started).toMatchObject([{ workflowTaskTimeout: '5s' }]);
});

test('a maintenance takes the environment as a deploy does, and says which of the two it is', async () => {
  const started: [string, WorkflowStartOptions][] = [];
  const start = async (kind: string, options: WorkflowStartOptions): Promise<object> => {
    started.push([kind, options]);
    return {};
  };
  const client = { workflow: { start } } as unknown as Client;
  const input = { settings, on: true, requestedBy: 'a test', reason: null };
  await startOrFollow({} as Session, client, { kind: 'maintenance', input });
  expect(started).toMatchObject([
    ['maintenance', { workflowId: 'shop/production', staticSummary: 'maintenance on', memo: { release: 'on' } }],
  ]);
});
