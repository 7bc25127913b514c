import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { composeFlaw } from './compose-round-trip.js';
import type { Flaw } from './target.js';
import { targetsIn } from './targets.js';
import type { Tried } from './worker.js';

const { values } = parseArgs({
  options: { seed: { type: 'string' }, count: { type: 'string' }, only: { type: 'string' } },
});
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
const count = Number(values.count ?? 5000);
const limitMs = 1000;
/** An input that stays for as long is never going to end. */
const hangsAfterMs = 20_000;

/** One target in a thread of its own: an input that never ends is seen, and named. */
async function tryTarget(target: string, directory: string): Promise<Tried> {
  const at = new Int32Array(new SharedArrayBuffer(4));
  const workerData = { target, seed, count, directory, limitMs, at };
  const worker = new Worker(new URL('./worker.mjs', import.meta.url), { workerData });
  let [seen, since] = [0, Date.now()];
  return new Promise((resolve, reject) => {
    const watch = setInterval(() => {
      const now = Atomics.load(at, 0);
      if (now !== seen) [seen, since] = [now, Date.now()];
      // Before its first input it is being loaded.
      if (now === 0 || Date.now() - since < hangsAfterMs) return;
      clearInterval(watch);
      void worker.terminate();
      const problem = `input ${now} of seed ${seed} has not ended for ${hangsAfterMs / 1000} s`;
      resolve({ flaws: [{ target, input: '', problem }], slowestMs: Infinity });
    }, 200);
    worker.once('message', resolve).once('error', reject);
    worker.once('exit', () => clearInterval(watch));
  });
}

function tell({ target, input, problem }: Flaw): void {
  console.error(`\n${target}: ${problem}\n${JSON.stringify(input)}`);
}

const directory = await mkdtemp(join(tmpdir(), 'pointsman-fuzz-'));
let wrong = 0;
try {
  console.log(`seed ${seed}, ${count} inputs each`);
  for (const { name } of targetsIn(directory)) {
    if (values.only && values.only !== name) continue;
    const { flaws, slowestMs } = await tryTarget(name, directory);
    flaws.slice(0, 5).forEach(tell);
    wrong += flaws.length;
    console.log(`${name}: ${count} inputs, ${flaws.length} wrong, the slowest took ${slowestMs.toFixed(1)} ms`);
  }
  if (!values.only || values.only === 'compose') {
    const flaw = await composeFlaw(directory, seed);
    if (flaw) tell(flaw);
    wrong += flaw ? 1 : 0;
    console.log(`env through Compose: 1000 values, ${flaw ? 'some' : '0'} wrong`);
  }
} finally {
  await rm(directory, { recursive: true, force: true });
}
process.exitCode = wrong === 0 ? 0 : 1;
