import type { temporal } from '@temporalio/proto';

type Event = temporal.api.history.v1.IHistoryEvent;

/** One step of a run as its history tells it; times are milliseconds since 1970, by the server's clock. */
export interface StepTimes {
  readonly step: string;
  /** Which one, where a run has the step more than once; from 1. */
  readonly nth: number;
  readonly scheduledAt: number;
  /** Of the attempt that ended it. */
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  readonly attempt: number;
}

export function timeline(events: readonly Event[]): StepTimes[] {
  const steps = new Map<string, StepTimes>();
  for (const event of events) {
    const at = timeOf(event);
    const name = event.activityTaskScheduledEventAttributes?.activityType?.name;
    if (name) {
      const nth = [...steps.values()].filter(({ step }) => step === name).length + 1;
      steps.set(String(event.eventId), {
        step: name,
        nth,
        scheduledAt: at,
        startedAt: null,
        endedAt: null,
        attempt: 1,
      });
    }
    const begun = event.activityTaskStartedEventAttributes;
    if (begun) change(steps, begun.scheduledEventId, { startedAt: at, attempt: begun.attempt ?? 1 });
    const ended =
      event.activityTaskCompletedEventAttributes ??
      event.activityTaskFailedEventAttributes ??
      event.activityTaskTimedOutEventAttributes ??
      event.activityTaskCanceledEventAttributes;
    if (ended) change(steps, ended.scheduledEventId, { endedAt: at });
  }
  return [...steps.values()];
}

function change(steps: Map<string, StepTimes>, id: unknown, what: Partial<StepTimes>): void {
  const step = steps.get(String(id));
  if (step) steps.set(String(id), { ...step, ...what });
}

export function timeOf({ eventTime }: Event): number {
  return Number(eventTime?.seconds ?? 0) * 1000 + Math.floor((eventTime?.nanos ?? 0) / 1e6);
}

/** How a run went on after a kill. */
export interface Resume {
  /** From the kill to the first thing that the history says of the time after. */
  readonly ms: number;
  /** `again`: the step was begun again. `next`: the next step began. `same`: the attempt that ran came to its end. */
  readonly how: 'again' | 'next' | 'same' | 'end';
}

/** @param workerDied then no attempt that ran could come to its end. */
export function resumeAfter(
  steps: readonly StepTimes[],
  { killedAt, endedAt, workerDied }: { killedAt: number; endedAt: number; workerDied: boolean },
): Resume {
  const same = steps.find(
    ({ startedAt, endedAt: end }) => startedAt !== null && startedAt <= killedAt && end !== null && end > killedAt,
  );
  if (!workerDied && same?.endedAt) return { ms: same.endedAt - killedAt, how: 'same' };
  const begun = steps.flatMap(({ startedAt, scheduledAt, attempt }): Resume[] => {
    if (startedAt === null || startedAt <= killedAt) return [];
    return [{ ms: startedAt - killedAt, how: scheduledAt <= killedAt && attempt > 1 ? 'again' : 'next' }];
  });
  return begun.sort((a, b) => a.ms - b.ms)[0] ?? { ms: endedAt - killedAt, how: 'end' };
}
