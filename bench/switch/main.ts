/**
 * Deploys, failed deploys and rollbacks in a row under every kind of client: `npm run bench:traffic`.
 *
 * Real Docker, nginx, SQLite, Litestream and Temporal. Prints the tables of docs/zero-downtime.md; exits with 1 when one
 * request was not answered as it should be, or a row is gone.
 *
 *     npm run bench:traffic -- --deploys 3 --failed 1 --rollbacks 2 --requests 20000
 *     npm run bench:traffic -- --results traffic.jsonl --minutes 30     again and again, until all is done
 *     npm run bench:traffic -- --results traffic.jsonl --report         only prints what is kept; --seconds 3: of the third run
 *     npm run bench:traffic -- --results traffic.jsonl --report --document      writes it into docs/zero-downtime.md
 *     npm run bench:traffic -- --scenario endless --runs 3              another kind of run
 */
import { appendFile, readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { setup } from '../../test/support/e2e-setup.js';
import { Playground } from '../../test/support/playground.js';
import { buildTrafficImages, removeTrafficImages } from './app-images.js';
import { Load } from './load.js';
import { machine } from './machine.js';
import { documentRuns } from './document-runs.js';
import { report, secondsTable } from './report.js';
import { RowKeeper } from './rows.js';
import { faultsOf, runUnderTraffic, type RunResult } from './run.js';
import { prepare, scenarioOf, type Scenario } from './scenarios.js';
import { requestsIn, totalsOf } from './totals.js';

const { values } = parseArgs({
  options: {
    deploys: { type: 'string', default: '50' },
    failed: { type: 'string', default: '20' },
    rollbacks: { type: 'string', default: '20' },
    /** Only this one, `runs` times. */
    scenario: { type: 'string' },
    runs: { type: 'string', default: '1' },
    /** At least as many, over all runs together. Default: 500,000; with `scenario`, what comes in the time of the runs. */
    requests: { type: 'string' },
    /** Factor of about 300 short requests in a second. */
    rate: { type: 'string', default: '1' },
    /** Response header in which the app says its release. */
    'release-header': { type: 'string', default: 'X-Release' },
    /** Where results are kept, one line each; those that are there are not run again. */
    results: { type: 'string' },
    /** No run is begun after this. */
    minutes: { type: 'string', default: '600' },
    report: { type: 'boolean', default: false },
    /** Writes the tables and pictures into docs/zero-downtime.md. */
    document: { type: 'boolean', default: false },
    /** Prints this run of the results second by second, from 1. */
    seconds: { type: 'string' },
  },
});
let deadline = Date.now() + Number(values.minutes) * 60_000;
// The run under way comes to its end, and its project is removed.
process.once('SIGTERM', () => (deadline = 0));

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

function wanted(): (readonly [Scenario, number])[] {
  if (values.scenario) return [[scenarioOf(values.scenario), Number(values.runs)]];
  return [
    [scenarioOf('deploy'), Number(values.deploys)],
    [scenarioOf('failed'), Number(values.failed)],
    [scenarioOf('rollback'), Number(values.rollbacks)],
  ];
}

async function kept(): Promise<RunResult[]> {
  const text = values.results ? await readFile(values.results, 'utf8').catch(() => '') : '';
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as RunResult);
}

async function keep(result: RunResult, scenario: Scenario): Promise<void> {
  if (values.results) await appendFile(values.results, `${JSON.stringify(result)}\n`);
  const faults = faultsOf(result, scenario);
  const { count } = totalsOf(requestsIn(result.cells));
  say(
    `${scenario.name}: ${(result.tookMs / 1000).toFixed(1)} s, ${count} requests, ${result.rows.acknowledged} rows · ` +
      (faults.length === 0 ? 'as it should be' : faults.join('\n    ')),
  );
}

/** What is still to be run, one after the other; a project of its own wherever the settings differ. */
async function runAll(results: RunResult[]): Promise<void> {
  const list = wanted();
  const total = list.reduce((sum, [, count]) => sum + count, 0);
  const requests = Math.ceil(Number(values.requests ?? (values.scenario ? 0 : 500_000)) / Math.max(1, total));
  const todo = list.flatMap(([scenario, count]) => {
    const done = results.filter((result) => result.scenario === scenario.name).length;
    return Array.from({ length: Math.max(0, count - done) }, () => scenario);
  });
  if (todo.length === 0) return;
  await using place = await Playground.create({ asWritten: true });
  await prepare(place, todo[0]);
  const on = await machine();
  const keeper = new RowKeeper(place);
  const { rate, 'release-header': releaseHeader } = values;
  await using load = new Load({ port: place.port, mix: todo[0]?.mix ?? 'all', rate: Number(rate), releaseHeader });
  for (const [at, scenario] of todo.entries()) {
    if (Date.now() > deadline) break;
    const last = (): boolean => at === todo.length - 1 || Date.now() > deadline;
    const result = await runUnderTraffic({ place, scenario, load, keeper, machine: on, requests, last });
    results.push(result);
    await keep(result, scenario);
  }
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
process.stdout.write(`${report(results)}\n`);
const shown = values.seconds ? results[Number(values.seconds) - 1] : undefined;
if (shown) process.stdout.write(`\n${secondsTable(shown)}\n`);
if (values.document) await documentRuns(results);
process.exitCode = results.some((result) => faultsOf(result, scenarioOf(result.scenario)).length > 0) ? 1 : 0;
