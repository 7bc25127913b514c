import { Context } from '@temporalio/activity';
import { CancelledFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Activities, DrainArgs, RouterConfigArgs } from '../../src/model/activities.js';
import type { JudgeArgs } from '../../src/model/rollout.js';
import type { Settings } from '../../src/model/settings.js';
import type { Live } from '../../src/model/slot.js';
import { backup, failure, judgingWith, recordIn, wellBehaved, windowOf } from '../support/fake-activities.js';
import { tellStory, type Told } from '../support/run-workflow.js';
import { canary, holdWrites, judging, settings as usual, withDatabase } from '../support/settings.js';
import { timeSkipping } from '../support/workflow-environment.js';

const blueIsLive: Live = { slot: 'blue', release: 'v1' };
const settings: Settings = { ...usual, canary, judging };
const held: Settings = { ...withDatabase({ holdWrites }), canary, judging };

const untilStarted = [
  ...['preflight', 'fetchImages', 'bootstrapRouter', 'backupDatabase', 'watchLive', 'composeUpWait', 'probeSlot'],
];
const stage = ['writeRouterConfig', 'reloadRouter', 'judgeTraffic'];
const untilSwitched = [...untilStarted, ...stage, ...stage, 'writeRouterConfig', 'reloadRouter'];
const good = [...untilSwitched, 'drainSlot', 'cleanUp', 'stopSlots', 'endWatch', 'recordRelease'];

const kept = `the database was left as it is, and ${backup.file} is from before`;

let environment: TestWorkflowEnvironment;
beforeAll(async () => {
  environment = await timeSkipping();
});
afterAll(() => environment?.teardown());

function weightsOf({ calls }: Told, name: string): (number | 'all')[] {
  return calls
    .filter((call) => call.name === name)
    .map(({ args }) => (args as RouterConfigArgs).stage?.weight ?? 'all');
}

/** What was undone, as the story tells it. */
function undoneIn({ progress }: Told): string[] {
  return (progress?.steps ?? []).filter(({ kind }) => kind === 'compensation').map(({ name }) => name);
}

/** `step` does as usual until its nth call, and then this. */
function onNth(step: keyof Activities, nth: number, then: () => Promise<never>): Activities {
  const usually = wellBehaved(blueIsLive);
  let calls = 0;
  const run = usually[step].bind(usually) as (args: unknown) => Promise<unknown>;
  return { ...usually, [step]: (args: unknown) => (++calls === nth ? then() : run(args)) };
}

describe('a deploy with a canary that goes well', () => {
  test('gives the release more and more of the requests before it gets all of them', async () => {
    const told = await tellStory(environment, wellBehaved(blueIsLive), { settings });
    expect(told.progress?.steps.map(({ name }) => name)).toEqual(good);
    expect(weightsOf(told, 'writeRouterConfig')).toEqual([5, 25, 'all']);
    expect(weightsOf(told, 'reloadRouter')).toEqual([5, 25, 'all']);
    const stages = told.calls.filter(({ name }) => name === 'reloadRouter').map(({ args }) => args);
    expect(stages[0]).toMatchObject({ slot: 'green', release: 'v2', stage: { live: blueIsLive, weight: 5 } });
    expect(told.result?.live).toEqual({ slot: 'green', release: 'v2' });
    expect(told.result?.progress.warnings).toEqual([]);
  });

  test('judges each stage window by window, one after the other, and tells it in one line', async () => {
    const told = await tellStory(environment, wellBehaved(blueIsLive), { settings });
    const asked = told.calls.filter(({ name }) => name === 'judgeTraffic').map(({ args }) => (args as JudgeArgs).from);
    expect(asked).toEqual([null, '10', '20', '30', '40', '50', '60']);
    const lines = told.progress?.steps.filter(({ name }) => name === 'judgeTraffic');
    expect(lines?.map(({ summary, note }) => [summary, note])).toEqual([
      ['judge v2 at 5 % for 30 s in windows of 10 s', 'window 3 of 3: healthy, 200 requests, 0.0 % 5xx, p95 9 ms'],
      ['judge v2 at 25 % for 30 s in windows of 10 s', 'window 3 of 3: healthy, 200 requests, 0.0 % 5xx, p95 9 ms'],
    ]);
  });

  test('drains the workers of every reload before it stops the old slot', async () => {
    let pid = 40;
    const activities: Activities = {
      ...wellBehaved(blueIsLive),
      writeRouterConfig: () =>
        Promise.resolve({ changed: true, workers: [++pid, 41].map((each) => ({ pid: each, startedAt: 'now' })) }),
    };
    const told = await tellStory(environment, activities, { settings });
    const drained = told.calls.find(({ name }) => name === 'drainSlot')?.args as DrainArgs;
    expect(drained.workers.map((worker) => worker.pid)).toEqual([41, 42, 43]);
  });

  test('lets writes through before a user can write through the release, and not only with the switch', async () => {
    const told = await tellStory(environment, wellBehaved(blueIsLive), { settings: held });
    const router = told.steps.filter((name) => /Writes$|^reloadRouter$|^composeUpWait$/.test(name));
    expect(router).toEqual([
      'holdWrites',
      'composeUpWait',
      'releaseWrites',
      ...Array.from({ length: 3 }, () => 'reloadRouter'),
    ]);
    expect(told.calls.find(({ name }) => name === 'releaseWrites')?.args).toMatchObject({ live: blueIsLive });
  });

  test('has none where nothing is live yet', async () => {
    const told = await tellStory(environment, wellBehaved(null), { settings });
    expect(weightsOf(told, 'reloadRouter')).toEqual(['all']);
    for (const name of ['watchLive', 'judgeTraffic', 'endWatch']) expect(told.steps).not.toContain(name);
  });

  test('has succeeded also where the notes could not be ended', async () => {
    const endWatch = () => Promise.reject(failure('RouterConfigInvalid', 'nginx refuses the config'));
    const told = await tellStory(environment, { ...wellBehaved(blueIsLive), endWatch }, { settings });
    expect(told.result?.live.release).toBe('v2');
    expect(told.result?.progress.warnings).toEqual(['endWatch: nginx refuses the config']);
  });
});

const afterStart = ['stopSlots', 'restoreDatabase', 'endWatch'];
const beforeUsers = ['switchBack', 'drainSlot', ...afterStart];
const withUsers = ['switchBack', 'drainSlot', 'stopSlots', 'endWatch'];

/** Every step of a canary, the how manieth one, and what is undone when it fails, in order. */
const failing: [step: keyof Activities, nth: number, undone: string[]][] = [
  ['backupDatabase', 1, []],
  ['watchLive', 1, ['restoreDatabase', 'endWatch']],
  ['composeUpWait', 1, afterStart],
  ['probeSlot', 1, afterStart],
  ['writeRouterConfig', 1, beforeUsers],
  ['reloadRouter', 1, beforeUsers],
  ['judgeTraffic', 1, withUsers],
  ['judgeTraffic', 3, withUsers],
  ['writeRouterConfig', 2, withUsers],
  ['reloadRouter', 2, withUsers],
  ['judgeTraffic', 7, withUsers],
  ['writeRouterConfig', 3, withUsers],
  ['reloadRouter', 3, withUsers],
];

describe('a deploy that fails in a canary', () => {
  test.each(failing)(
    'at %s, the %i., undoes %j: no database that users have written to is put back',
    async (step, nth, undone) => {
      const told = await tellStory(
        environment,
        onNth(step, nth, () => Promise.reject(failure('SlotUnhealthy', 'the reason'))),
        { settings },
      );
      expect(undoneIn(told)).toEqual(undone);
      expect(told.details?.failedStep).toBe(step);
      expect(told.failure?.type).toBe(undone.length > 0 ? 'FailedAndUndone' : 'Refused');
      const users = undone === withUsers;
      expect(told.details?.progress.warnings).toEqual(
        users ? [`users may have written through v2: ${kept}. To go back: pointsman restore ${backup.file}`] : [],
      );
      expect(told.failure?.message.includes('the database was left as it is')).toBe(users);
      if (undone.length > 0) expect(recordIn(told.calls)?.backup).toBe(users ? backup.file : null);
    },
  );

  test.each(failing.slice(1))('or is cancelled, in %s, the %i., undoes the same', async (step, nth, undone) => {
    const cancelled = async (): Promise<never> => {
      const { workflowExecution } = Context.current().info;
      await environment.client.workflow.getHandle(workflowExecution?.workflowId ?? '').cancel();
      const beat = setInterval(() => Context.current().heartbeat(), 100);
      return Context.current().cancelled.finally(() => clearInterval(beat));
    };
    const told = await tellStory(environment, onNth(step, nth, cancelled), { settings });
    expect(told.error?.cause).toBeInstanceOf(CancelledFailure);
    expect(undoneIn(told)).toEqual(undone);
    expect(told.progress?.steps.filter(({ state }) => state === 'running')).toEqual([]);
  });

  test('after it had held writes, lets nobody wait for the undoing and puts no database back', async () => {
    const activities = onNth('reloadRouter', 1, () => Promise.reject(failure('SwitchNotProven', 'v1 answers')));
    const told = await tellStory(environment, activities, { settings: held });
    expect(undoneIn(told)).toEqual(['switchBack', 'drainSlot', 'stopSlots', 'releaseWrites', 'endWatch']);
    expect(told.steps.indexOf('releaseWrites')).toBeLessThan(told.steps.indexOf('reloadRouter'));
  });

  test('where writes cannot be let through, ends before users have the release', async () => {
    const releaseWrites = () => Promise.reject(failure('RouterConfigInvalid', 'nginx refuses the config'));
    let tried = 0;
    const once = () => (tried++ === 0 ? releaseWrites() : Promise.resolve({ changed: true }));
    const told = await tellStory(environment, { ...wellBehaved(blueIsLive), releaseWrites: once }, { settings: held });
    expect(told.failure?.message).toContain(
      'failed at releaseWrites: nginx refuses the config; undone: stopSlots, releaseWrites, endWatch',
    );
    expect(told.steps).not.toContain('writeRouterConfig');
  });

  test('is undone also where the notes cannot be ended: the next deploy does it', async () => {
    const activities: Activities = {
      ...onNth('reloadRouter', 1, () => Promise.reject(failure('SwitchNotProven', 'v1 answers'))),
      endWatch: () => Promise.reject(failure('RouterConfigInvalid', 'no')),
    };
    const told = await tellStory(environment, activities, { settings });
    expect(told.failure?.type).toBe('FailedAndUndone');
    expect(told.details?.progress.warnings).toEqual(['endWatch: no; the next deploy takes the notes away']);
  });
});

describe('a release that does badly in a canary', () => {
  test('for as many windows as are too many is undone, with the numbers', async () => {
    const activities = {
      ...wellBehaved(blueIsLive),
      ...judgingWith(windowOf(0), windowOf(0), windowOf(0), windowOf(3.5)),
    };
    const told = await tellStory(environment, activities, { settings });
    expect(told.failure?.cause).toMatchObject({ type: 'BakeFailed', message: '5xx 3.5 % > 1 % for 3 windows at 25 %' });
    expect(told.failure?.message).toBe(
      'failed at judgeTraffic: 5xx 3.5 % > 1 % for 3 windows at 25 %; undone: switchBack, stopSlots, endWatch; ' +
        `the database was left as it is (before: ${backup.file}); live: blue (v1)`,
    );
    expect(undoneIn(told)).toEqual(withUsers);
  });

  test('where a good window comes between is forgiven', async () => {
    const [bad, fine] = [windowOf(10), windowOf(0)];
    const activities = { ...wellBehaved(blueIsLive), ...judgingWith(bad, bad, fine, bad, bad, fine) };
    const told = await tellStory(environment, activities, { settings });
    expect(told.result?.live.release).toBe('v2');
  });

  test('in the last window of a stage gets no more requests until a good one has come', async () => {
    const [bad, fine] = [windowOf(10), windowOf(0)];
    const activities = { ...wellBehaved(blueIsLive), ...judgingWith(fine, fine, bad, bad, fine) };
    const told = await tellStory(environment, activities, { settings });
    const lines = told.progress?.steps.filter(({ name }) => name === 'judgeTraffic').map(({ note }) => note);
    expect(lines?.[0]).toBe('window 5, after 3 planned: healthy, 200 requests, 0.0 % 5xx, p95 9 ms');
    expect(told.result?.live.release).toBe('v2');
  });

  test('is not blamed for what the release before does as badly', async () => {
    const worse = { ...windowOf(10), other: { ...windowOf(10).release, errors: 30 } };
    const told = await tellStory(environment, { ...wellBehaved(blueIsLive), ...judgingWith(worse) }, { settings });
    expect(told.result?.live.release).toBe('v2');
  });

  test('is undone where it is ill, however few requests it has', async () => {
    const ill = windowOf(0, '/healthz answered 500');
    const told = await tellStory(environment, { ...wellBehaved(blueIsLive), ...judgingWith(ill) }, { settings });
    expect(told.failure?.cause).toMatchObject({ message: '/healthz answered 500 for 3 windows at 5 %' });
  });
});

test('a canary without anything to judge it by is refused: all users would get the release at once', async () => {
  const told = await tellStory(environment, wellBehaved(blueIsLive), { settings: { ...usual, canary } });
  expect(told.failure?.message).toBe("the workflow's input lacks settings.judging: start it with pointsman");
});

test('a rollback has no canary, no bake and no approval, whatever is configured', async () => {
  const approval = { when: 'before-switch', timeoutMs: 60_000, otherwise: 'abort' } as const;
  const everything: Settings = { ...held, bake: { durationMs: 60_000 }, approval };
  const told = await tellStory(environment, wellBehaved(blueIsLive), { settings: everything, kind: 'rollback' });
  expect(told.steps).toEqual([
    ...['findRollbackTarget', 'preflight', 'fetchImages', 'composeUpWait', 'probeSlot', 'writeRouterConfig'],
    ...['reloadRouter', 'drainSlot', 'stopSlots', 'recordRelease'],
  ]);
});
