import { condition, continueAsNew, log, setHandler, workflowInfo } from '@temporalio/workflow';
import { joined, leaseMs, left, nextLookMs, present, wrongWaiter, type Line, type QueueInput } from '../model/queue.js';
import { joinLine, leaveLine, lineQuery } from './messages.js';

/** Temporal suggests a fresh history much later, and every query of a new worker reads all of it. */
const historyLimit = 2000;

/**
 * The line of those who wait for an environment: who comes next, and nothing else. It starts no run and holds no lock; the
 * next one in it starts its own, whose workflow id is the lock. Whoever is killed is forgotten when its time is up, and
 * with the last one the line ends.
 */
export async function queue(input: QueueInput): Promise<void> {
  // Started by hand, it may have got nothing.
  let line: Line = (input as Partial<QueueInput> | undefined)?.line ?? [];
  setHandler(joinLine, (waiter) => {
    const problem = wrongWaiter(waiter);
    // Anybody can send a signal by hand: an error here would fail each workflow task from now on, so nobody would get a turn.
    if (problem !== null) return log.warn(`a join signal was left out: ${problem}`);
    line = joined(line, waiter, Date.now());
  });
  setHandler(leaveLine, (id) => void (line = left(line, id)));
  setHandler(lineQuery, () => line, { description: 'Who waits, in order.' });
  await condition(() => line.length > 0, leaseMs);
  while (line.length > 0) {
    await condition(() => line.length === 0, nextLookMs(line, Date.now()));
    line = present(line, Date.now());
    if (line.length > 0 && workflowInfo().historyLength > historyLimit) await continueAsNew<typeof queue>({ line });
  }
}
