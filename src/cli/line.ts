import { ServiceError, WorkflowNotFoundError, type Client } from '@temporalio/client';
import { markdown } from '../model/markdown.js';
import { queueId } from '../model/names.js';
import { renewMs, waiting, type Line, type Place, type Waiter } from '../model/queue.js';
import type { Settings } from '../model/settings.js';
import { taskQueue } from '../temporal/place.js';
import type { queue } from '../workflows/index.js';
import { joinLine, leaveLine, lineQuery } from '../workflows/messages.js';
import { environmentKey, projectKey } from '../workflows/search-attributes.js';

/** Without a worker Temporal keeps a query for half a minute. */
const answerWithinMs = 8000;

/** Who waits for an environment, the next one first; nobody where no worker is there to tell. */
export async function whoWaits(client: Client, settings: Settings): Promise<Line> {
  const handle = client.workflow.getHandle(queueId(settings));
  try {
    const { status } = await handle.describe();
    return status.name === 'RUNNING' ? waiting(await askLine(client, settings)) : [];
  } catch (error) {
    if (error instanceof WorkflowNotFoundError || error instanceof ServiceError) return [];
    throw error;
  }
}

function askLine(client: Client, settings: Settings): Promise<Line> {
  const handle = client.workflow.getHandle(queueId(settings));
  return client.withDeadline(Date.now() + answerWithinMs, () => handle.query(lineQuery));
}

/** A place in the line of an environment. It is kept for as long as somebody says so: killed, it is lost in seconds. */
export class PlaceInLine {
  private waiter: Waiter;
  private renewed = 0;
  private readonly client: Client;
  private readonly settings: Settings;

  constructor(client: Client, settings: Settings, waiter: Omit<Waiter, 'since'>) {
    this.client = client;
    this.settings = settings;
    this.waiter = { ...waiter, since: null };
  }

  /** Keeps the place and returns the line; the own place is in it, as the last one where it cannot be seen yet. */
  async hold(): Promise<{ readonly own: Place | null; readonly ahead: Line }> {
    if (Date.now() - this.renewed >= renewMs) await this.renew();
    const line = await askLine(this.client, this.settings);
    const own = line.find(({ id }) => id === this.waiter.id) ?? null;
    // Somebody ended the line meanwhile, or it has not seen us yet: asked for again with the next look.
    if (own) this.waiter = { ...this.waiter, since: own.since };
    else this.renewed = 0;
    const others = waiting(line);
    const at = others.findIndex(({ id }) => id === this.waiter.id);
    return { own, ahead: at === -1 ? others : others.slice(0, at) };
  }

  /** Gives the place up; where that cannot be said, it is lost by itself. */
  async leave(): Promise<void> {
    const handle = this.client.workflow.getHandle(queueId(this.settings));
    await handle.signal(leaveLine, this.waiter.id).catch((error: unknown) => {
      if (!(error instanceof WorkflowNotFoundError || error instanceof ServiceError)) throw error;
    });
  }

  private async renew(): Promise<void> {
    const { project, environment } = this.settings;
    await this.client.workflow.signalWithStart<typeof queue, [Waiter]>('queue', {
      taskQueue,
      workflowId: queueId(this.settings),
      signal: joinLine,
      signalArgs: [this.waiter],
      staticSummary: markdown`those who wait for ${project}/${environment}`,
      typedSearchAttributes: [
        { key: projectKey, value: project },
        { key: environmentKey, value: environment },
      ],
      args: [{ line: [] }],
    });
    this.renewed = Date.now();
  }
}
