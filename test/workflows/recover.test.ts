import { randomUUID } from 'node:crypto';
import { Context } from '@temporalio/activity';
import { WorkflowFailedError } from '@temporalio/client';
import type { ApplicationFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { exitCodes } from '../../src/cli/exit-codes.js';
import { startOrFollow } from '../../src/cli/start.js';
import type { Activities } from '../../src/model/activities.js';
import type { EndedOutside } from '../../src/model/ended-outside.js';
import type { RecoverInput } from '../../src/model/input.js';
import type { RecoverResult } from '../../src/model/progress.js';
import type { ReleaseRecord } from '../../src/model/release-record.js';
import type { Settings } from '../../src/model/settings.js';
import type { Live } from '../../src/model/slot.js';
import { findEndedOutside } from '../../src/temporal/ended-outside.js';
import { taskQueue } from '../../src/temporal/place.js';
import type { recover } from '../../src/workflows/index.js';
import { backup, failure, recording, wellBehaved, type Call } from '../support/fake-activities.js';
import { settings as usual } from '../support/settings.js';
import { waitingSession } from '../support/waiting-session.js';
import { devServer, withWorker } from '../support/workflow-environment.js';

const blueIsLive: Live = { slot: 'blue', release: 'v1' };
const greenIsLive: Live = { slot: 'green', release: 'v2' };

let environment: TestWorkflowEnvironment;
beforeAll(async () => {
  environment = await devServer();
});
afterAll(() => environment?.teardown());

const place = (): Settings => ({ ...usual, project: `shop-${randomUUID().slice(0, 8)}`, replica: null });

function deploying(settings: Settings, release = 'v2') {
  const input = { settings, release, requestedBy: 'ada', reason: null };
  return startOrFollow(waitingSession().session, environment.client, { kind: 'deploy', input });
}

/** Runs until the workflow that asked for it is gone. */
function endless(): Promise<never> {
  const { cancelled } = Context.current();
  const beat = setInterval(() => Context.current().heartbeat(), 100);
  return cancelled.finally(() => clearInterval(beat));
}

describe('a deploy that is terminated in Temporal', () => {
  test('stops the next one until it is put in order, and not once it is', async () => {
    const settings = place();
    const well = wellBehaved(blueIsLive);
    let endlessly = true;
    const { activities, calls } = recording({
      ...well,
      reloadRouter: (args) => (endlessly ? endless() : well.reloadRouter(args)),
    });
    await withWorker(
      environment,
      activities,
      async () => {
        const handle = await deploying(settings);
        await expect.poll(() => calls.map(({ name }) => name), { timeout: 30_000 }).toContain('reloadRouter');
        expect(await findEndedOutside(environment.client, settings)).toBeNull();
        await handle.terminate('enough of it');
        endlessly = false;

        await expect(deploying(settings, 'v3')).rejects.toMatchObject({
          code: exitCodes.terminated,
          message: expect.stringMatching(
            /^deploy v2 by ada was ended from outside at reloadRouter, 20\S+Z \(.*enough of it\); nothing was undone\.\n.*pointsman recover/,
          ) as string,
        });
        const ended = await findEndedOutside(environment.client, settings);
        expect(ended).toMatchObject({ plan: { from: blueIsLive, slot: 'green' }, backup, mayHaveMigrated: true });

        calls.length = 0;
        const input = { settings, ended, database: 'keep', requestedBy: 'carl', reason: null } as RecoverInput;
        const recovering = await startOrFollow(waitingSession().session, environment.client, {
          kind: 'recover',
          input,
        });
        expect(await recovering.result()).toMatchObject({ live: blueIsLive });
        expect(namesOf(calls)).toEqual([
          ...['findLive', 'probeSlot', 'stopSlots', 'writeRouterConfig', 'reloadRouter', 'recordRelease'],
        ]);
        expect(await findEndedOutside(environment.client, settings)).toBeNull();
        await (await deploying(settings, 'v3')).result();
      },
      taskQueue,
    );
  });

  test('before it has touched anything does not stop the next one', async () => {
    const settings = place();
    const well = wellBehaved(blueIsLive);
    let endlessly = true;
    const { activities, calls } = recording({
      ...well,
      fetchImages: (args) => (endlessly ? endless() : well.fetchImages(args)),
    });
    await withWorker(
      environment,
      activities,
      async () => {
        const handle = await deploying(settings);
        await expect.poll(() => calls.map(({ name }) => name), { timeout: 30_000 }).toContain('fetchImages');
        await handle.terminate();
        endlessly = false;
        await (await deploying(settings, 'v3')).result();
      },
      taskQueue,
    );
  });

  test('is still found below a backup that was made since, and a rollback that was refused', async () => {
    const settings = place();
    const well = wellBehaved(blueIsLive);
    const { activities, calls } = recording({
      ...well,
      composeUpWait: endless,
      findRollbackTarget: () => Promise.reject(failure('NothingToRollBackTo', 'there is no release before')),
    });
    await withWorker(
      environment,
      activities,
      async () => {
        const handle = await deploying(settings);
        await expect.poll(() => calls.map(({ name }) => name), { timeout: 30_000 }).toContain('composeUpWait');
        await handle.terminate();
        const input = { settings, requestedBy: 'carl', reason: null };
        const { session } = waitingSession();
        await (await startOrFollow(session, environment.client, { kind: 'backup', input })).result();
        const rollback = { kind: 'rollback', input: { ...input, to: null } } as const;
        await expect((await startOrFollow(session, environment.client, rollback)).result()).rejects.toThrow();
        const found = async () => (await findEndedOutside(environment.client, settings))?.lastStep;
        // The list of runs is a moment behind.
        await expect.poll(found, { timeout: 30_000 }).toBe('composeUpWait');
      },
      taskQueue,
    );
  });
});

const namesOf = (calls: readonly Call[]): string[] =>
  calls.map(({ name }) => name).filter((name, at, all) => name !== all[at - 1]);

const ended: EndedOutside = {
  ...{ runId: 'run-1', kind: 'deploy', requestedBy: 'ada', by: '', lastStep: 'probeSlot', directory: '/srv/shop' },
  startedAt: '2026-11-23T09:23:34.000Z',
  endedAt: '2026-11-23T09:24:34.000Z',
  plan: { from: blueIsLive, slot: 'green', release: 'v2', image: 'shop:v2' },
  backup,
  mayHaveMigrated: true,
};

interface Recovered {
  readonly calls: readonly Call[];
  readonly steps: readonly string[];
  readonly result: RecoverResult | null;
  readonly failure: ApplicationFailure | null;
}

async function recovered(activities: Activities, change: Partial<RecoverInput> = {}): Promise<Recovered> {
  const { activities: recorded, calls } = recording(activities);
  const input = { settings: place(), ended, database: 'keep', requestedBy: 'carl', reason: null, ...change } as const;
  return withWorker(environment, recorded, async (ownQueue) => {
    const options = { taskQueue: ownQueue, workflowId: randomUUID(), args: [input] as [RecoverInput] };
    try {
      const result = await environment.client.workflow.execute<typeof recover>('recover', options);
      return { calls, steps: namesOf(calls), result, failure: null };
    } catch (error) {
      if (!(error instanceof WorkflowFailedError)) throw error;
      return { calls, steps: namesOf(calls), result: null, failure: error.cause as ApplicationFailure };
    }
  });
}

const argsOf = (calls: readonly Call[], wanted: string) => calls.find(({ name }) => name === wanted)?.args;

describe('putting in order', () => {
  test('keeps what the router serves, and stops the other slot', async () => {
    const { calls, result } = await recovered(wellBehaved(blueIsLive));
    expect(result).toMatchObject({ live: blueIsLive, progress: { kind: 'recover', phase: 'ended', release: 'v1' } });
    expect(argsOf(calls, 'stopSlots')).toMatchObject({ slots: ['green'] });
    expect(argsOf(calls, 'writeRouterConfig')).toMatchObject(blueIsLive);
    expect(argsOf(calls, 'reloadRouter')).toMatchObject(blueIsLive);
  });

  test('records the run that could not record itself, as undone', async () => {
    const { calls } = await recovered(wellBehaved(blueIsLive));
    const { record } = argsOf(calls, 'recordRelease') as { record: ReleaseRecord };
    expect(record).toMatchObject({
      deployId: 'run-1',
      kind: 'deploy',
      outcome: 'undone',
      release: 'v2',
      slot: 'green',
    });
    expect(record.message).toBe('ended from outside at probeSlot; put in order by carl');
  });

  test('keeps the new release where the router serves it already, stops the old one, and records it as live', async () => {
    const { calls, result } = await recovered(wellBehaved(greenIsLive), { database: 'restore' });
    expect(argsOf(calls, 'stopSlots')).toMatchObject({ slots: ['blue'] });
    expect((argsOf(calls, 'recordRelease') as { record: ReleaseRecord }).record.outcome).toBe('succeeded');
    expect(namesOf(calls)).not.toContain('restoreDatabase');
    expect(result?.progress.warnings).toEqual([
      'v2 is live: the database was kept, since it is the one that it works with',
    ]);
  });

  test('puts the database back only where a person has said so, and only once the slot is stopped', async () => {
    expect((await recovered(wellBehaved(blueIsLive))).steps).not.toContain('restoreDatabase');
    const { steps, calls } = await recovered(wellBehaved(blueIsLive), { database: 'restore' });
    expect(steps.slice(2, 5)).toEqual(['stopSlots', 'restoreDatabase', 'writeRouterConfig']);
    expect(argsOf(calls, 'restoreDatabase')).toMatchObject({ backup });
  });

  test('stops nothing where the slot that is served does not answer', async () => {
    const activities: Activities = {
      ...wellBehaved(greenIsLive),
      probeSlot: () => Promise.reject(failure('SlotUnhealthy', 'app-green died after it was healthy')),
    };
    const { steps, failure: reason } = await recovered(activities);
    expect(steps).toEqual(['findLive', 'probeSlot']);
    expect(reason).toMatchObject({ type: 'Refused' });
    expect(reason?.message).toContain(
      'the router serves green (v2), which does not answer as it should: app-green died after it was healthy; nothing was stopped',
    );
  });

  test('gives nobody the other slot any more before it is stopped, where a canary had given it to some', async () => {
    const { steps, calls } = await recovered(wellBehaved(blueIsLive), { ended: { ...ended, staged: true } });
    expect(steps.slice(2)).toEqual(['writeRouterConfig', 'reloadRouter', 'drainSlot', 'stopSlots', 'recordRelease']);
    expect(argsOf(calls, 'writeRouterConfig')).toMatchObject(blueIsLive);
    expect(argsOf(calls, 'writeRouterConfig')).not.toHaveProperty('stage');
  });

  test('brings the router up where it serves nothing, and stops what was to be the first release', async () => {
    const { steps, calls } = await recovered(wellBehaved(null));
    expect(steps).toEqual(['findLive', 'bootstrapRouter', 'stopSlots', 'recordRelease']);
    expect(argsOf(calls, 'stopSlots')).toMatchObject({ slots: ['green'] });
  });

  test('stops no slot where the router cannot tell what it serves', async () => {
    const { steps, result } = await recovered(wellBehaved({ slot: 'blue', release: null }));
    expect(steps).toEqual(['findLive', 'recordRelease']);
    expect(result?.progress.warnings[0]).toContain('no slot was stopped');
  });
});
