import { condition, continueAsNew, setHandler, workflowInfo } from '@temporalio/workflow';
import { joined, leaseMs, left, nextLookMs, present, type Line, type QueueInput } from '../model/queue.js';
import { joinLine, leaveLine, lineQuery } from './messages.js';

/** Temporal suggests a fresh history much later, and every query of a new worker reads all of it. */
const historyLimit = 2000;

/**
 * The line of those who wait for an environment: who comes next, and nothing else. It starts no run and holds no lock; the
 * next one in it starts its own, whose workflow id is the lock. Whoever is killed is forgotten when its time is up, and
 * with the last one the line ends.
 */
export async function queue(input: QueueInput): Promise<void> {
  let line: Line = input.line;
  setHandler(joinLine, (waiter) => void (line = joined(line, waiter, Date.now())));
  setHandler(leaveLine, (id) => void (line = left(line, id)));
  setHandler(lineQuery, () => line, { description: 'Who waits, in order.' });
  await condition(() => line.length > 0, leaseMs);
  while (line.length > 0) {
    await condition(() => line.length === 0, nextLookMs(line, Date.now()));
    line = present(line, Date.now());
    if (line.length > 0 && workflowInfo().historyLength > historyLimit) await continueAsNew<typeof queue>({ line });
  }
}
