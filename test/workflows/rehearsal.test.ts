import { CancelledFailure } from '@temporalio/common';
import { Context } from '@temporalio/activity';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Activities, LogSection } from '../../src/model/activities.js';
import type { Rehearsal } from '../../src/model/database.js';
import type { SqliteSettings, Settings } from '../../src/model/settings.js';
import type { Live } from '../../src/model/slot.js';
import { failure, wellBehaved } from '../support/fake-activities.js';
import { tellStory } from '../support/run-workflow.js';
import { settings as usual } from '../support/settings.js';
import { timeSkipping } from '../support/workflow-environment.js';

const blueIsLive: Live = { slot: 'blue', release: 'v1' };
const holdWrites = { methods: ['POST'], paths: [], except: [], timeoutMs: 30_000, retryAfterSeconds: 10 };
const migrate = { command: ['python', '-m', 'app.migrate'], timeoutMs: 60_000, network: false };
const toTheRehearsal = ['preflight', 'fetchImages', 'bootstrapRouter', 'rehearseMigration'];

function rehearsing(change: Partial<SqliteSettings> = {}): Settings {
  return { ...usual, database: usual.database && { ...usual.database, migrate, ...change } };
}

function finding(change: Partial<Rehearsal>): Activities {
  const rehearsal = { migrates: true, tookMs: 900, bytes: 1_234_567, predictedMs: 400, output: [], ...change };
  return { ...wellBehaved(blueIsLive), rehearseMigration: () => Promise.resolve(rehearsal) };
}

let environment: TestWorkflowEnvironment;
beforeAll(async () => {
  environment = await timeSkipping();
});
afterAll(() => environment?.teardown());

describe('a deploy with a migrate command', () => {
  test('rehearses after all that touches nothing, and before the hold and the backup', async () => {
    const told = await tellStory(environment, finding({}), { settings: rehearsing({ holdWrites }) });
    expect(told.steps.slice(0, 6)).toEqual([...toTheRehearsal, 'holdWrites', 'backupDatabase']);
    const { args } = told.calls.find(({ name }) => name === 'rehearseMigration') ?? {};
    expect(args).toMatchObject({ slot: 'green', release: 'v2', image: 'registry.example.org/shop:v2' });
  });

  test('tells how long the database will be held, and what the migration wrote', async () => {
    const told = await tellStory(environment, finding({ output: ['applied 0003_tags'] }), { settings: rehearsing() });
    const step = told.result?.progress.steps.find(({ name }) => name === 'rehearseMigration');
    expect(step?.note).toBe(
      'migrated in 0.9 s on a copy of 1.2 MB; the real one is expected to hold the database for 0.4 s',
    );
    expect(step?.lines).toEqual(['applied 0003_tags']);
  });

  test('goes on where there is no database yet, and holds no writes where nothing is live', async () => {
    const activities = { ...wellBehaved(null), rehearseMigration: () => Promise.resolve(null) };
    const told = await tellStory(environment, activities, { settings: rehearsing({ holdWrites }) });
    expect(told.steps.slice(0, 5)).toEqual([...toTheRehearsal, 'backupDatabase']);
    expect(told.result?.live).toEqual({ slot: 'blue', release: 'v2' });
  });

  test('holds no writes where nothing migrates, and still backs up', async () => {
    const activities = finding({ migrates: false, predictedMs: 0 });
    const told = await tellStory(environment, activities, { settings: rehearsing({ holdWrites }) });
    expect(told.steps.slice(0, 5)).toEqual([...toTheRehearsal, 'backupDatabase']);
    expect(told.steps).not.toContain('releaseWrites');
  });
});

describe('a deploy whose rehearsal fails', () => {
  const logs: LogSection[] = [{ title: 'migration on a copy', lines: ['no such table: nowhere'] }];
  const failing = (details: readonly LogSection[]): Activities => {
    const error = failure('RehearsalFailed', 'the migration exited with code 1');
    return {
      ...wellBehaved(blueIsLive),
      rehearseMigration: () => Promise.reject(Object.assign(error, { details: [...details] })),
    };
  };

  test('is refused: nothing was touched, so nothing is undone, held, backed up or recorded', async () => {
    const told = await tellStory(environment, failing(logs), { settings: rehearsing({ holdWrites }) });
    expect(told.steps).toEqual(toTheRehearsal);
    expect(told.calls).toHaveLength(toTheRehearsal.length);
    expect(told.failure?.type).toBe('Refused');
    expect(told.failure?.message).toContain('failed at rehearseMigration: the migration exited with code 1; ');
    expect(told.details).toMatchObject({ failedStep: 'rehearseMigration', undone: [], logs });
  });

  test('is refused also where the migration wrote nothing', async () => {
    const told = await tellStory(environment, failing([]), { settings: rehearsing() });
    expect(told.details).toMatchObject({ failedStep: 'rehearseMigration', logs: [] });
  });

  test('or is cancelled in the middle has nothing to undo', async () => {
    let begun: () => void;
    const rehearsalBegan = new Promise<void>((resolve) => (begun = resolve));
    const activities: Activities = {
      ...wellBehaved(blueIsLive),
      rehearseMigration: () => {
        const beat = setInterval(() => Context.current().heartbeat(), 100);
        begun();
        return Context.current().cancelled.finally(() => clearInterval(beat));
      },
    };
    const told = await tellStory(environment, activities, {
      settings: rehearsing({ holdWrites }),
      meanwhile: (handle) => rehearsalBegan.then(() => handle.cancel()),
    });
    expect(told.error?.cause).toBeInstanceOf(CancelledFailure);
    expect(told.steps).toEqual(toTheRehearsal);
  });
});

describe('a migration that is expected to take', () => {
  test('longer than writes may be held is refused with both numbers, before anything is touched', async () => {
    const activities = finding({ predictedMs: 31_000 });
    const told = await tellStory(environment, activities, { settings: rehearsing({ holdWrites }) });
    expect(told.steps).toEqual(toTheRehearsal);
    expect(told.failure?.type).toBe('Refused');
    expect(told.failure?.message).toContain('expected to take 31 s, and writes may be held for 30 s only');
    expect(told.failure?.message).toContain('database.holdWrites.timeout');
  });

  test('as long as writes may be held goes on, and any time does where they are not held', async () => {
    const exactly = await tellStory(environment, finding({ predictedMs: 30_000 }), {
      settings: rehearsing({ holdWrites }),
    });
    expect(exactly.result?.live.release).toBe('v2');
    const unheld = await tellStory(environment, finding({ predictedMs: 999_000 }), { settings: rehearsing() });
    expect(unheld.result?.live.release).toBe('v2');
  });
});
