import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import type { Live } from '../../src/model/slot.js';
import type { Playground } from '../../test/support/playground.js';
import { ask } from '../faults/ask.js';
import { failuresOf, withDrains, type Cell, type Sample } from './accounting.js';
import type { Load } from './load.js';
import type { RowKeeper, Rows } from './rows.js';
import { otherThan, type Scenario } from './scenarios.js';
import { reloadsOf, stepsOf, type Step } from './steps.js';

/** What came of one run under traffic, as it is kept. */
export interface RunResult {
  readonly scenario: string;
  readonly startedAt: number;
  /** From the start of the command to its end. */
  readonly tookMs: number;
  readonly exitCode: number;
  /** What the command said, where it did not end as it should. */
  readonly said?: string;
  /** What the router had to say besides the requests, where one of them failed. */
  readonly routerLog?: string;
  readonly from: Pick<Live, 'slot' | 'release'> | null;
  readonly to: Pick<Live, 'slot' | 'release'> | null;
  readonly steps: readonly Step[];
  /** Everything that ended since the run before, so that no moment is left out. */
  readonly cells: readonly Cell[];
  readonly odd: readonly Sample[];
  readonly rows: Rows;
  /** Requests that were due and never sent: the machine had no time for them. */
  readonly unsent: number;
  /** 99th percentile of how late this process itself was, in milliseconds: latencies below it are its own. */
  readonly ownDelayMs: number;
  /** What it was made on. */
  readonly machine: string;
}

export interface Trial {
  readonly place: Playground;
  readonly scenario: Scenario;
  readonly load: Load;
  readonly keeper: RowKeeper;
  readonly machine: string;
  /** Requests at least, before, during and after together. */
  readonly requests: number;
  /** Asked once it is over: whether it was the last one. Then its clients come to their end, and are counted with it. */
  readonly last: () => boolean;
}

/** Default of `drain.timeout`. */
const usualDrainMs = 30_000;

/** Steady traffic before the command and after it. */
const beforeMs = 2000;
const afterMs = 3000;

export async function runUnderTraffic(trial: Trial): Promise<RunResult> {
  const { place, scenario, load, keeper, machine, requests, last } = trial;
  const from = await liveOf(place);
  const delay = monitorEventLoopDelay({ resolution: 10 });
  delay.enable();
  const target = load.recorder.requests + requests;
  await sleep(beforeMs);
  const startedAt = Date.now();
  const { exitCode = -1, all } = await place.start(...scenario.command(otherThan(from)));
  const tookMs = Date.now() - startedAt;
  await sleep(afterMs);
  await load.untilRequests(target);
  delay.disable();
  if (last()) await load.stop();
  const steps = stepsOf(all);
  const drains = reloadsOf(steps).map((reloadedAt) => ({ reloadedAt, timeoutMs: scenario.drainMs ?? usualDrainMs }));
  const segment = withDrains(load.recorder.take(), drains);
  const rows = await keeper.look(segment.acknowledged);
  const failed = failuresOf(segment).length > 0;
  return {
    ...{ scenario: scenario.name, startedAt, tookMs, exitCode, from, to: await liveOf(place), steps },
    ...(exitCode === scenario.exitCode ? {} : { said: all }),
    ...(failed ? { routerLog: await routerLogOf(place, startedAt) } : {}),
    ...{
      cells: segment.cells,
      odd: segment.odd,
      unsent: segment.unsent,
      rows,
      machine,
      ownDelayMs: Math.round(delay.percentile(99) / 1e6) - 10,
    },
  };
}

/** Why a run is not as it should be; none where it is. */
export function faultsOf(result: RunResult, { exitCode, expects = () => false }: Scenario): string[] {
  const failures = failuresOf({ odd: result.odd }).filter((failure) => !expects(failure));
  return [
    ...(result.exitCode === exitCode ? [] : [`it ended with ${result.exitCode} instead of ${exitCode}`]),
    ...failures.slice(0, 5).map(sampleText),
    ...(failures.length > 5 ? [`and ${failures.length - 5} more`] : []),
    ...(result.rows.lost.length === 0 ? [] : [`${result.rows.lost.length} rows lost`]),
  ];
}

export function sampleText({ kind, outcome, detail, begunAt, endedAt, release }: Sample): string {
  const time = (ms: number): string => new Date(ms).toISOString().slice(11, 23);
  return `${kind}: ${outcome} (${detail ?? ''}) ${time(begunAt)} to ${time(endedAt)}, ${release ?? 'no release'}`;
}

/** Without the lines of single requests, of which there are too many: what nginx itself did and complained of. */
export async function routerLogOf(place: Playground, sinceMs: number): Promise<string> {
  const router = await place.container('router');
  if (!router) return 'there is no router';
  const since = String(Math.floor(sinceMs / 1000));
  const { all } = await execa('docker', ['logs', '--since', since, router.id], { all: true, reject: false });
  const lines = all.split('\n').filter((text) => /\[(notice|warn|error|crit|alert|emerg)\]/.test(text));
  return lines.slice(-400).join('\n');
}

async function liveOf({ port }: Playground): Promise<Live | null> {
  const answer = await ask(port);
  return answer && { slot: answer.slot, release: answer.release };
}
