import { setTimeout as sleep } from 'node:timers/promises';
import type { Progress } from '../../src/model/progress.js';
import { HistoryWatch } from './history-watch.js';

/** Temporal that was not started, or does not come back, within this time is one more thing that went wrong. */
const awayForMs = 150_000;

/** Thrown when a moment has passed that was waited for. */
class TooLate extends Error {
  override readonly name = 'TooLate';
}

/**
 * Waits for moments of an environment's runs. It asks Temporal itself, and again for as long as that is away: it may not have
 * been started yet, or may have been killed. Each `pointsman status` instead would take two seconds of a processor.
 */
export class RunWatch {
  private readonly temporalPort: number;
  private readonly workflowId: string;

  constructor(temporalPort: number, workflowId: string) {
    this.temporalPort = temporalPort;
    this.workflowId = workflowId;
  }

  /**
   * Waits until the run that is under way, or comes next, is in a step.
   *
   * @throws {Error} when that is over already: a short one passes before it is looked at, see `Playground.holdSlots`.
   */
  async untilRunning(step: string): Promise<void> {
    await this.asking(async (history) => {
      const runId = await openRun(history);
      const begun = await history.until(runId, { step, at: 'begin' });
      if (!begun) throw new TooLate(`the run ended without ${step}: ${await history.ending(runId)}`);
      if (!(await history.isRunning(runId, step))) throw new TooLate(`${step} was over before it was looked at`);
    });
  }

  /** Waits until the run that is under way, or comes next, is in a phase. */
  async untilPhase(phase: Progress['phase']): Promise<void> {
    await this.asking(async (history) => {
      await openRun(history);
      while ((await history.progress()).phase !== phase) await sleep(50);
    });
  }

  /** Waits until no run is under way; somebody has to carry it on. */
  async untilEnded(): Promise<void> {
    await this.asking(async (history) => {
      const runId = await history.openRun();
      if (runId !== null) await history.whole(runId);
    });
  }

  private async asking(ask: (history: HistoryWatch) => Promise<void>): Promise<void> {
    const deadline = Date.now() + awayForMs;
    for (;;) {
      try {
        await using history = await HistoryWatch.open(this.temporalPort, this.workflowId);
        return await ask(history);
      } catch (error) {
        if (error instanceof TooLate || Date.now() > deadline) throw error;
        await sleep(50);
      }
    }
  }
}

async function openRun(history: HistoryWatch): Promise<string> {
  for (;;) {
    const runId = await history.openRun();
    if (runId !== null) return runId;
    await sleep(50);
  }
}
