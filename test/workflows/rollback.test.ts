import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Activities } from '../../src/model/activities.js';
import type { Live } from '../../src/model/slot.js';
import { failure, wellBehaved } from '../support/fake-activities.js';
import { settings } from '../support/settings.js';
import { tellStory } from '../support/run-workflow.js';
import { timeSkipping } from '../support/workflow-environment.js';

const greenIsLive: Live = { slot: 'green', release: 'v1' };
const toTheSwitch = [
  'findRollbackTarget',
  'preflight',
  'fetchImages',
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

describe('a rollback', () => {
  test('starts the release before in the idle slot, switches to it and leaves the database as it is', async () => {
    const told = await tellStory(environment, wellBehaved(greenIsLive), { kind: 'rollback' });
    expect(told.steps).toEqual([...toTheSwitch, 'drainSlot', 'stopSlots', 'recordRelease']);
    expect(told.result?.live).toEqual({ slot: 'blue', release: 'v0' });
    expect(told.progress?.release).toBe('v0');
  });

  test('puts all routers in step first where there are several: the slot that it replaces must be that of none', async () => {
    const otherRouters = [{ ...settings.router, service: 'router-internal' }];
    const several = { ...settings, otherRouters };
    const told = await tellStory(environment, wellBehaved(greenIsLive), { kind: 'rollback', settings: several });
    expect(told.steps.slice(0, 4)).toEqual(['findRollbackTarget', 'preflight', 'bootstrapRouter', 'fetchImages']);
  });

  test('asks for the release that was named', async () => {
    const told = await tellStory(environment, wellBehaved(greenIsLive), { kind: 'rollback', to: 'v0' });
    expect(told.calls[0]).toMatchObject({ name: 'findRollbackTarget', args: { to: 'v0' } });
  });

  test('is refused where there is nothing to go back to', async () => {
    const told = await tellStory(environment, wellBehaved(null), { kind: 'rollback' });
    expect(told.failure?.type).toBe('Refused');
    expect(told.failure?.message).toBe('failed at findRollbackTarget: nothing is live; there was nothing to undo');
  });

  const failing: [step: keyof Activities, undone: string[]][] = [
    ['preflight', []],
    ['fetchImages', []],
    ['composeUpWait', ['stopSlots']],
    ['probeSlot', ['stopSlots']],
    ['writeRouterConfig', ['switchBack', 'drainSlot', 'stopSlots']],
    ['reloadRouter', ['switchBack', 'drainSlot', 'stopSlots']],
  ];

  test.each(failing)('that fails at %s undoes %j', async (step, undone) => {
    const activities = { ...wellBehaved(greenIsLive), [step]: () => Promise.reject(failure('SlotUnhealthy', 'no')) };
    const told = await tellStory(environment, activities, { kind: 'rollback' });
    expect(
      told.details?.undone.flatMap((name) => (name === 'switchBack' ? ['switchBack', 'drainSlot'] : [name])),
    ).toEqual(undone);
    expect(told.details?.failedStep).toBe(step);
  });
});
