/**
 * pointsman, a hand-written script of the same steps and a plain `docker compose up -d`, side by side on the same app:
 * `npm run bench:compare`. Prints the tables of docs/zero-downtime.md.
 *
 *     npm run bench:compare -- --rounds 3 --light-rounds 3 --long-rounds 2
 *     npm run bench:compare -- --results compare.jsonl             again: goes on from there
 *     npm run bench:compare -- --results compare.jsonl --report    only prints what is kept; --document: writes it into the docs
 *
 * Exits with 1 when a request failed under pointsman, a deploy did not end well, or a row is gone.
 */
import { appendFile, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { setup } from '../../../test/support/e2e-setup.js';
import { withDrains } from '../accounting.js';
import { buildTrafficImages, removeTrafficImages } from '../app-images.js';
import { daysText, document } from '../document.js';
import { Load } from '../load.js';
import { machine } from '../machine.js';
import { RowKeeper } from '../rows.js';
import { routerLogOf } from '../run.js';
import { reloadsOf } from '../steps.js';
import { freeze, plain, pointsman, script, thaw, type Contender } from './contenders.js';
import { compareReport, faultOf, mixes, type Mix, type RoundResult } from './report.js';

const { values } = parseArgs({
  options: {
    /** Rounds with short requests only: no drain waits for anybody, so wall times can be compared. */
    rounds: { type: 'string', default: '10' },
    /** Rounds with a fifth of them: the processors have time for a deploy. */
    'light-rounds': { type: 'string', default: '10' },
    /** Rounds with every kind of client: a drain takes up to ten seconds, by chance. */
    'long-rounds': { type: 'string', default: '5' },
    rate: { type: 'string', default: '1' },
    results: { type: 'string' },
    report: { type: 'boolean', default: false },
    /** Writes the tables into docs/zero-downtime.md. */
    document: { type: 'boolean', default: false },
  },
});

const drainMs = 30_000;

const rate = Number(values.rate);
const loads = {
  short: { mix: 'short', rate },
  light: { mix: 'short', rate: rate / 5 },
  all: { mix: 'all', rate },
} as const;

async function kept(): Promise<RoundResult[]> {
  const text = values.results ? await readFile(values.results, 'utf8').catch(() => '') : '';
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as RoundResult);
}

interface Entrant {
  readonly contender: Contender;
  readonly keeper: RowKeeper;
  release: string;
}

/** Two releases before anything is measured: from then on every deploy is like the last. */
async function enter(contender: Contender): Promise<Entrant> {
  for (const release of ['v1', 'v2']) {
    const { exitCode, said } = await contender.deploy(release);
    if (exitCode !== 0) throw new Error(`${contender.name} could not bring up ${release}:\n${said}`);
  }
  await freeze(contender);
  return { contender, keeper: new RowKeeper(contender.place), release: 'v2' };
}

async function takeTurn(entrant: Entrant, mix: Mix, on: string): Promise<RoundResult> {
  const { contender, keeper } = entrant;
  await thaw(contender);
  await using load = new Load({ port: contender.place.port, ...loads[mix] });
  await sleep(mix === 'all' ? 4000 : 2000);
  entrant.release = entrant.release === 'v1' ? 'v2' : 'v1';
  const startedAt = Date.now();
  const { tookMs, exitCode, steps, said } = await contender.deploy(entrant.release);
  await sleep(3000);
  await load.stop();
  const drains = reloadsOf(steps).map((reloadedAt) => ({ reloadedAt, timeoutMs: drainMs }));
  const { cells, odd, acknowledged } = withDrains(load.recorder.take(), drains);
  const rows = await keeper.look(acknowledged);
  const result: RoundResult = {
    ...{
      contender: contender.name,
      title: contender.title,
      mix,
      startedAt,
      tookMs,
      exitCode,
      steps,
      cells,
      rows,
      machine: on,
    },
    ...(contender.name !== 'plain' && odd.length > 0
      ? { routerLog: await routerLogOf(contender.place, startedAt) }
      : {}),
    // Under a plain replacement there are thousands, and their counts are in the cells.
    odd: odd.slice(0, 20),
    ...(exitCode === 0 ? {} : { said }),
  };
  await freeze(contender);
  return result;
}

/** A B C A B C …: whatever else the machine does falls on all of them alike. */
async function runAll(results: RoundResult[]): Promise<void> {
  const rounds = {
    short: Number(values.rounds),
    light: Number(values['light-rounds']),
    all: Number(values['long-rounds']),
  };
  const on = await machine();
  const entrants: Entrant[] = [];
  try {
    for (const make of [pointsman, script, plain]) entrants.push(await enter(await make()));
    for (const mix of mixes) {
      for (let round = 1; round <= rounds[mix]; round += 1) {
        for (const entrant of entrants) {
          const { name } = entrant.contender;
          const done = results.filter((one) => one.contender === name && one.mix === mix).length;
          if (done < round) await keep(results, await takeTurn(entrant, mix, on));
        }
      }
    }
  } finally {
    for (const { contender } of entrants) {
      await thaw(contender);
      await contender.place[Symbol.asyncDispose]();
    }
  }
}

async function keep(results: RoundResult[], result: RoundResult): Promise<void> {
  results.push(result);
  if (values.results) await appendFile(values.results, `${JSON.stringify(result)}\n`);
  const { contender, mix, tookMs } = result;
  process.stderr.write(`${contender}, ${mix}: ${(tookMs / 1000).toFixed(1)} s · ${faultOf(result) ?? 'no fault'}\n`);
}

const results = await kept();
if (!values.report) {
  const tearDown = await setup();
  try {
    await buildTrafficImages();
    await runAll(results);
  } finally {
    await removeTrafficImages();
    await tearDown();
  }
}
process.stdout.write(`${compareReport(results)}\n`);
if (values.document) {
  const when = `${daysText(results.map(({ startedAt }) => startedAt))}, ${results[0]?.machine ?? 'nowhere'}.`;
  await document('compare', `${when}\n\n${compareReport(results)}`);
}
process.exitCode = results.some((one) => faultOf(one) !== null && one.contender === 'pointsman') ? 1 : 0;
