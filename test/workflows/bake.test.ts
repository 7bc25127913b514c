import { Context } from '@temporalio/activity';
import { CancelledFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Activities } from '../../src/model/activities.js';
import type { JudgeArgs } from '../../src/model/rollout.js';
import type { Settings } from '../../src/model/settings.js';
import type { Live } from '../../src/model/slot.js';
import {
  backup,
  failure,
  judgedWindow,
  judgingWith,
  recordIn,
  wellBehaved,
  windowOf,
} from '../support/fake-activities.js';
import { tellStory } from '../support/run-workflow.js';
import { bake, canary, holdWrites, judging, settings as usual, withDatabase } from '../support/settings.js';
import { timeSkipping } from '../support/workflow-environment.js';

const blueIsLive: Live = { slot: 'blue', release: 'v1' };
const settings: Settings = { ...usual, bake, judging };
const held: Settings = { ...withDatabase({ holdWrites }), bake, judging };
const bad = windowOf(4);
const fine = windowOf(0);

let environment: TestWorkflowEnvironment;
beforeAll(async () => {
  environment = await timeSkipping();
});
afterAll(() => environment?.teardown());

const undoneOf = (progress: { steps: readonly { kind: string; name: string }[] } | null): string[] =>
  (progress?.steps ?? []).filter(({ kind }) => kind === 'compensation').map(({ name }) => name);

describe('a deploy that bakes', () => {
  test('judges the release after the switch, and stops the one before only then', async () => {
    const told = await tellStory(environment, wellBehaved(blueIsLive), { settings });
    expect(told.progress?.steps.map(({ name }) => name).slice(4)).toEqual([
      ...['watchLive', 'composeUpWait', 'probeSlot', 'writeRouterConfig', 'reloadRouter', 'judgeTraffic'],
      ...['drainSlot', 'cleanUp', 'stopSlots', 'endWatch', 'recordRelease'],
    ]);
    const line = told.progress?.steps.find(({ name }) => name === 'judgeTraffic');
    expect(line).toMatchObject({
      state: 'done',
      summary: 'judge v2 after the switch for 1 min in windows of 10 s',
      note: 'window 6 of 6: healthy, 200 requests, 0.0 % 5xx, p95 9 ms',
    });
    expect((line?.endedAt ?? 0) - (line?.startedAt ?? 0)).toBeGreaterThanOrEqual(60_000);
  });

  test('compares with what the release before did before, which the first call tells', async () => {
    const before = { ...judgedWindow.other, errors: 40 };
    const well = wellBehaved(blueIsLive);
    const asked: JudgeArgs[] = [];
    const activities: Activities = {
      ...well,
      judgeTraffic: (args) => {
        asked.push(args);
        const window = args.from === null ? { ...judgedWindow, other: before } : { ...windowOf(15), next: '99' };
        return Promise.resolve(window);
      },
    };
    const told = await tellStory(environment, activities, { settings });
    // As bad as 15 % are, the release before had 20 %.
    expect(told.result?.live.release).toBe('v2');
    expect(asked.map(({ baseline }) => baseline)).toEqual([null, ...Array.from({ length: 6 }, () => before)]);
  });

  test('begins a window of its own after a canary, which an approval may have kept for hours', async () => {
    const told = await tellStory(environment, wellBehaved(blueIsLive), { settings: { ...settings, canary } });
    const from = told.calls.filter(({ name }) => name === 'judgeTraffic').map(({ args }) => (args as JudgeArgs).from);
    expect(from.filter((each) => each === null)).toHaveLength(2);
    expect(from.lastIndexOf(null)).toBe(7);
  });

  test('the first release by its health alone: there is nobody to compare it with', async () => {
    const told = await tellStory(environment, wellBehaved(null), { settings });
    expect(told.steps).not.toContain('watchLive');
    expect(told.steps).not.toContain('endWatch');
    const asked = told.calls.filter(({ name }) => name === 'judgeTraffic');
    expect(asked.map(({ args }) => (args as JudgeArgs).baseline)).toEqual(Array.from({ length: 7 }, () => null));
    const ill = { ...wellBehaved(null), ...judgingWith(windowOf(0, 'app-blue is unhealthy')) };
    const failed = await tellStory(environment, ill, { settings });
    expect(undoneOf(failed.progress)).toEqual(['switchBack', 'drainSlot', 'stopSlots']);
  });

  test('lets writes through as soon as the switch is proven, and not after the bake', async () => {
    const told = await tellStory(environment, wellBehaved(blueIsLive), { settings: held });
    const from = told.steps.indexOf('reloadRouter');
    expect(told.steps.slice(from, from + 3)).toEqual(['reloadRouter', 'releaseWrites', 'judgeTraffic']);
    expect(told.steps.filter((name) => name === 'releaseWrites')).toHaveLength(1);
  });
});

describe('a release that does badly after the switch', () => {
  test('is switched back with the numbers, and the database stays as its users have it', async () => {
    const told = await tellStory(environment, { ...wellBehaved(blueIsLive), ...judgingWith(fine, bad) }, { settings });
    expect(told.failure?.cause).toMatchObject({
      type: 'BakeFailed',
      message: '5xx 4 % > 1 % for 3 windows after the switch',
    });
    expect(undoneOf(told.progress)).toEqual(['switchBack', 'drainSlot', 'stopSlots', 'endWatch']);
    expect(told.steps).not.toContain('restoreDatabase');
    expect(told.details?.failedStep).toBe('judgeTraffic');
    expect(told.details?.progress.warnings[0]).toContain(`pointsman restore ${backup.file}`);
    expect(recordIn(told.calls)).toMatchObject({ outcome: 'undone', backup: backup.file });
  });

  test('does not keep anybody from writing while it is undone, though the config from before held writes', async () => {
    const told = await tellStory(environment, { ...wellBehaved(blueIsLive), ...judgingWith(bad) }, { settings: held });
    expect(undoneOf(told.progress)).toEqual(['switchBack', 'releaseWrites', 'drainSlot', 'stopSlots', 'endWatch']);
  });

  test('fails at the bake, and not at what was only tried before', async () => {
    let tried = 0;
    const activities: Activities = {
      ...{ ...wellBehaved(blueIsLive), ...judgingWith(bad) },
      releaseWrites: () =>
        tried++ === 0 ? Promise.reject(failure('RouterConfigInvalid', 'no')) : Promise.resolve({ changed: true }),
    };
    const told = await tellStory(environment, activities, { settings: held });
    expect(told.details?.failedStep).toBe('judgeTraffic');
  });

  test('now and then is forgiven, and at its end judged until a good window has come', async () => {
    const windows = judgingWith(bad, bad, fine, bad, fine, bad, bad, fine);
    const told = await tellStory(environment, { ...wellBehaved(blueIsLive), ...windows }, { settings });
    expect(told.result?.live.release).toBe('v2');
    const line = told.progress?.steps.find(({ name }) => name === 'judgeTraffic');
    expect(line?.note).toBe('window 8, after 6 planned: healthy, 200 requests, 0.0 % 5xx, p95 9 ms');
  });

  test('with one bad window allowed, is switched back at the first', async () => {
    const strict: Settings = { ...settings, judging: { ...judging, failures: 1 } };
    const told = await tellStory(
      environment,
      { ...wellBehaved(blueIsLive), ...judgingWith(bad) },
      { settings: strict },
    );
    expect(told.failure?.cause).toMatchObject({ message: '5xx 4 % > 1 % for 1 window after the switch' });
  });
});

test('a deploy that is cancelled while a window is judged is switched back', async () => {
  const activities: Activities = {
    ...wellBehaved(blueIsLive),
    judgeTraffic: async () => {
      const { workflowExecution } = Context.current().info;
      await environment.client.workflow.getHandle(workflowExecution?.workflowId ?? '').cancel();
      const beat = setInterval(() => Context.current().heartbeat(), 100);
      return Context.current().cancelled.finally(() => clearInterval(beat));
    },
  };
  const told = await tellStory(environment, activities, { settings: held });
  expect(told.error?.cause).toBeInstanceOf(CancelledFailure);
  expect(undoneOf(told.progress)).toEqual(['switchBack', 'releaseWrites', 'drainSlot', 'stopSlots', 'endWatch']);
  expect(recordIn(told.calls)).toMatchObject({ outcome: 'cancelled' });
});

test('PostgreSQL is told of after a bake as it is after any failure', async () => {
  const database = {
    kind: 'postgres',
    ...{ service: 'db', name: 'shop', user: 'shop', backups: '/backups', keepBackups: 3 },
    restore: 'never',
  } as const;
  const activities = { ...wellBehaved(blueIsLive), ...judgingWith(bad) };
  const told = await tellStory(environment, activities, { settings: { ...settings, database, replica: null } });
  expect(undoneOf(told.progress)).toEqual(['switchBack', 'drainSlot', 'stopSlots', 'endWatch']);
  expect(told.details?.progress.warnings).toEqual(['PostgreSQL: nothing changed']);
});
