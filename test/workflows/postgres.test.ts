import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Activities } from '../../src/model/activities.js';
import type { PostgresSettings, Settings } from '../../src/model/settings.js';
import type { Live } from '../../src/model/slot.js';
import { backup, failure, wellBehaved } from '../support/fake-activities.js';
import { tellStory } from '../support/run-workflow.js';
import { settings as usual } from '../support/settings.js';
import { timeSkipping } from '../support/workflow-environment.js';

const blueIsLive: Live = { slot: 'blue', release: 'v1' };
const holdWrites = { methods: ['POST'], paths: [], except: [], timeoutMs: 30_000, retryAfterSeconds: 10 };

function postgres(change: Partial<PostgresSettings> = {}): { settings: Settings } {
  const place = { kind: 'postgres', service: 'db', name: 'app', user: 'app', backups: '/backups' } as const;
  const database = { ...place, keepBackups: 3, restore: 'never' as const, ...change };
  return { settings: { ...usual, replica: null, database } };
}

const unhealthy: Activities = {
  ...wellBehaved(blueIsLive),
  composeUpWait: () => Promise.reject(failure('SlotUnhealthy', 'not healthy')),
};

let environment: TestWorkflowEnvironment;
beforeAll(async () => {
  environment = await timeSkipping();
});
afterAll(() => environment?.teardown());

test('a failed deploy undoes the slot, and only then looks at PostgreSQL, which it leaves as it is and says so', async () => {
  const told = await tellStory(
    environment,
    { ...unhealthy, restoreDatabase: () => Promise.resolve({ restored: false, reason: 'what it says' }) },
    postgres(),
  );
  expect(told.failure?.message).toContain('undone: stopSlots;');
  expect(told.steps.filter((name) => name === 'stopSlots' || name === 'restoreDatabase')).toEqual([
    'stopSlots',
    'restoreDatabase',
  ]);
  expect(told.progress?.warnings).toEqual(['PostgreSQL: what it says']);
});

test('where PostgreSQL cannot be looked at nobody has to act, and it is said all the same how to go back', async () => {
  const told = await tellStory(
    environment,
    { ...unhealthy, restoreDatabase: () => Promise.reject(failure('RestoreRefused', 'gone')) },
    postgres(),
  );
  expect(told.failure?.type).toBe('FailedAndUndone');
  expect(told.progress?.warnings.join('\n')).toContain(`To go back: pointsman restore ${backup.file}`);
});

test('held writes go through again before PostgreSQL is looked at: nothing is put back that they could be lost in', async () => {
  const told = await tellStory(environment, unhealthy, postgres({ holdWrites }));
  const undone = ['stopSlots', 'releaseWrites', 'restoreDatabase'];
  expect(told.steps.filter((name) => undone.includes(name))).toEqual(undone);
});
