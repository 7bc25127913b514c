import { describe, expect, test } from 'vitest';
import { resumeAfter, timeline, type StepTimes } from '../../bench/faults/timeline.js';

type Events = Parameters<typeof timeline>[0];

function event(eventId: number, atMs: number, attributes: object): Events[number] {
  return {
    eventId,
    eventTime: { seconds: Math.floor(atMs / 1000), nanos: (atMs % 1000) * 1e6 },
    ...attributes,
  } as unknown as Events[number];
}

const scheduled = (id: number, at: number, name: string): Events[number] =>
  event(id, at, { activityTaskScheduledEventAttributes: { activityType: { name } } });
const started = (id: number, at: number, scheduledEventId: number, attempt: number): Events[number] =>
  event(id, at, { activityTaskStartedEventAttributes: { scheduledEventId, attempt } });
const completed = (id: number, at: number, scheduledEventId: number): Events[number] =>
  event(id, at, { activityTaskCompletedEventAttributes: { scheduledEventId } });

test('the steps of a history have the times of the attempt that ended them', () => {
  const steps = timeline([
    scheduled(5, 1000, 'stopSlots'),
    started(6, 8100, 5, 2),
    completed(7, 9000, 5),
    scheduled(8, 9010, 'stopSlots'),
  ]);
  expect(steps).toEqual([
    { step: 'stopSlots', nth: 1, scheduledAt: 1000, startedAt: 8100, endedAt: 9000, attempt: 2 },
    { step: 'stopSlots', nth: 2, scheduledAt: 9010, startedAt: null, endedAt: null, attempt: 1 },
  ]);
});

describe('after a kill', () => {
  const step = (over: Partial<StepTimes>): StepTimes => ({
    ...{ step: 'composeUpWait', nth: 1, scheduledAt: 1000, startedAt: 1010, endedAt: 5000, attempt: 1 },
    ...over,
  });

  test('of the worker the step goes on with its next attempt', () => {
    const steps = [step({ startedAt: 8200, endedAt: 9000, attempt: 2 })];
    expect(resumeAfter(steps, { killedAt: 1200, endedAt: 9999, workerDied: true })).toEqual({ ms: 7000, how: 'again' });
  });

  test('of the server the attempt that runs comes to its own end', () => {
    const killed = { killedAt: 1200, endedAt: 9999, workerDied: false };
    expect(resumeAfter([step({})], killed)).toEqual({ ms: 3800, how: 'same' });
  });

  test('between two steps the next one begins', () => {
    const steps = [step({ endedAt: 1100 }), step({ step: 'probeSlot', scheduledAt: 2000, startedAt: 2100 })];
    expect(resumeAfter(steps, { killedAt: 1200, endedAt: 9999, workerDied: true })).toEqual({ ms: 900, how: 'next' });
  });

  test('of the last step there is only the end', () => {
    const steps = [step({ endedAt: 1100 })];
    expect(resumeAfter(steps, { killedAt: 1200, endedAt: 1900, workerDied: true })).toEqual({ ms: 700, how: 'end' });
  });
});
