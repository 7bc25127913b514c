import { Connection } from '@temporalio/client';
import type { temporal } from '@temporalio/proto';

type Event = temporal.api.history.v1.IHistoryEvent;

/** Where a step is, as the history of its workflow tells it: scheduled, and so about to run, or ended. */
export interface StepMoment {
  readonly step: string;
  readonly at: 'begin' | 'end';
}

/** Follows the history of the newest run of a workflow as it is written, a few milliseconds behind the server. */
export class HistoryWatch {
  private readonly connection: Connection;
  private readonly workflowId: string;

  private constructor(connection: Connection, workflowId: string) {
    this.connection = connection;
    this.workflowId = workflowId;
  }

  static async open(port: number, workflowId: string): Promise<HistoryWatch> {
    return new HistoryWatch(await Connection.connect({ address: `127.0.0.1:${port}` }), workflowId);
  }

  /** Resolves as soon as a step has come to that moment; `false` when the run ended without. */
  async until(runId: string, moment: StepMoment): Promise<boolean> {
    const scheduled = new Map<string, string>();
    for await (const event of this.events(runId)) {
      const begun = event.activityTaskScheduledEventAttributes;
      if (begun) scheduled.set(String(event.eventId), begun.activityType?.name ?? '');
      if (begun && moment.at === 'begin' && begun.activityType?.name === moment.step) return true;
      const ended = event.activityTaskCompletedEventAttributes ?? event.activityTaskFailedEventAttributes;
      if (ended && moment.at === 'end' && scheduled.get(String(ended.scheduledEventId)) === moment.step) return true;
    }
    return false;
  }

  /** Names of the steps of a run that has ended, in order, each once. */
  async steps(runId: string): Promise<string[]> {
    const names: string[] = [];
    for await (const event of this.events(runId)) {
      const name = event.activityTaskScheduledEventAttributes?.activityType?.name;
      if (name) names.push(name);
    }
    return [...new Set(names)];
  }

  /** Run id of the newest run; `null` when there is none. */
  async newestRun(): Promise<string | null> {
    try {
      const execution = { workflowId: this.workflowId };
      const found = await this.connection.workflowService.describeWorkflowExecution({
        namespace: 'default',
        execution,
      });
      return found.workflowExecutionInfo?.execution?.runId ?? null;
    } catch (error) {
      if ((error as { code?: number }).code === 5) return null;
      throw error;
    }
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
