import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';

type History = ReturnType<typeof historyFromJSON>;
type Event = NonNullable<History['events']>[number];

export const historiesDirectory = fileURLToPath(new URL('../histories', import.meta.url));

export interface RecordedHistory {
  /** `0.1.0/second-deploy` */
  readonly name: string;
  readonly json: unknown;
}

/** Every history that a released version of pointsman has left; none is ever recorded again. */
export function recordedHistories(): RecordedHistory[] {
  const files = readdirSync(historiesDirectory, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.json'),
  );
  return files.sort().map((file) => {
    const path = join(historiesDirectory, file);
    return {
      name: relative(historiesDirectory, path).replace(/\.json$/, ''),
      json: JSON.parse(readFileSync(path, 'utf8')) as unknown,
    };
  });
}

export interface RecordedCall {
  readonly name: string;
  readonly args: unknown;
  /** How the last attempt ended. */
  readonly result?: unknown;
  readonly failure?: { readonly type: string; readonly message: string };
}

export interface RecordedRun {
  readonly workflow: string;
  readonly input: unknown;
  readonly cancelled: boolean;
  readonly calls: readonly RecordedCall[];
}

/** A history as the calls that its workflow made, in order, and what each answered. */
export function readRun(json: unknown): RecordedRun {
  const events = historyFromJSON(json).events ?? [];
  const started = events[0]?.workflowExecutionStartedEventAttributes;
  return {
    workflow: started?.workflowType?.name ?? '',
    input: decode(started?.input?.payloads),
    cancelled: events.some((event) => event.workflowExecutionCancelRequestedEventAttributes),
    calls: events.flatMap((event) => {
      const scheduled = event.activityTaskScheduledEventAttributes;
      if (!scheduled) return [];
      const ending = events.find((other) => scheduledBy(other) === String(event.eventId));
      return [
        { name: scheduled.activityType?.name ?? '', args: decode(scheduled.input?.payloads), ...endingOf(ending) },
      ];
    }),
  };
}

function scheduledBy(event: Event): string {
  const { activityTaskCompletedEventAttributes: done, activityTaskFailedEventAttributes: failed } = event;
  return String((done ?? failed)?.scheduledEventId ?? '');
}

function endingOf(event: Event | undefined): Pick<RecordedCall, 'result' | 'failure'> {
  const failure = event?.activityTaskFailedEventAttributes?.failure;
  if (failure) return { failure: { type: failure.applicationFailureInfo?.type ?? '', message: failure.message ?? '' } };
  return { result: decode(event?.activityTaskCompletedEventAttributes?.result?.payloads) };
}

function decode(payloads: readonly Payload[] | null | undefined): unknown {
  const [first] = payloads ?? [];
  return first ? defaultPayloadConverter.fromPayload(first) : undefined;
}
