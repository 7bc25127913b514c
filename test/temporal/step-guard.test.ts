import { mkdtemp, readdir, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import type { StartSigned, StepSigned } from '../../src/model/signed.js';
import { newKey } from '../../src/temporal/signing-key.js';
import { startSigned } from '../../src/temporal/start-signed.js';
import { StepGuard, noteUnsigned, type Called } from '../../src/temporal/step-guard.js';

const key = newKey();
const called: Called = { activityType: 'preflight', workflowType: 'deploy', workflowId: 'shop/prod', runId: 'run-1' };
const weekMs = 7 * 86_400_000;

let state: string;
beforeEach(async () => {
  state = await mkdtemp(join(tmpdir(), 'pointsman-guard-'));
  onTestFinished(() => rm(state, { recursive: true, force: true }));
});

const start = (): StartSigned => startSigned('start', 'deploy', 'shop/prod');
const stepOf = (begun: StartSigned | null, other: Partial<StepSigned> = {}): StepSigned => ({
  for: 'step',
  step: 'preflight',
  runId: 'run-1',
  start: begun,
  ...other,
});

test('a step of a run that somebody has asked for is taken, however often', () => {
  const guard = new StepGuard(state, key);
  const step = stepOf(start());
  expect(guard.refusal(called, step)).toBeNull();
  expect(guard.refusal(called, step)).toBeNull();
});

test('and by the next worker, too', () => {
  const step = stepOf(start());
  expect(new StepGuard(state, key).refusal(called, step)).toBeNull();
  expect(new StepGuard(state, key).refusal(called, step)).toBeNull();
});

describe('a step is not taken', () => {
  const notOurs = 'it was not asked for by a run of pointsman';
  test.each<[string, StepSigned | null | undefined, string]>([
    ['that says nothing', undefined, notOurs],
    ['whose signature does not fit', null, notOurs],
    ['of another run', stepOf(start(), { runId: 'run-2' }), notOurs],
    ['that was signed as another one', stepOf(start(), { step: 'restoreDatabase' }), notOurs],
    ['that is a request for a run', start() as unknown as StepSigned, notOurs],
    ['of a run that nobody asked for', stepOf(null), 'nobody who has the key has asked for its run'],
    [
      'of another environment',
      stepOf(startSigned('start', 'deploy', 'shop/test')),
      'its run is not what was asked for',
    ],
    [
      'of another kind of run',
      stepOf(startSigned('start', 'backup', 'shop/prod')),
      'its run is not what was asked for',
    ],
  ])('%s', (_, step, reason) => {
    expect(new StepGuard(state, key).refusal(called, step)).toBe(reason);
  });

  test('of a second run by the same request, whichever worker is asked', () => {
    const begun = start();
    expect(new StepGuard(state, key).refusal(called, stepOf(begun))).toBeNull();
    const again = { ...called, runId: 'run-2' };
    const reason = 'what was asked for has been done already, by another run';
    expect(new StepGuard(state, key).refusal(again, stepOf(begun, { runId: 'run-2' }))).toBe(reason);
  });

  test('of a run that was asked for long ago, though nobody has started it then', () => {
    const late = Date.now() + weekMs + 1000;
    expect(new StepGuard(state, key).refusal(called, stepOf(start()), late)).toBe(
      'its run was asked for more than 7 days ago',
    );
  });
});

test('a run that waits for a person for weeks goes on', () => {
  const step = stepOf(start());
  expect(new StepGuard(state, key).refusal(called, step)).toBeNull();
  expect(new StepGuard(state, key).refusal(called, step, Date.now() + 3 * weekMs)).toBeNull();
});

test('what began before there was a key comes to its end, and nothing else of that kind begins', () => {
  noteUnsigned(state, key, ['run-1']);
  const guard = new StepGuard(state, key);
  expect(guard.refusal(called, undefined)).toBeNull();
  expect(guard.refusal({ ...called, runId: 'run-2' }, undefined)).toBe('it was not asked for by a run of pointsman');
  expect(new StepGuard(state, newKey()).refusal(called, undefined)).not.toBeNull();
});

test('a schedule starts its drill again and again', () => {
  const drill = { ...called, workflowType: 'drill', workflowId: 'shop/prod/drill' };
  const begun = startSigned('schedule', 'drill', 'shop/prod/drill');
  const guard = new StepGuard(state, key);
  for (const runId of ['run-1', 'run-2']) {
    expect(guard.refusal({ ...drill, runId }, stepOf(begun, { runId }), Date.now() + 10 * weekMs)).toBeNull();
  }
});

test('what has been started is forgotten once nothing can start it any more', async () => {
  const guard = new StepGuard(state, key);
  guard.refusal(called, stepOf(start()));
  const [old = ''] = await readdir(join(state, 'started'));
  const longAgo = new Date(Date.now() - 11 * weekMs);
  await utimes(join(state, 'started', old), longAgo, longAgo);
  const next = start();
  guard.refusal({ ...called, runId: 'run-2' }, stepOf(next, { runId: 'run-2' }));
  expect(await readdir(join(state, 'started'))).toEqual([next.id]);
});
