import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';

export const historiesDirectory = fileURLToPath(new URL('../histories', import.meta.url));

/** Every kind of run that a version leaves a history of, in the order in which `script/record-histories.ts` makes them. */
export const kindsOfRun = [
  ...['first-deploy', 'second-deploy', 'failed-health', 'cancelled', 'rolled-back', 'refused'],
  ...['backed-up', 'skipped', 'restored', 'drilled', 'drilled-by-schedule', 'queued', 'recovered', 'retried'],
  ...['undone-while-held', 'migrated-while-held', 'canaried', 'baked', 'approved', 'disapproved', 'maintained'],
  ...['adopted', 'tidied-while-draining', 'resumed', 'approval-expired', 'superseded', 'line-continued'],
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
    /\.json(\.gz)?$/.test(file),
  );
  return files.sort().map((file) => {
    const path = join(historiesDirectory, file);
    const bytes = readFileSync(path);
    return {
      name: relative(historiesDirectory, path).replace(/\.json(\.gz)?$/, ''),
      json: JSON.parse((path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString()) as unknown,
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

/** Ids of the `patched()` markers in a history: each change of a workflow that its run came by and knew of. */
export function patchesOf(json: unknown): string[] {
  return (historyFromJSON(json).events ?? []).flatMap(({ markerRecordedEventAttributes: marker }) =>
    marker?.markerName === 'core_patch'
      ? [(decode(marker.details?.['patch-data']?.payloads) as { id: string }).id]
      : [],
  );
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
