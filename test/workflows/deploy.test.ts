import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { Context } from '@temporalio/activity';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Activities } from '../../src/model/activities.js';
import type { Live } from '../../src/model/slot.js';
import { backup, failure, wellBehaved } from '../support/fake-activities.js';
import { tellStory } from '../support/run-workflow.js';
import { settings } from '../support/settings.js';
import { timeSkipping } from '../support/workflow-environment.js';

const blueIsLive: Live = { slot: 'blue', release: 'v1' };

const toTheSwitch = [
  'preflight',
  'fetchImages',
  'bootstrapRouter',
  'backupDatabase',
  'composeUpWait',
  'probeSlot',
  'writeRouterConfig',
  'reloadRouter',
];

let environment: TestWorkflowEnvironment;
beforeAll(async () => {
  environment = await timeSkipping();
});
afterAll(() => environment?.teardown());

describe('a deploy that goes well', () => {
  test('takes the steps of the story in order and ends with the new release live in the other slot', async () => {
    const told = await tellStory(environment, wellBehaved(blueIsLive));
    const ending = ['drainSlot', 'cleanUp', 'stopSlots', 'recordRelease'];
    expect(told.progress?.steps.map(({ name }) => name)).toEqual([...toTheSwitch, ...ending]);
    expect(told.result?.live).toEqual({ slot: 'green', release: 'v2' });
    expect(told.progress?.phase).toBe('ended');
    expect(told.progress?.steps.every(({ state }) => state === 'done')).toBe(true);
  });

  test('tidies up while requests to the old slot end, and stops that slot only once they have', async () => {
    const ended: string[] = [];
    const well = wellBehaved(blueIsLive);
    let tidied = (): void => undefined;
    const tidying = new Promise<void>((resolve) => (tidied = resolve));
    const activities: Activities = {
      ...well,
      // Comes to its end only when the other has: one after the other they would never.
      drainSlot: async (args) => tidying.then(() => well.drainSlot(args)).finally(() => ended.push('drainSlot')),
      cleanUp: async (args) => well.cleanUp(args).finally(() => (ended.push('cleanUp'), tidied())),
      stopSlots: async (args) => well.stopSlots(args).finally(() => ended.push('stopSlots')),
    };
    await tellStory(environment, activities);
    expect(ended).toEqual(['cleanUp', 'drainSlot', 'stopSlots']);
  });

  test('stops only the slot that was live before', async () => {
    const told = await tellStory(environment, wellBehaved(blueIsLive));
    const stops = told.calls.filter(({ name }) => name === 'stopSlots');
    expect(stops.map(({ args }) => (args as { slots: string[] }).slots)).toEqual([['blue']]);
  });

  test('the first one goes to blue, has nothing to drain or stop, and no backup where there is no database yet', async () => {
    const told = await tellStory(environment, wellBehaved(null));
    expect(told.steps).toEqual([...toTheSwitch, 'cleanUp', 'recordRelease']);
    expect(told.result?.live).toEqual({ slot: 'blue', release: 'v2' });
  });

  test('follows the slot that the router was found to serve only after its config was put back', async () => {
    const activities: Activities = {
      ...wellBehaved(null),
      bootstrapRouter: () => Promise.resolve({ config: 'live-slot', live: { slot: 'blue', release: null } }),
    };
    const told = await tellStory(environment, activities);
    expect(told.result?.live.slot).toBe('green');
    expect(told.steps).toContain('drainSlot');
  });

  test('has no database step where no database is configured', async () => {
    const told = await tellStory(environment, wellBehaved(blueIsLive), { settings: { ...settings, database: null } });
    expect(told.steps).not.toContain('backupDatabase');
    expect(told.result?.live.release).toBe('v2');
  });

  test('warnings of preflight are shown with the result', async () => {
    const warnings = [
      { severity: 'warning', check: 'nginx', message: 'nginx 1.22 resets.', fix: 'Use 1.30.' },
    ] as const;
    const activities = { ...wellBehaved(blueIsLive), preflight: () => Promise.resolve({ warnings, live: blueIsLive }) };
    const told = await tellStory(environment, activities);
    expect(told.result?.progress.warnings).toEqual(['nginx 1.22 resets. Use 1.30.']);
  });
});

/** Every step before the end, and what is undone when it fails, in order. */
const failing: [step: keyof Activities, undone: string[]][] = [
  ['preflight', []],
  ['fetchImages', []],
  ['bootstrapRouter', []],
  ['backupDatabase', []],
  ['composeUpWait', ['stopSlots', 'restoreDatabase']],
  ['probeSlot', ['stopSlots', 'restoreDatabase']],
  ['writeRouterConfig', ['switchBack', 'drainSlot', 'stopSlots', 'restoreDatabase']],
  ['reloadRouter', ['switchBack', 'drainSlot', 'stopSlots', 'restoreDatabase']],
];

describe('a deploy that fails', () => {
  test.each(failing)('at %s undoes, in reverse order, %j', async (step, undone) => {
    const activities = {
      ...wellBehaved(blueIsLive),
      [step]: () => Promise.reject(failure('SlotUnhealthy', 'the reason')),
    };
    const told = await tellStory(environment, activities);
    const before = toTheSwitch.slice(0, toTheSwitch.indexOf(step) + 1);
    const after = undone.length > 0 ? ['collectLogs', ...undone, 'recordRelease'] : [];
    expect(told.steps).toEqual([...before, ...after]);
    expect(told.failure?.type).toBe(undone.length > 0 ? 'FailedAndUndone' : 'Refused');
    expect(told.details?.failedStep).toBe(step);
    expect(told.failure?.message).toContain(`failed at ${step}: the reason; `);
  });

  test('stops the new slot and never the live one', async () => {
    const activities = {
      ...wellBehaved(blueIsLive),
      composeUpWait: () => Promise.reject(failure('SlotUnhealthy', 'no')),
    };
    const told = await tellStory(environment, activities);
    const stops = told.calls.filter(({ name }) => name === 'stopSlots');
    expect(stops.map(({ args }) => (args as { slots: string[] }).slots)).toEqual([['green']]);
  });

  test('says in one line what failed, what was undone and what is live', async () => {
    const activities = {
      ...wellBehaved(blueIsLive),
      composeUpWait: () => Promise.reject(failure('SlotUnhealthy', 'app-green exited (1)')),
    };
    const told = await tellStory(environment, activities);
    expect(told.failure?.message).toBe(
      'failed at composeUpWait: app-green exited (1); undone: stopSlots, restoreDatabase; live: blue (v1)',
    );
  });

  test("carries the app's last lines apart from the others'", async () => {
    const activities = {
      ...wellBehaved(blueIsLive),
      composeUpWait: () => Promise.reject(failure('SlotUnhealthy', 'no')),
    };
    const told = await tellStory(environment, activities);
    expect(told.details?.logs).toEqual([{ title: 'app (app-green)', lines: ["KeyError: 'PAYMENTS_API_KEY'"] }]);
  });

  test('restores no database where there was none to back up', async () => {
    const activities = { ...wellBehaved(null), composeUpWait: () => Promise.reject(failure('SlotUnhealthy', 'no')) };
    const told = await tellStory(environment, activities);
    expect(told.details?.undone).toEqual(['stopSlots']);
  });

  test('puts back the very backup that it took', async () => {
    const activities = { ...wellBehaved(blueIsLive), probeSlot: () => Promise.reject(failure('WrongRelease', 'no')) };
    const told = await tellStory(environment, activities);
    expect(told.calls.find(({ name }) => name === 'restoreDatabase')?.args).toMatchObject({ backup });
  });

  test('goes on when an error passes: the step is tried again', async () => {
    let attempts = 0;
    const flaky = (): Promise<{ container: string; healthyAfterMs: number }> => {
      attempts += 1;
      if (attempts < 3) throw ApplicationFailure.create({ type: 'DockerUnavailable', message: 'daemon restarts' });
      return Promise.resolve({ container: 'c', healthyAfterMs: 1 });
    };
    const told = await tellStory(environment, { ...wellBehaved(blueIsLive), composeUpWait: flaky });
    expect(attempts).toBe(3);
    expect(told.result?.live.release).toBe('v2');
  });

  test.each([
    ['does not prove it: users have it already', 'reloadRouter', '/healthz answered 500'],
    ['does not reach it by its name', 'writeRouterConfig', 'it still answers 502'],
  ] as const)('is switched back at once when the router %s', async (_, step, message) => {
    const unproven = ApplicationFailure.create({ type: 'SwitchNotProven', message });
    const told = await tellStory(environment, { ...wellBehaved(blueIsLive), [step]: () => Promise.reject(unproven) });
    expect(told.calls.filter(({ name }) => name === step)).toHaveLength(1);
    expect(told.steps).toContain('switchBack');
  });

  test('is undone also when the failure logs cannot be had', async () => {
    const activities = {
      ...wellBehaved(blueIsLive),
      composeUpWait: () => Promise.reject(failure('SlotUnhealthy', 'no')),
      collectLogs: () => Promise.reject(failure('InvalidInput', 'no logs')),
    };
    const told = await tellStory(environment, activities);
    expect(told.details?.undone).toEqual(['stopSlots', 'restoreDatabase']);
  });

  test.each(['drainSlot', 'stopSlots', 'cleanUp', 'recordRelease'] as const)(
    'only after the switch, at %s, has succeeded all the same and warns',
    async (step) => {
      const activities = {
        ...wellBehaved(blueIsLive),
        [step]: () => Promise.reject(failure('InvalidInput', 'disk on fire')),
      };
      const told = await tellStory(environment, activities);
      expect(told.result?.live).toEqual({ slot: 'green', release: 'v2' });
      expect(told.result?.progress.warnings).toEqual([`${step}: disk on fire`]);
    },
  );
});

/** An activity that runs until it is cancelled, and cancels its own workflow as soon as it has begun. */
function cancelledIn(environmentOf: () => TestWorkflowEnvironment) {
  return async (): Promise<never> => {
    const { info, cancelled } = Context.current();
    await environmentOf()
      .client.workflow.getHandle(info.workflowExecution?.workflowId ?? '')
      .cancel();
    const beat = setInterval(() => Context.current().heartbeat(), 100);
    return cancelled.finally(() => clearInterval(beat));
  };
}

describe('a deploy that is cancelled', () => {
  test.each(failing)('in %s undoes %j and ends as cancelled', async (step, undone) => {
    const activities = { ...wellBehaved(blueIsLive), [step]: cancelledIn(() => environment) };
    const told = await tellStory(environment, activities);
    expect(told.error?.cause).toBeInstanceOf(CancelledFailure);
    const compensations = told.progress?.steps.filter(({ kind }) => kind === 'compensation').map(({ name }) => name);
    expect(compensations).toEqual(undone);
    expect(told.progress?.steps.filter(({ state }) => state === 'running')).toEqual([]);
  });

  test('after the switch is not undone any more: the release is live and the deploy finishes', async () => {
    const activities: Activities = {
      ...wellBehaved(blueIsLive),
      drainSlot: async () => {
        const { workflowExecution } = Context.current().info;
        await environment.client.workflow.getHandle(workflowExecution?.workflowId ?? '').cancel();
        return { drained: true, remaining: 0, afterMs: 1 };
      },
    };
    const told = await tellStory(environment, activities);
    expect(told.result?.live).toEqual({ slot: 'green', release: 'v2' });
    expect(told.progress?.steps.slice(-3).map(({ name }) => name)).toEqual(['cleanUp', 'stopSlots', 'recordRelease']);
  });

  test('is undone also when it is cancelled a second time while it undoes', async () => {
    const activities: Activities = {
      ...wellBehaved(blueIsLive),
      probeSlot: () => Promise.reject(failure('WrongRelease', 'no')),
      stopSlots: async () => {
        const { workflowExecution } = Context.current().info;
        await environment.client.workflow.getHandle(workflowExecution?.workflowId ?? '').cancel();
        return { stopped: ['app-green'] };
      },
    };
    const told = await tellStory(environment, activities);
    expect(told.details?.undone).toEqual(['stopSlots', 'restoreDatabase']);
  });
});

test('an input that lacks what a deploy needs is refused in words', async () => {
  const told = await tellStory(environment, wellBehaved(blueIsLive), { settings: { ...settings, project: '' } });
  expect(told.failure?.message).toBe("the workflow's input lacks settings.project: start it with pointsman");
  expect(told.steps).toEqual([]);
});
