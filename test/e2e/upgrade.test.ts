import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { whoIsUp } from '../../src/temporal/presence.js';
import { HistoryWatch } from '../support/history-watch.js';
import { NextBuild } from '../support/next-build.js';
import { Playground } from '../support/playground.js';
import { trafficBeside } from '../support/under-traffic.js';

const file = 'src/workflows/deploy.ts';
const early = '    const migrates = await rehearse(story, plan);\n';
const late = '    return finish(story, plan, async () => {\n';

let place: Playground;
let next: NextBuild;

interface Status {
  readonly live: { readonly slot: string; readonly release: string } | null;
  readonly last: { readonly release: string; readonly outcome: string } | null;
  readonly running: object | null;
}

async function status(): Promise<Status> {
  const { stdout, all } = await place.start('status', '-e', 'demo', '--json');
  if (stdout === '') throw new Error(all);
  return JSON.parse(stdout) as Status;
}

/** Brings the deploy on and waits for its end. */
async function ended(): Promise<Status> {
  await status();
  await place.runs.untilEnded();
  return status();
}

/** Waits until the container of a slot that was never used is there: the deploy is in the middle of `composeUpWait`. */
async function slotStarts(service: string, signal: AbortSignal): Promise<void> {
  while (!(await place.container(service))?.running) await sleep(100, undefined, { signal });
}

/** Steps of the newest run, in order. */
async function stepsTaken(): Promise<string[]> {
  await using history = await HistoryWatch.open(place.temporalPort, `${place.project}/demo`);
  // Awaited: else the connection is closed before they are read.
  return await history.steps((await history.newestRun()) ?? '');
}

async function slots(): Promise<string[]> {
  const label = [`com.docker.compose.project=${place.project}`];
  const found = await place.docker.listContainers({ all: true, filters: { label } });
  const app = found.filter(({ Labels }) => Labels['com.docker.compose.service']?.startsWith('app-'));
  return app.map(({ Labels, State }) => `${Labels['com.docker.compose.service']} ${State}`).sort();
}

/** With two more steps: the deploy that is killed has passed the place of one, and not that of the other. */
async function nextRelease(): Promise<NextBuild> {
  const build = await NextBuild.of([
    { file, from: early, to: `    if (patched('look-first')) await story.step('findLive', {});\n${early}` },
    {
      file,
      from: late,
      to: `    if (patched('keep-logs')) await story.attempt('collectLogs', { slot: plan.slot });\n${late}`,
    },
  ]);
  await build.build();
  return build;
}

beforeAll(async () => {
  next = await nextRelease();
});
beforeAll(async () => {
  place = await Playground.create();
  expect(await place.deploy('v1')).toEndWith(0);
});
afterAll(async () => {
  await place?.[Symbol.asyncDispose]();
  await next?.[Symbol.asyncDispose]();
});

test('a deploy that this build has begun is finished by the next one, and takes no step where it had passed already', async ({
  signal,
}) => {
  const traffic = trafficBeside(place);
  onTestFinished(async () => void (await traffic.stop()));
  const deploying = place.start('deploy', '-e', 'demo', '--release', 'v2');
  await slotStarts('app-green', signal);
  deploying.kill('SIGKILL');
  process.kill((await whoIsUp(place.home))?.pid ?? 0, 'SIGKILL');
  process.kill(Number(await readFile(join(place.home, 'temporal.pid'), 'utf8')), 'SIGKILL');
  await deploying;
  place.program = next.main;
  const { last, live, running } = await ended();
  expect(running).toBeNull();
  await traffic.atLeast(50);
  const { failures, written, releases } = await traffic.stop();
  expect(last).toMatchObject({ release: 'v2', outcome: 'succeeded' });
  expect(live).toEqual({ slot: 'green', release: 'v2' });
  expect(failures).toEqual({});
  expect(releases['v2']).toBeGreaterThan(0);
  const notes = await place.notes();
  expect(written.filter((id) => !notes.has(id))).toEqual([]);
  expect(await slots()).toEqual(['app-blue exited', 'app-green running']);
  const steps = await stepsTaken();
  expect(steps).not.toContain('findLive');
  expect(steps).toContain('collectLogs');
});

test('and the deploy after it takes the new steps', async () => {
  expect(await place.deploy('v3')).toEndWith(0);
  const steps = await stepsTaken();
  expect(steps.indexOf('findLive')).toBe(steps.indexOf('backupDatabase') - 1);
  expect(steps).toContain('collectLogs');
  expect(await slots()).toEqual(['app-blue running', 'app-green exited']);
});
