import { Context } from '@temporalio/activity';
import { CancelledFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { answerAttention, progressQuery } from '../../src/workflows/messages.js';
import { adoptable, failure, recordIn, wellBehaved } from '../support/fake-activities.js';
import { tellStory } from '../support/run-workflow.js';
import { devServer, timeSkipping, type RunHandle } from '../support/workflow-environment.js';

let environment: TestWorkflowEnvironment;
/** The server that skips time loses updates of a workflow that ends at once; the real one does not. */
let server: TestWorkflowEnvironment;
beforeAll(async () => {
  [environment, server] = await Promise.all([timeSkipping(), devServer()]);
});
afterAll(() => Promise.all([environment?.teardown(), server?.teardown()]));

/** Cancels the workflow of the activity that runs, and runs until that has reached it. */
async function untilCancelled(): Promise<never> {
  const { cancelled, info } = Context.current();
  const beat = setInterval(() => Context.current().heartbeat(), 100);
  await server.client.workflow.getHandle(info.workflowExecution?.workflowId ?? '').cancel();
  return cancelled.finally(() => clearInterval(beat));
}

/** Says skip as soon as a person is asked. */
async function skipOnceAsked(handle: RunHandle): Promise<void> {
  while ((await handle.query(progressQuery)).phase !== 'needs-attention');
  await handle.executeUpdate(answerAttention, { args: [{ action: 'skip', by: 'ada', reason: 'will do it by hand' }] });
}

const good = wellBehaved(null);
const kind = 'adopt';

describe('an adopt', () => {
  test('asks first, replaces the config, proves it, asks again, and only then writes down what is live', async () => {
    const told = await tellStory(environment, good, { kind, adopt: { keys: { maxBody: '20m' } } });
    expect(told.steps).toEqual([
      ...['findAdoptable', 'askPaths', 'writeAdoption', 'reloadRouter', 'comparePaths'],
      ...['noteSlots', 'recordRelease'],
    ]);
    expect(told.result?.live).toEqual({ slot: 'blue', release: 'v1' });
    expect(told.progress).toMatchObject({ kind, release: 'v1', slot: 'blue', phase: 'ended' });
    const { answers } = await good.askPaths({ paths: ['/', '/static/'] } as never);
    const args = Object.fromEntries(told.calls.map((call) => [call.name, call.args]));
    expect(args['findAdoptable']).toMatchObject({ shown: 'f'.repeat(64), release: null });
    expect(args['reloadRouter']).toMatchObject({ slot: 'blue', release: 'v1' });
    expect(args['comparePaths']).toMatchObject({ before: answers });
    expect(args['noteSlots']).toMatchObject({ slots: [adoptable.live, adoptable.other] });
    expect(recordIn(told.calls)).toMatchObject({
      ...{ kind, outcome: 'succeeded', slot: 'blue', release: 'v1', image: adoptable.live.image, previous: null },
      keys: { maxBody: '20m' },
    });
  });

  test('makes nothing up of an idle slot that tells nothing', async () => {
    const findAdoptable = () => Promise.resolve({ ...adoptable, other: null });
    const told = await tellStory(environment, { ...good, findAdoptable }, { kind });
    expect(told.calls.find(({ name }) => name === 'noteSlots')?.args).toMatchObject({ slots: [adoptable.live] });
    expect(recordIn(told.calls)).not.toHaveProperty('keys');
  });

  test('is refused, with nothing touched, where what runs is not what was shown', async () => {
    const findAdoptable = () => Promise.reject(failure('PreflightFailed', 'what runs is not what was shown any more'));
    const told = await tellStory(environment, { ...good, findAdoptable }, { kind });
    expect(told.steps).toEqual(['findAdoptable']);
    expect(told.failure).toMatchObject({
      type: 'Refused',
      message: 'failed at findAdoptable: what runs is not what was shown any more; there was nothing to undo',
    });
  });

  test.each([
    ['nginx refuses the new config', 'writeAdoption', failure('RouterConfigInvalid', 'nginx refuses the config')],
    ['nginx does not reach the slot', 'writeAdoption', failure('SwitchNotProven', 'it still answers 502')],
    ['the router does not prove it', 'reloadRouter', failure('SwitchNotProven', 'it serves no slot')],
    ['a path answers otherwise', 'comparePaths', failure('AnswersDiffer', '/static/: status 200 before, 404 now')],
  ] as const)('is undone whole where %s', async (_, step, error) => {
    const told = await tellStory(environment, { ...good, [step]: () => Promise.reject(error) }, { kind });
    expect(told.steps.slice(told.steps.indexOf(step))).toEqual([step, 'collectLogs', 'undoAdoption', 'recordRelease']);
    expect(told.failure).toMatchObject({
      type: 'FailedAndUndone',
      message: `failed at ${step}: ${error.message}; undone: undoAdoption; live: blue (v1)`,
    });
    expect(recordIn(told.calls)).toMatchObject({ kind, outcome: 'undone', release: 'v1' });
  });

  test('is undone whole where it is aborted', async () => {
    const told = await tellStory(server, { ...good, comparePaths: untilCancelled }, { kind });
    expect(told.error?.cause).toBeInstanceOf(CancelledFailure);
    expect(told.steps.slice(-2)).toEqual(['undoAdoption', 'recordRelease']);
    expect(recordIn(told.calls)).toMatchObject({ outcome: 'cancelled' });
  });

  test('waits for a person where it cannot be undone, and ends as that person says', async () => {
    const told = await tellStory(
      server,
      {
        ...good,
        comparePaths: () => Promise.reject(failure('AnswersDiffer', 'another body')),
        undoAdoption: () => Promise.reject(failure('RouterConfigInvalid', 'nginx refuses the config')),
      },
      { kind, meanwhile: skipOnceAsked },
    );
    expect(told.failure).toMatchObject({ type: 'FailedWithSkips' });
    expect(told.progress?.steps.find(({ name }) => name === 'undoAdoption')).toMatchObject({
      state: 'skipped',
      note: 'skipped by ada: will do it by hand',
    });
  });

  test('goes on where only its record cannot be written: the config serves by then', async () => {
    const noteSlots = () => Promise.reject(failure('HostRefused', 'the disk is full'));
    const told = await tellStory(environment, { ...good, noteSlots }, { kind });
    expect(told.result?.progress.warnings).toEqual(['noteSlots: the disk is full']);
  });

  test('is refused where it does not say what was shown, or what is asked', async () => {
    const told = await tellStory(environment, good, { kind, adopt: { shown: '', paths: undefined as never } });
    expect(told.failure?.message).toBe("the workflow's input lacks shown, paths: start it with pointsman");
    expect(told.calls).toEqual([]);
  });
});
