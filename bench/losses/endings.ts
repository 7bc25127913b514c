import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { whoIsUp } from '../../src/temporal/presence.js';
import { HistoryWatch } from '../../test/support/history-watch.js';
import type { Playground } from '../../test/support/playground.js';
import { Traffic } from '../traffic.js';

/** One way in which a deploy can end, brought about on the real parts. */
export interface Ending {
  readonly name: string;
  /** Whether migrations are run on a copy first. */
  readonly rehearsal: boolean;
  /** Rows that the writers have to have written, at least, before, during and after. */
  readonly rows: number;
  /** Of each writer after a row, in milliseconds: what takes minutes is written through at a slower pace. Default: 10. */
  readonly pauseMs?: number;
  readonly act: (place: Playground) => Promise<void>;
}

/** Every ending, in an order in which each finds the database as it was at first: those that keep a migration come last. */
export const endings: readonly Ending[] = [
  {
    name: 'failed health, no migration',
    rehearsal: false,
    rows: 4000,
    act: (place) => deploying(place, 'broken-without-migration', 4),
  },
  {
    name: 'failed health after a migration',
    rehearsal: false,
    rows: 4000,
    act: (place) => deploying(place, 'broken', 4),
  },
  {
    name: 'failed rehearsal',
    rehearsal: true,
    rows: 4000,
    act: (place) => deploying(place, 'failing-migration', 3),
  },
  { name: 'cancelled after a migration', rehearsal: false, rows: 4000, act: cancelled },
  {
    name: 'everything killed at each step of a deploy that fails',
    rehearsal: false,
    rows: 6000,
    pauseMs: 40,
    act: killedAtEachStep,
  },
  {
    name: 'success, with a migration',
    rehearsal: true,
    rows: 4000,
    act: (place) => deploying(place, 'with-migration', 0),
  },
  { name: 'rollback after that', rehearsal: true, rows: 4000, act: rolledBack },
  { name: 'bake switch-back', rehearsal: false, rows: 4000, act: bakedBack },
];

async function deploying(place: Playground, release: string, expected: number): Promise<void> {
  const { code, out } = await place.deploy(release);
  if (code !== expected) throw new Error(`deploy ${release} ended with ${code} instead of ${expected}:\n${out}`);
}

async function rolledBack(place: Playground): Promise<void> {
  const { code, out } = await place.run('rollback', '-e', 'demo');
  if (code !== 0) throw new Error(`the rollback ended with ${code}:\n${out}`);
}

/** Healthy, live, and wrong to every third reader: the router goes back by itself while everybody writes on. */
async function bakedBack(place: Playground): Promise<void> {
  const bake = { duration: '10s', window: '2s', failures: 2, errors: '5%', latency: false, minRequests: 10 };
  await place.configure({ bake });
  const readers = new Traffic({ port: place.port, clients: 4, path: '/api/count', writes: false });
  try {
    await deploying(place, 'erring', 4);
  } finally {
    await readers.stop();
    await place.configure({});
  }
}

async function cancelled(place: Playground): Promise<void> {
  const run = place.start('deploy', '-e', 'demo', '--release', 'migrating-hanging');
  await place.untilRunning('composeUpWait');
  await untilMigrated(place);
  const { code, out } = await place.run('abort', '-e', 'demo');
  await run;
  if (code !== 7) throw new Error(`the abort ended with ${code}:\n${out}`);
}

async function untilMigrated(place: Playground): Promise<void> {
  const tables = 'print([n for (n,) in db.execute("SELECT name FROM sqlite_master")])';
  while (!(await place.python(tables)).includes("'tags'")) await sleep(200);
}

/** As many deploys as a failing one has steps: in each, command, worker and Temporal are killed as that step begins. */
async function killedAtEachStep(place: Playground): Promise<void> {
  const workflow = `${place.project}/demo`;
  const first = await startedRun(place, workflow, () => deploying(place, 'broken', 4));
  const steps = await withHistory(place, workflow, (history) => history.steps(first));
  for (const step of steps) {
    let command: ReturnType<Playground['start']> | undefined;
    const run = await startedRun(place, workflow, () => {
      command = place.start('deploy', '-e', 'demo', '--release', 'broken');
    });
    await withHistory(place, workflow, (history) => history.until(run, { step, at: 'begin' }));
    command?.kill('SIGKILL');
    await killServerAndWorker(place);
    await command;
    // What a supervisor, or the next person with a question, does.
    await place.run('status', '-e', 'demo');
    await untilIdle(place);
  }
}

/** Starts something and returns the id of the run that came of it. */
async function startedRun(place: Playground, workflow: string, start: () => Promise<void> | void): Promise<string> {
  const before = await withHistory(place, workflow, (history) => history.newestRun());
  await start();
  for (;;) {
    const now = await withHistory(place, workflow, (history) => history.newestRun());
    if (now !== null && now !== before) return now;
    await sleep(20);
  }
}

async function withHistory<T>(
  { temporalPort }: Playground,
  workflow: string,
  ask: (history: HistoryWatch) => Promise<T>,
): Promise<T> {
  const history = await HistoryWatch.open(temporalPort, workflow);
  try {
    return await ask(history);
  } finally {
    await history.close();
  }
}

async function killServerAndWorker({ home }: Playground): Promise<void> {
  const pids = [(await whoIsUp(home))?.pid, Number(await readFile(join(home, 'temporal.pid'), 'utf8'))];
  for (const pid of pids) if (pid) process.kill(pid, 'SIGKILL');
}

async function untilIdle(place: Playground): Promise<void> {
  for (;;) {
    const { stdout } = await place.start('status', '-e', 'demo', '--json');
    if ((JSON.parse(stdout) as { running: unknown }).running === null) return;
    await sleep(200);
  }
}
