import { parentPort, workerData } from 'node:worker_threads';
import { flawOf, numbersOf, type Flaw } from './target.js';
import { targetsIn } from './targets.js';

/** What a thread is to try. */
export interface Task {
  readonly target: string;
  readonly seed: number;
  readonly count: number;
  readonly directory: string;
  /** Of a processor: an input that takes more is a flaw. */
  readonly limitMs: number;
  /** The input that is being read, from 1: whoever watches sees that it stays. */
  readonly at: Int32Array;
}

export interface Tried {
  readonly flaws: readonly Flaw[];
  readonly slowestMs: number;
}

/** Of the whole process: others on this machine do not make an input slow. */
function processorMs(since: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1000;
}

async function tryAll({ target: name, seed, count, directory, limitMs, at }: Task): Promise<Tried> {
  const target = targetsIn(directory).find((each) => each.name === name);
  if (!target) throw new Error(`there is no ${name}`);
  // The first one loads what all of them need.
  await flawOf(target, target.input(numbersOf(0, 0)));
  const flaws: Flaw[] = [];
  let slowestMs = 0;
  for (let number = 1; number <= count; number += 1) {
    const input = target.input(numbersOf(seed, number));
    Atomics.store(at, 0, number);
    const begun = process.cpuUsage();
    const flaw = await flawOf(target, input);
    const tookMs = processorMs(begun);
    slowestMs = Math.max(slowestMs, tookMs);
    if (flaw) flaws.push(flaw);
    else if (tookMs > limitMs)
      flaws.push({ target: name, input, problem: `it took ${Math.round(tookMs)} ms of a processor` });
  }
  return { flaws, slowestMs };
}

parentPort?.postMessage(await tryAll(workerData as Task));
