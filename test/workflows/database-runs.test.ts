import { ApplicationFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Activities } from '../../src/model/activities.js';
import type { RestoreResult } from '../../src/model/database.js';
import type { Live } from '../../src/model/slot.js';
import { backup, failure, wellBehaved } from '../support/fake-activities.js';
import { tellStory } from '../support/run-workflow.js';
import { settings } from '../support/settings.js';
import { timeSkipping } from '../support/workflow-environment.js';

const blueIsLive: Live = { slot: 'blue', release: 'v1' };

let environment: TestWorkflowEnvironment;
beforeAll(async () => {
  environment = await timeSkipping();
});
afterAll(() => environment?.teardown());

describe('a backup that a person asks for', () => {
  test('is of the live release, by a name that no deploy prunes', async () => {
    const told = await tellStory(environment, wellBehaved(blueIsLive), { kind: 'backup' });
    expect(told.steps).toEqual(['findLive', 'backupDatabase']);
    expect(told.calls[1]?.args).toMatchObject({ kind: 'manual', releaseFrom: 'v1', releaseTo: 'v1' });
    expect(told.made?.backup).toEqual(backup);
    expect(told.progress).toMatchObject({ kind: 'backup', release: 'v1', phase: 'ended' });
  });

  test('is made also where nothing is live', async () => {
    const told = await tellStory(environment, wellBehaved(null), { kind: 'backup' });
    expect(told.calls[1]?.args).toMatchObject({ releaseFrom: null, releaseTo: '' });
    expect(told.made?.backup).toBeNull();
  });

  test('that fails touched nothing, and says why', async () => {
    const activities: Activities = {
      ...wellBehaved(blueIsLive),
      backupDatabase: () => Promise.reject(failure('BackupFailed', 'the disk is full')),
    };
    const told = await tellStory(environment, activities, { kind: 'backup' });
    expect(told.failure?.type).toBe('Refused');
    expect(told.failure?.message).toBe('failed at backupDatabase: the disk is full; there was nothing to undo');
  });
});

describe('a restore that a person asks for', () => {
  const withoutReplica = { kind: 'restore', settings: { ...settings, replica: null } } as const;

  test('finds the backup, puts it back beside the live slot, proves the replica and is recorded', async () => {
    const told = await tellStory(environment, wellBehaved(blueIsLive), { kind: 'restore', backup: backup.file });
    expect(told.steps).toEqual(['findLive', 'findBackup', 'restoreBackup', 'proveReplica', 'recordRelease']);
    expect(told.calls[1]?.args).toMatchObject({ file: backup.file });
    expect(told.calls[4]?.args).toMatchObject({
      record: { kind: 'restore', outcome: 'succeeded', release: 'v1', backup: backup.file, image: null },
    });
    expect(told.made?.restored).toMatchObject({ restored: true, salvage: 'app.db.failed-1' });
  });

  test('without a replica proves none', async () => {
    const told = await tellStory(environment, wellBehaved(blueIsLive), withoutReplica);
    expect(told.steps).toEqual(['findLive', 'findBackup', 'restoreBackup', 'recordRelease']);
  });

  test.each([
    ['findBackup', 'RestoreRefused', 'there is no backup'],
    ['restoreBackup', 'DatabaseLocked', 'a transaction is open in shop-app-blue-1'],
  ] as const)('that fails at %s (%s) is tried once, undoes nothing and records nothing', async (step, type, why) => {
    const activities = { ...wellBehaved(blueIsLive), [step]: () => Promise.reject(failure(type, why)) };
    const told = await tellStory(environment, activities, withoutReplica);
    expect(told.calls.at(-1)?.name).toBe(step);
    expect(told.calls.filter(({ name }) => name === step)).toHaveLength(1);
    expect(told.failure?.type).toBe('Refused');
    expect(told.failure?.message).toContain(why);
  });

  test('that has a replica which does not follow ends well, with a warning', async () => {
    const activities: Activities = {
      ...wellBehaved(blueIsLive),
      proveReplica: () => Promise.reject(failure('ReplicaNotProven', 'the replica is stale')),
    };
    const told = await tellStory(environment, activities, { kind: 'restore' });
    expect(told.made?.restored).toMatchObject({ restored: true });
    expect(told.progress?.warnings).toEqual(['proveReplica: the replica is stale']);
  });

  test('that is cut is put back once: each attempt names its salvage the same', async () => {
    const timestamps: string[] = [];
    const done: RestoreResult = { restored: true, reason: 'asked for', salvage: 'app.db.failed-1', tables: [] };
    const activities: Activities = {
      ...wellBehaved(blueIsLive),
      restoreBackup: ({ timestamp }) => {
        timestamps.push(timestamp);
        return timestamps.length < 3 ? Promise.reject(new Error('the worker was killed')) : Promise.resolve(done);
      },
    };
    const told = await tellStory(environment, activities, withoutReplica);
    expect(timestamps).toHaveLength(3);
    expect(new Set(timestamps).size).toBe(1);
    expect(told.made?.restored).toEqual(done);
  });
});

test('a database that stays locked while a failed deploy is undone is tried for a while, and then needs attention', async () => {
  let attempts = 0;
  const locked = 'A transaction is open in one of shop-app-blue-1: end it, then run "pointsman retry"';
  const activities: Activities = {
    ...wellBehaved(blueIsLive),
    probeSlot: () => Promise.reject(failure('WrongRelease', 'v1 answered')),
    restoreDatabase: () => {
      attempts += 1;
      return Promise.reject(ApplicationFailure.create({ type: 'RestoreFailed', message: locked }));
    },
  };
  // Nobody answers: the server that skips time goes on to the run's last day, and its state can still be asked.
  const told = await tellStory(environment, activities);
  expect(told.progress).toMatchObject({
    phase: 'needs-attention',
    attention: { step: 'restoreDatabase', error: locked },
  });
  expect(attempts).toBeGreaterThan(5);
});
