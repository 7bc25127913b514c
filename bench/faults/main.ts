/**
 * Every process killed at every step, and what came of it: `npm run faults`.
 *
 * Real Docker, nginx, SQLite, Litestream and Temporal; clients read and write through the router all along. Prints the
 * tables of docs/durability.md; exits with 1 when a run did not end as it does without a kill.
 *
 *     npm run faults -- --scenario deploy --step composeUpWait --kill worker --at middle
 *     npm run faults -- --results faults.jsonl --minutes 30     again and again, until all is done
 *     npm run faults -- --jobs 2                                two runs at once
 *     npm run faults -- --workers 2 --kill pause,cut            two workers on a Temporal that is not pointsman's own
 */
import { appendFile, readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { setup } from '../../test/support/e2e-setup.js';
import { Playground } from '../../test/support/playground.js';
import { absences, cellsOf, commandOf, missing, nameOf, selected, type Cell } from './cells.js';
import { differences } from './ending.js';
import { fault, report, type CellResult } from './report.js';
import { buildUnproven, prepare, removeUnproven, scenarioOf, scenarios, type Scenario } from './scenarios.js';
import { tryOnce, type Trial } from './trial.js';
import { onTwoWorkers } from './workers.js';

const { values } = parseArgs({
  options: {
    scenario: { type: 'string' },
    step: { type: 'string' },
    kill: { type: 'string' },
    at: { type: 'string' },
    /** Where results are kept, one line each: a cell that is there is not run again. */
    results: { type: 'string' },
    /** No cell is begun after this. */
    minutes: { type: 'string', default: '600' },
    /** How many runs at once, each with a project of its own. */
    jobs: { type: 'string', default: '1' },
    /** 2: what is away is the worker that has the step, and the other one is there. Results are kept apart, by the file's name. */
    workers: { type: 'string', default: '1' },
    /** Only prints what is kept. */
    report: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
  },
});
let deadline = Date.now() + Number(values.minutes) * 60_000;
// The cell that runs comes to its end, and its playground is removed.
process.once('SIGTERM', () => (deadline = 0));

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

async function kept(): Promise<CellResult[]> {
  const text = values.results ? await readFile(values.results, 'utf8').catch(() => '') : '';
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as CellResult);
}

async function keep(result: CellResult): Promise<void> {
  if (values.results) await appendFile(values.results, `${JSON.stringify(result)}\n`);
  const { cell, resume, tookMs } = result;
  const went = resume ? `${resume.how} after ${(resume.ms / 1000).toFixed(1)} s` : 'nothing to kill';
  say(`${fault(result) ?? 'as without a kill'} · ${nameOf(cell)} · ${went} · ${(tookMs / 1000).toFixed(1)} s`);
  if (fault(result)) say(`  again: ${commandOf(cell)}`);
}

function resultOf(cell: Cell, trial: Trial, usual: Trial): CellResult {
  const { requests, committed, lost, failures, excused, tookMs } = trial;
  const [blow] = trial.blows;
  const found = blow?.struck ? differences(usual.ending, trial.ending) : [];
  const said = found.length > 0 && trial.message ? [`it said: ${trial.message}`] : [];
  return {
    ...{ cell, struck: blow?.struck ?? false, resume: blow?.resume ?? null },
    differences: [...said, ...found],
    ...{ requests, committed, lost, failures, excused, tookMs },
    ...(blow?.outageMs === undefined ? {} : { outageMs: blow.outageMs }),
  };
}

/** The run without a kill, which says what the cells are and how each has to end. */
async function usualRun(place: Playground, scenario: Scenario): Promise<{ usual: Trial; cells: Cell[] }> {
  const usual = await tryOnce({ place, scenario, strikes: [] });
  const steps = usual.steps.map(({ step }) => step);
  const from = scenario.from ? steps.indexOf(scenario.from) : 0;
  say(
    `${scenario.name} without a kill: ${(usual.tookMs / 1000).toFixed(1)} s, ${JSON.stringify(usual.failures)}, ${steps.join(' ')}`,
  );
  if (values.list) say(JSON.stringify(usual.ending, null, 2));
  const cells = cellsOf(scenario.name, steps).filter((cell) => steps.indexOf(cell.step) >= from);
  return { usual, cells };
}

interface Matrix {
  readonly results: CellResult[];
  readonly seen: Set<string>;
  /** Cells that are done or that a job has taken. */
  readonly taken: Set<string>;
}

/** Runs what is to be run of a scenario; a playground that is not as it should be any more is not used again. */
async function runScenario(scenario: Scenario, matrix: Matrix): Promise<void> {
  for (let again = true; again && Date.now() < deadline;) {
    await using place = await Playground.create({ asWritten: true });
    // With one worker, `pointsman up` comes by itself.
    const end = values.workers === '2' ? await onTwoWorkers(place) : null;
    try {
      again = await runOn(place, scenario, matrix);
    } finally {
      await end?.();
    }
  }
}

/** Returns whether the rest takes another playground. */
async function runOn(place: Playground, scenario: Scenario, { results, seen, taken }: Matrix): Promise<boolean> {
  await prepare(place, { engineDies: values.kill === 'dockerd' });
  const { usual, cells } = await usualRun(place, scenario);
  for (const { step } of usual.steps) seen.add(step);
  for (const cell of values.list ? [] : selected(cells, values)) {
    if (Date.now() > deadline) break;
    if (taken.has(JSON.stringify(cell))) continue;
    taken.add(JSON.stringify(cell));
    const result = await runCell({ place, scenario, cell, usual });
    results.push(result);
    await keep(result);
    if (result.differences.length > 0) return true;
  }
  return false;
}

async function runCell({
  place,
  scenario,
  cell,
  usual,
}: {
  place: Playground;
  scenario: Scenario;
  cell: Cell;
  usual: Trial;
}) {
  try {
    return resultOf(cell, await tryOnce({ place, scenario, strikes: [cell], usual }), usual);
  } catch (error) {
    const { out } = await place.run('status', '-e', 'demo');
    const differences = [`${error instanceof Error ? error.message : String(error)}; status: ${out}`];
    const nothing = { requests: 0, committed: 0, lost: 0, failures: {}, excused: 0, tookMs: 0, resume: null };
    return { cell, struck: true, differences, ...nothing };
  }
}

/** All jobs come to their end before one that failed is told of. */
async function inJobs(job: () => Promise<void>): Promise<void> {
  const jobs = Number(values.jobs);
  if (jobs > 1 && values.kill === 'dockerd') throw new Error('the engine is of all jobs: --kill dockerd takes one job');
  const ended = await Promise.allSettled(Array.from({ length: jobs }, job));
  for (const one of ended) if (one.status === 'rejected') throw one.reason;
}

async function runAll(matrix: Matrix): Promise<void> {
  const wanted = values.scenario ? [scenarioOf(values.scenario)] : scenarios;
  const tearDown = await setup();
  try {
    await buildUnproven();
    await inJobs(async () => {
      for (const scenario of wanted) await runScenario(scenario, matrix);
    });
    const silent = values.scenario || Date.now() > deadline ? [] : missing(matrix.seen);
    if (silent.length > 0) throw new Error(`no scenario has the step ${silent.join(', ')}: add one (bench/faults)`);
  } finally {
    await removeUnproven();
    await tearDown();
  }
}

const absent = values.kill?.split(',').every((kill) => (absences as readonly string[]).includes(kill));
if (values.workers !== '1' && !absent)
  throw new Error('--workers 2 is for --kill pause,cut: a worker that is killed is brought back by up');
const results = await kept();
const taken = new Set(results.map(({ cell }) => JSON.stringify(cell)));
const matrix: Matrix = { results, seen: new Set(), taken };
if (!values.report) await runAll(matrix);
process.stdout.write(`${report(matrix.results)}\n`);
process.exitCode = matrix.results.some((result) => fault(result) !== null) ? 1 : 0;
