import { Client, Connection, WorkflowFailedError } from '@temporalio/client';
import type { temporal } from '@temporalio/proto';
import type { Progress } from '../../src/model/progress.js';
import { progressQuery } from '../../src/workflows/messages.js';

/** Temporal's `WORKFLOW_EXECUTION_STATUS_RUNNING`. */
const running = 1;

type Event = temporal.api.history.v1.IHistoryEvent;

/** Where a step is, as the history of its workflow tells it: scheduled, and so about to run, or ended. */
export interface StepMoment {
  readonly step: string;
  /** Which one, where a run has the step more than once; from 1. Default: the first. */
  readonly nth?: number;
  readonly at: 'begin' | 'end';
}

/** Follows the history of the newest run of a workflow as it is written, a few milliseconds behind the server. */
export class HistoryWatch {
  readonly connection: Connection;
  private readonly workflowId: string;

  private constructor(connection: Connection, workflowId: string) {
    this.connection = connection;
    this.workflowId = workflowId;
  }

  static async open(port: number, workflowId: string): Promise<HistoryWatch> {
    return new HistoryWatch(await Connection.connect({ address: `127.0.0.1:${port}` }), workflowId);
  }

  /** Run id of the run that is under way; `null` when there is none. */
  async openRun(): Promise<string | null> {
    const found = await this.describe();
    return found && Number(found.status) === running ? (found.execution?.runId ?? null) : null;
  }

  /** Resolves as soon as a step has come to that moment; `false` when the run ended without. */
  async until(runId: string, { step, nth = 1, at }: StepMoment): Promise<boolean> {
    const scheduled: string[] = [];
    for await (const event of this.events(runId)) {
      const begun = nameOf(event) === step;
      if (begun) scheduled.push(String(event.eventId));
      if (begun && at === 'begin' && scheduled.length === nth) return true;
      const ended = endOf(event);
      if (ended && at === 'end' && scheduled[nth - 1] === String(ended.scheduledEventId)) return true;
    }
    return false;
  }

  /** Whether a step is under way now, whichever of its name. */
  async isRunning(runId: string, step: string): Promise<boolean> {
    const { events } = await this.fetch(runId);
    const ended = (events ?? []).map((event) => String(endOf(event)?.scheduledEventId));
    const begun = (events ?? []).filter((event) => nameOf(event) === step).map(({ eventId }) => String(eventId));
    return begun.some((id) => !ended.includes(id));
  }

  /** How a run ended, in its own words where it failed. */
  async ending(runId: string): Promise<string> {
    const handle = new Client({ connection: this.connection }).workflow.getHandle(this.workflowId, runId);
    return handle.result().then(
      () => 'it succeeded',
      (error: unknown) => (error instanceof WorkflowFailedError ? `${error.cause?.message}` : String(error)),
    );
  }

  /** Names of the steps of a run that has ended, in order, each once. */
  async steps(runId: string): Promise<string[]> {
    const names: string[] = [];
    for await (const event of this.events(runId)) {
      const name = nameOf(event);
      if (name) names.push(name);
    }
    return [...new Set(names)];
  }

  /** Run id of the newest run; `null` when there is none. */
  async newestRun(): Promise<string | null> {
    return (await this.describe())?.execution?.runId ?? null;
  }

  /** How the worker calls itself that has a step of the newest run; `''` where none has one. */
  async workerOfStep(): Promise<string> {
    const execution = { workflowId: this.workflowId };
    const asked = { namespace: 'default', execution };
    const { pendingActivities } = await this.connection.workflowService.describeWorkflowExecution(asked);
    return pendingActivities?.[0]?.lastWorkerIdentity ?? '';
  }

  /** What the workflow says of itself while it is open. @throws {Error} when no worker answers. */
  async progress(): Promise<Progress> {
    return new Client({ connection: this.connection }).workflow.getHandle(this.workflowId).query(progressQuery);
  }

  private async describe() {
    try {
      const execution = { workflowId: this.workflowId };
      const found = await this.connection.workflowService.describeWorkflowExecution({
        namespace: 'default',
        execution,
      });
      return found.workflowExecutionInfo ?? null;
    } catch (error) {
      if ((error as { code?: number }).code === 5) return null;
      throw error;
    }
  }

  /** Waits for the end of a run and returns all of its events. */
  async whole(runId: string): Promise<Event[]> {
    const events: Event[] = [];
    for await (const event of this.events(runId)) events.push(event);
    return events;
  }

  /** The history of a run so far. @param runId default: the newest one. */
  async fetch(runId?: string): Promise<temporal.api.history.v1.IHistory> {
    const client = new Client({ connection: this.connection });
    return client.workflow.getHandle(this.workflowId, runId).fetchHistory();
  }

  async close(): Promise<void> {
    await this.connection.close();
  }

  /** Every event up to the end of the run, waiting for those to come. */
  private async *events(runId: string): AsyncGenerator<Event> {
    let nextPageToken: Uint8Array | undefined;
    do {
      const page = await this.connection.workflowService.getWorkflowExecutionHistory({
        namespace: 'default',
        execution: { workflowId: this.workflowId, runId },
        waitNewEvent: true,
        ...(nextPageToken ? { nextPageToken } : {}),
      });
      yield* page.history?.events ?? [];
      nextPageToken = page.nextPageToken?.length ? page.nextPageToken : undefined;
    } while (nextPageToken);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** Of the step that an event schedules. */
function nameOf(event: Event): string | null | undefined {
  return event.activityTaskScheduledEventAttributes?.activityType?.name;
}

function endOf(event: Event) {
  return event.activityTaskCompletedEventAttributes ?? event.activityTaskFailedEventAttributes;
}
