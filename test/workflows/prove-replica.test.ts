import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Activities } from '../../src/model/activities.js';
import type { Live } from '../../src/model/slot.js';
import { failure, wellBehaved } from '../support/fake-activities.js';
import { tellStory } from '../support/run-workflow.js';
import { settings } from '../support/settings.js';
import { timeSkipping } from '../support/workflow-environment.js';

const blueIsLive: Live = { slot: 'blue', release: 'v1' };

let environment: TestWorkflowEnvironment;
beforeAll(async () => {
  environment = await timeSkipping();
});
afterAll(() => environment?.teardown());

/** A release that migrates the database and does not become healthy. */
const badMigration: Activities = {
  ...wellBehaved(blueIsLive),
  composeUpWait: () => Promise.reject(failure('SlotUnhealthy', 'the reason')),
  restoreDatabase: () =>
    Promise.resolve({ restored: true, reason: 'migrated', salvage: 'app.db.failed-1', tables: [] }),
};

const { database } = settings;
const hold = {
  methods: ['POST'],
  paths: [],
  except: [],
  timeoutMs: 300_000,
  retryAfterSeconds: 10,
};

describe('the replica is proven after a restore', () => {
  test('once everything is undone, so that writes are not held for it', async () => {
    const held = { ...settings, database: database && { ...database, holdWrites: hold } };
    const told = await tellStory(environment, badMigration, { settings: held });
    const undoing = told.steps.slice(told.steps.indexOf('collectLogs') + 1);
    expect(undoing).toEqual(['stopSlots', 'restoreDatabase', 'releaseWrites', 'proveReplica', 'recordRelease']);
  });

  test('and one that is not proven is a warning: the deploy still failed where it did, and was undone', async () => {
    const reason = 'the replica is not proven: it has another schema.';
    const activities = { ...badMigration, proveReplica: () => Promise.reject(failure('ReplicaNotProven', reason)) };
    const told = await tellStory(environment, activities);
    expect(told.failure?.type).toBe('FailedAndUndone');
    expect(told.failure?.message).toBe(
      'failed at composeUpWait: the reason; undone: stopSlots, restoreDatabase; live: blue (v1)',
    );
    expect(told.details?.failedStep).toBe('composeUpWait');
    expect(told.details?.progress.warnings).toEqual([`proveReplica: ${reason}`]);
  });

  test('and not where nothing was restored, or no replica is configured', async () => {
    const nothingToUndo = () => Promise.resolve({ restored: false, reason: 'only rows differ' } as const);
    const kept = await tellStory(environment, { ...badMigration, restoreDatabase: nothingToUndo });
    expect(kept.steps).not.toContain('proveReplica');
    const without = await tellStory(environment, badMigration, { settings: { ...settings, replica: null } });
    expect(without.steps).not.toContain('proveReplica');
  });
});
