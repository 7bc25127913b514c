import { randomUUID } from 'node:crypto';
import { Context } from '@temporalio/activity';
import { WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Activities, RecordDrillArgs } from '../../src/model/activities.js';
import { drillId } from '../../src/model/names.js';
import type { DrillResult } from '../../src/model/progress.js';
import type { Live } from '../../src/model/slot.js';
import type { drill, scheduledDrill } from '../../src/workflows/index.js';
import { drillReport, failure, recording, wellBehaved, type Call } from '../support/fake-activities.js';
import { settings as defaults } from '../support/settings.js';
import { timeSkipping, withWorker } from '../support/workflow-environment.js';

const blueIsLive: Live = { slot: 'blue', release: 'v1' };
const whole = ['findLive', 'restoreReplica', 'inspectRestored', 'probeRestored', 'recordDrill', 'removeScratch'];

let environment: TestWorkflowEnvironment;
beforeAll(async () => {
  environment = await timeSkipping();
});
afterAll(() => environment?.teardown());

interface Drilled {
  readonly steps: readonly string[];
  readonly record: RecordDrillArgs['record'] | undefined;
  readonly result: DrillResult | null;
  readonly failure: unknown;
}

/** Runs a drill of a project of its own, and returns what a reader of its history could see. */
function drillWith(activities: Activities, workflow: 'drill' | 'scheduledDrill' = 'drill'): Promise<Drilled> {
  const recorded = recording(activities);
  const settings = { ...defaults, project: `shop-${randomUUID()}` };
  return withWorker(environment, recorded.activities, async (taskQueue) => {
    const options = {
      taskQueue,
      workflowId: workflow === 'drill' ? drillId(settings) : `scheduled-${randomUUID()}`,
      args: [{ settings, requestedBy: 'ada@laptop', reason: null }] as const,
    };
    const handle = await environment.client.workflow.start<typeof drill | typeof scheduledDrill>(workflow, {
      ...options,
      args: [...options.args],
    });
    const ended = handle.result().then(
      (result) => ({ result, failure: null }),
      (error: unknown) => ({ result: null, failure: error instanceof WorkflowFailedError ? error.cause : error }),
    );
    return { ...(await ended), steps: names(recorded.calls), record: recordIn(recorded.calls) };
  });
}

function names(calls: readonly Call[]): string[] {
  return calls.map(({ name }) => name).filter((name, at, all) => name !== all[at - 1]);
}

function recordIn(calls: readonly Call[]): Drilled['record'] {
  return (calls.find(({ name }) => name === 'recordDrill')?.args as RecordDrillArgs | undefined)?.record;
}

describe('a drill', () => {
  test('restores, checks and tries the replica, is recorded, and leaves nothing over', async () => {
    const { steps, result, record } = await drillWith(wellBehaved(blueIsLive));
    expect(steps).toEqual(whole);
    expect(result?.report).toMatchObject({ restored: drillReport.restored, inspected: drillReport.inspected });
    expect(record).toMatchObject({
      outcome: 'passed',
      requestedBy: 'ada@laptop',
      report: { probed: { release: 'v1' } },
    });
    expect(record?.message).toBe(
      '1204 rows restored and sound; v1 is healthy on it; the restored data is 2 s old: ' +
        'what was committed after 2026-11-23 03:29:58 UTC is not in it',
    );
  });

  test('on a host where nothing is live is one of the data alone, and says so', async () => {
    const { steps, result } = await drillWith(wellBehaved(null));
    expect(steps).toEqual(whole.filter((name) => name !== 'probeRestored'));
    expect(result?.report.probed).toBeNull();
    expect(result?.progress.warnings).toEqual(['nothing is live, so the restored database was not tried with the app']);
  });

  test.each<[keyof Activities, number]>([
    ['restoreReplica', 2],
    ['inspectRestored', 3],
    ['probeRestored', 4],
  ])('that fails at %s is recorded as failed, and leaves nothing over', async (step, before) => {
    const activities = {
      ...wellBehaved(blueIsLive),
      [step]: () => Promise.reject(failure('RestoredDataUnfit', 'exited with code 1\n── app\n   KeyError')),
    };
    const { steps, failure: ending, record } = await drillWith(activities);
    expect(steps).toEqual([...whole.slice(0, before), 'recordDrill', 'removeScratch']);
    expect(record).toMatchObject({ outcome: 'failed', message: `failed at ${step}: exited with code 1`, report: null });
    expect(ending).toBeInstanceOf(ApplicationFailure);
    expect(ending).toMatchObject({ type: 'FailedAndUndone' });
    expect((ending as ApplicationFailure).message).toContain(`failed at ${step}: exited with code 1`);
  });

  test('that is cancelled is recorded as cancelled, and leaves nothing over', async () => {
    const untilCancelled = async (): Promise<never> => {
      const { info, cancelled } = Context.current();
      await environment.client.workflow.getHandle(info.workflowExecution?.workflowId ?? '').cancel();
      const beat = setInterval(() => Context.current().heartbeat(), 100);
      return cancelled.finally(() => clearInterval(beat));
    };
    const activities: Activities = { ...wellBehaved(blueIsLive), restoreReplica: untilCancelled };
    const { steps, failure: ending, record } = await drillWith(activities);
    expect(ending).toBeInstanceOf(CancelledFailure);
    expect(record?.outcome).toBe('cancelled');
    expect(steps).toEqual(['findLive', 'restoreReplica', 'recordDrill', 'removeScratch']);
  });

  test('never waits for a person: what could not be removed is a warning, and the next drill removes it', async () => {
    const stuck = () => Promise.reject(failure('DockerUnavailable', 'Docker does not answer'));
    const { result } = await drillWith({ ...wellBehaved(blueIsLive), removeScratch: stuck });
    expect(result?.progress.warnings).toEqual([
      'removeScratch: Docker does not answer; the next drill removes what is left',
    ]);
  });

  test('by the schedule is the same one', async () => {
    const { steps, result } = await drillWith(wellBehaved(blueIsLive), 'scheduledDrill');
    expect(steps).toEqual(whole);
    expect(result?.report.probed?.release).toBe('v1');
  });

  test('by the schedule does not run beside one that a person asked for', async () => {
    let begun = (): void => undefined;
    const restoring = new Promise<void>((resolve) => (begun = resolve));
    let finish = (): void => undefined;
    const finished = new Promise<void>((resolve) => (finish = resolve));
    const { activities, calls } = recording({
      ...wellBehaved(blueIsLive),
      restoreReplica: async () => {
        begun();
        await finished;
        return drillReport.restored;
      },
    });
    const settings = { ...defaults, project: `shop-${randomUUID()}` };
    const args: [Parameters<typeof drill>[0]] = [{ settings, requestedBy: 'ada@laptop', reason: null }];
    await withWorker(environment, activities, async (taskQueue) => {
      const { workflow } = environment.client;
      const asked = await workflow.start<typeof drill>('drill', { taskQueue, workflowId: drillId(settings), args });
      await restoring;
      const scheduled = workflow.execute<typeof scheduledDrill>('scheduledDrill', {
        ...{ taskQueue, workflowId: `scheduled-${randomUUID()}`, args },
      });
      await expect(scheduled).rejects.toThrow(WorkflowFailedError);
      finish();
      await asked.result();
    });
    expect(names(calls)).toEqual(whole);
  });
});
