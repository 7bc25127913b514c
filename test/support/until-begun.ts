import { setTimeout as sleep } from 'node:timers/promises';
import { whoIsUp } from '../../src/temporal/presence.js';
import { HistoryWatch } from './history-watch.js';
import type { Playground } from './playground.js';

/** Waits until the run that was just asked for has come to this step; its command starts Temporal once it has looked. */
export async function untilBegun(place: Playground, step: string): Promise<void> {
  while (!(await whoIsUp(place.home))?.ready) await sleep(50);
  await using history = await HistoryWatch.open(place.temporalPort, `${place.project}/demo`);
  let run = await history.openRun();
  while (run === null) run = await history.openRun();
  await history.until(run, { step, at: 'begin' });
}
