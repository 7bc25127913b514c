import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';

export const historiesDirectory = fileURLToPath(new URL('../histories', import.meta.url));

/** Every kind of run that a version leaves a history of, in the order in which `script/record-histories.ts` makes them. */
export const kindsOfRun = [
  ...['first-deploy', 'second-deploy', 'failed-health', 'cancelled', 'rolled-back', 'refused'],
  ...['backed-up', 'skipped', 'restored', 'drilled', 'drilled-by-schedule', 'queued', 'recovered', 'retried'],
  ...['undone-while-held', 'migrated-while-held', 'canaried', 'baked', 'approved', 'disapproved', 'maintained'],
  'adopted',
] as const;

export type KindOfRun = (typeof kindsOfRun)[number];

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

/** An activity, or a child workflow. */
export interface RecordedCall {
  readonly name: string;
  readonly args: unknown;
}

export interface RecordedRun {
  readonly workflow: string;
  readonly calls: readonly RecordedCall[];
}

/** A history as the calls that its workflow made, in order. */
export function readRun(json: unknown): RecordedRun {
  const events = historyFromJSON(json).events ?? [];
  return {
    workflow: events[0]?.workflowExecutionStartedEventAttributes?.workflowType?.name ?? '',
    calls: events.flatMap((event) => {
      const activity = event.activityTaskScheduledEventAttributes;
      if (activity) return [{ name: activity.activityType?.name ?? '', args: decode(activity.input?.payloads) }];
      const child = event.startChildWorkflowExecutionInitiatedEventAttributes;
      return child ? [{ name: child.workflowType?.name ?? '', args: decode(child.input?.payloads) }] : [];
    }),
  };
}

function decode(payloads: readonly Payload[] | null | undefined): unknown {
  const [first] = payloads ?? [];
  return first ? defaultPayloadConverter.fromPayload(first) : undefined;
}
