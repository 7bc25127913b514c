import { CancelledFailure } from '@temporalio/common';
import { Context } from '@temporalio/activity';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Activities } from '../../src/model/activities.js';
import type { SqliteSettings, Settings } from '../../src/model/settings.js';
import type { Live } from '../../src/model/slot.js';
import { failure, wellBehaved } from '../support/fake-activities.js';
import { tellStory } from '../support/run-workflow.js';
import { holdWrites, withDatabase } from '../support/settings.js';
import { timeSkipping } from '../support/workflow-environment.js';

const blueIsLive: Live = { slot: 'blue', release: 'v1' };

function holding(change: Partial<SqliteSettings> = {}): Settings {
  return withDatabase({ holdWrites, ...change });
}

const migrate = { command: ['python', '-m', 'app.migrate'], timeoutMs: 60_000, network: false };

const untilHeld = ['preflight', 'fetchImages', 'bootstrapRouter', 'holdWrites'];
const held = [...untilHeld, 'backupDatabase', 'composeUpWait', 'probeSlot', 'writeRouterConfig', 'reloadRouter'];
const allUndone = ['switchBack', 'drainSlot', 'stopSlots', 'restoreDatabase', 'releaseWrites'];

let environment: TestWorkflowEnvironment;
beforeAll(async () => {
  environment = await timeSkipping();
});
afterAll(() => environment?.teardown());

/** Runs until it is cancelled. */
function untilCancelled(): Promise<never> {
  const beat = setInterval(() => Context.current().heartbeat(), 100);
  return Context.current().cancelled.finally(() => clearInterval(beat));
}

describe('a deploy that holds writes', () => {
  test('does so from before the backup until the switch is proven', async () => {
    const told = await tellStory(environment, wellBehaved(blueIsLive), { settings: holding() });
    const ending = ['releaseWrites', 'drainSlot', 'cleanUp', 'stopSlots', 'recordRelease'];
    expect(told.progress?.steps.map(({ name }) => name)).toEqual([...held, ...ending]);
    const calls = told.calls.filter(({ name }) => /^(hold|release)Writes$/.test(name));
    expect(calls.map(({ args }) => (args as { live: Live }).live)).toEqual([
      blueIsLive,
      { slot: 'green', release: 'v2' },
    ]);
    expect(new Set(calls.map(({ args }) => (args as { timestamp: string }).timestamp)).size).toBe(1);
    expect(told.result?.live).toEqual({ slot: 'green', release: 'v2' });
  });

  test('has succeeded also where the hold could not be ended, which the router then does by itself', async () => {
    const activities = {
      ...wellBehaved(blueIsLive),
      releaseWrites: () => Promise.reject(failure('RouterConfigInvalid', 'nginx refuses the config')),
    };
    const told = await tellStory(environment, activities, { settings: holding() });
    expect(told.result?.live).toEqual({ slot: 'green', release: 'v2' });
    expect(told.result?.progress.warnings).toEqual(['releaseWrites: nginx refuses the config']);
  });

  test('holds none where nothing is live yet', async () => {
    const told = await tellStory(environment, wellBehaved(null), { settings: holding() });
    expect(told.steps).not.toContain('holdWrites');
    expect(told.steps).not.toContain('releaseWrites');
  });

  test.each([
    ['if-migrated', false, false],
    ['if-migrated', true, true],
    ['always', false, true],
  ] as const)('with restore %s, where the rehearsal says migrates: %s, holds: %s', async (restore, migrates, holds) => {
    const activities: Activities = {
      ...wellBehaved(blueIsLive),
      rehearseMigration: () => Promise.resolve({ migrates, tookMs: 9, bytes: 9, predictedMs: 9, output: [] }),
    };
    const told = await tellStory(environment, activities, { settings: holding({ restore, migrate }) });
    expect(told.steps.filter((name) => name === 'holdWrites')).toHaveLength(holds ? 1 : 0);
    expect(told.result?.live.release).toBe('v2');
  });
});

/** Every step while writes are held, and what is undone when it fails, in order. */
const failing: [step: keyof Activities, undone: string[]][] = [
  ['holdWrites', ['releaseWrites']],
  ['backupDatabase', ['releaseWrites']],
  ['composeUpWait', allUndone.slice(2)],
  ['probeSlot', allUndone.slice(2)],
  ['writeRouterConfig', allUndone],
  ['reloadRouter', allUndone],
];

describe('a deploy that fails while it holds writes', () => {
  test.each(failing)('at %s undoes %j: the hold ends only when the database is as it was', async (step, undone) => {
    const activities = {
      ...wellBehaved(blueIsLive),
      [step]: () => Promise.reject(failure('SlotUnhealthy', 'the reason')),
    };
    const told = await tellStory(environment, activities, { settings: holding() });
    const before = held.slice(0, held.indexOf(step) + 1);
    expect(told.steps).toEqual([...before, 'collectLogs', ...undone, 'recordRelease']);
    expect(told.failure?.type).toBe('FailedAndUndone');
    const released = told.calls.find(({ name }) => name === 'releaseWrites');
    expect(released?.args).toMatchObject({ live: blueIsLive });
  });

  test('before it holds them has nothing to release', async () => {
    const activities = {
      ...wellBehaved(blueIsLive),
      bootstrapRouter: () => Promise.reject(failure('InvalidInput', 'no')),
    };
    const told = await tellStory(environment, activities, { settings: holding() });
    expect(told.steps).toEqual(untilHeld.slice(0, -1));
  });

  test.each(failing)('or is cancelled, in %s, undoes the same', async (step, undone) => {
    const cancelled = async (): Promise<never> => {
      const { workflowExecution } = Context.current().info;
      await environment.client.workflow.getHandle(workflowExecution?.workflowId ?? '').cancel();
      return untilCancelled();
    };
    const activities = { ...wellBehaved(blueIsLive), [step]: cancelled };
    const told = await tellStory(environment, activities, { settings: holding() });
    expect(told.error?.cause).toBeInstanceOf(CancelledFailure);
    const compensations = told.progress?.steps.filter(({ kind }) => kind === 'compensation').map(({ name }) => name);
    expect(compensations).toEqual(undone);
  });
});

describe('a deploy that holds writes for too long', () => {
  const brief = holding({ holdWrites: { ...holdWrites, timeoutMs: 1000 } });

  test.each(failing.slice(1))('in %s is undone, %j, and says which limit it was', async (step, undone) => {
    const activities = { ...wellBehaved(blueIsLive), [step]: untilCancelled };
    const told = await tellStory(environment, activities, { settings: brief });
    expect(told.error?.cause).not.toBeInstanceOf(CancelledFailure);
    expect(told.failure?.type).toBe('FailedAndUndone');
    expect(told.details?.undone).toEqual(undone.filter((name) => name !== 'drainSlot'));
    expect(told.details?.cancelled).toBe(false);
    expect(told.details?.failedStep).toBe(step);
    expect(told.failure?.message).toContain(
      `failed at ${step}: writes were held for 1 s (database.holdWrites.timeout) and the switch was not reached; undone: `,
    );
    expect(told.failure?.cause).toMatchObject({ type: 'HoldTooLong', nonRetryable: true });
    const failed = told.progress?.steps.find(({ name, state }) => name === step && state === 'failed');
    expect(failed?.note).toContain('writes were held for 1 s');
  });

  test('says so also where the step that had to stop ended in another way, since its worker died', async () => {
    const activities: Activities = {
      ...wellBehaved(blueIsLive),
      composeUpWait: () =>
        untilCancelled().catch(() => Promise.reject(failure('CommandFailed', 'no answer in time (HEARTBEAT)'))),
    };
    const told = await tellStory(environment, activities, { settings: brief });
    expect(told.failure?.message).toContain('failed at composeUpWait: writes were held for 1 s');
    expect(told.failure?.cause).toMatchObject({ type: 'HoldTooLong' });
  });

  test('takes no time of the hold itself, which waits for the requests of before', async () => {
    const activities: Activities = {
      ...wellBehaved(blueIsLive),
      holdWrites: async () => {
        await new Promise((resolve) => setTimeout(resolve, 1500));
        return { changed: true, until: '2026-11-23T09:33:34.000Z', cut: 0 };
      },
    };
    const told = await tellStory(environment, activities, { settings: brief });
    expect(told.result?.live.release).toBe('v2');
  });
});
