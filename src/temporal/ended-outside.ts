import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import { leftBy, type EndedOutside, type ToldStep } from '../model/ended-outside.js';
import type { RecoverInput } from '../model/input.js';
import { workflowId } from '../model/names.js';
import type { Settings } from '../model/settings.js';

interface Execution {
  readonly type: string;
  readonly runId: string;
  readonly startTime: Date;
  readonly closeTime?: Date;
  readonly status: { readonly name: string };
}

/** How far back it is looked for below runs that leave what is live alone. */
const lookBack = 20;

/**
 * What the last deploy or rollback left, where it was ended from outside and nobody has put it in order since; `null`
 * where there is nothing to put in order, or a run is under way.
 */
export async function findEndedOutside(
  client: Client,
  place: Pick<Settings, 'project' | 'environment'>,
): Promise<EndedOutside | null> {
  const id = workflowId(place);
  const latest = await describe(client, id);
  if (!latest || latest.status.name === 'RUNNING') return null;
  const telling = tells(latest) ? latest : await newestThatTells(client, id);
  return telling && !isInOrder(telling) ? read(client, id, telling) : null;
}

/** Backups and restores leave what is live alone, and what was undone left it as it was: what is below them still stands. */
function tells({ type, status }: Execution): boolean {
  return type === 'recover' || (['deploy', 'rollback'].includes(type) && (isInOrder({ status }) || isCut({ status })));
}

function isInOrder({ status }: Pick<Execution, 'status'>): boolean {
  return status.name === 'COMPLETED';
}

function isCut({ status }: Pick<Execution, 'status'>): boolean {
  return ['TERMINATED', 'TIMED_OUT'].includes(status.name);
}

async function newestThatTells(client: Client, id: string): Promise<Execution | null> {
  let looked = 0;
  for await (const run of client.workflow.list({ query: `WorkflowId = "${id}"`, pageSize: lookBack })) {
    if (tells(run)) return run;
    looked += 1;
    if (looked === lookBack) break;
  }
  return null;
}

async function describe(client: Client, id: string): Promise<Execution | null> {
  try {
    return await client.workflow.getHandle(id).describe();
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return null;
    throw error;
  }
}

async function read(client: Client, id: string, run: Execution): Promise<EndedOutside | null> {
  const { events } = await client.workflow.getHandle(id, run.runId).fetchHistory();
  const input = decode(events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads) as RecoverInput;
  // One that was to put it in order, and did not.
  if (run.type === 'recover') return input.ended;
  const end = events?.at(-1)?.workflowExecutionTerminatedEventAttributes;
  const { settings, requestedBy } = input;
  return leftBy(
    {
      ...{ runId: run.runId, kind: run.type === 'rollback' ? 'rollback' : 'deploy', requestedBy, settings },
      startedAt: run.startTime.toISOString(),
      endedAt: (run.closeTime ?? run.startTime).toISOString(),
      by: [end?.identity, end?.reason].filter(Boolean).join(': '),
    },
    stepsIn(events ?? []),
  );
}

type Events = NonNullable<Awaited<ReturnType<ReturnType<Client['workflow']['getHandle']>['fetchHistory']>>['events']>;

function stepsIn(events: Events): ToldStep[] {
  const results = new Map<string, unknown>();
  for (const { activityTaskCompletedEventAttributes: done } of events) {
    // A step that answers nothing has ended well, too.
    if (done) results.set(String(done.scheduledEventId), decode(done.result?.payloads) ?? null);
  }
  return events.flatMap(({ eventId, activityTaskScheduledEventAttributes: scheduled }) => {
    if (!scheduled) return [];
    const result = results.get(String(eventId));
    const step = { name: scheduled.activityType?.name ?? '', args: decode(scheduled.input?.payloads) };
    return [result === undefined ? step : { ...step, result }];
  });
}

function decode(payloads: readonly Payload[] | null | undefined): unknown {
  const [first] = payloads ?? [];
  return first ? defaultPayloadConverter.fromPayload(first) : undefined;
}
