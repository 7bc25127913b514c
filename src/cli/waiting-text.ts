import { ServiceError, type Client } from '@temporalio/client';
import { visibleLine } from '../model/foreign-text.js';
import type { Line } from '../model/queue.js';
import { occupantText, type Occupant } from './start.js';

/** What a deploy in line waits for. */
export interface Waiting {
  /** `null`: nobody has the environment, and the next one in line is about to. */
  readonly occupant: Occupant | null;
  /** Those who come before it. */
  readonly ahead: Line;
  /** When it began to wait. */
  readonly sinceMs: number;
  /** What runs was cancelled for this. */
  readonly undoing: boolean;
}

/** How long the last deploys of an environment took, as their median; `null` when that is not known. */
export async function usualDuration(client: Client, id: string): Promise<number | null> {
  const query = `WorkflowId = "${id}" AND WorkflowType = "deploy" AND ExecutionStatus = "Completed"`;
  const took: number[] = [];
  try {
    for await (const { startTime, closeTime } of client.workflow.list({ query, pageSize: 5 })) {
      if (closeTime) took.push(closeTime.getTime() - startTime.getTime());
      if (took.length === 5) break;
    }
  } catch (error) {
    // It only informs.
    if (!(error instanceof ServiceError)) throw error;
  }
  return took.toSorted((one, other) => one - other)[Math.floor(took.length / 2)] ?? null;
}

/** One line: the own place, what runs and since when, how long that is likely to take. */
export function waitingText(waiting: Waiting, usualMs: number | null, now: number): string {
  const { occupant, ahead, sinceMs, undoing } = waiting;
  const parts = [`waiting for ${seconds(now - sinceMs)}: number ${ahead.length + 1} in line`];
  if (occupant) {
    const forMs = now - occupant.startTime.getTime();
    parts.push(`${occupantText(occupant)} ${undoing ? 'is being undone, and runs' : 'runs'} for ${seconds(forMs)}`);
    if (usualMs !== null && !undoing) parts.push(remaining(usualMs * (ahead.length + 1) - forMs, usualMs));
  }
  if (ahead.length > 0) {
    parts.push(`before it: ${ahead.map(({ release, requestedBy }) => `${release} by ${requestedBy}`).join(', ')}`);
  }
  return visibleLine(parts.join('; '));
}

function remaining(ms: number, usualMs: number): string {
  return ms > 0 ? `about ${seconds(ms)} to go` : `longer than usual (${seconds(usualMs)})`;
}

function seconds(ms: number): string {
  return `${Math.max(0, Math.round(ms / 1000))} s`;
}
