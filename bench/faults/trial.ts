import { setTimeout as sleep } from 'node:timers/promises';
import { Client, WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { DeployFailureDetails, DeployResult } from '../../src/model/progress.js';
import { HistoryWatch } from '../../test/support/history-watch.js';
import type { Playground } from '../../test/support/playground.js';
import { Writers } from '../losses/writers.js';
import { Traffic, byKind } from '../traffic.js';
import type { Moment, Strike } from './cells.js';
import { endingOf, lostRows, type Ending, type Outcome } from './ending.js';
import { bringBack, idleSlot, strike, type Target } from './kills.js';
import { excused, outageSince, servingOf, type Outage } from './outage.js';
import { releaseFor, type Scenario } from './scenarios.js';
import { resumeAfter, timeline, timeOf, type Resume, type StepTimes } from './timeline.js';
import { layTheirs } from './theirs.js';
import { look } from './world.js';

/** What came of one run, with or without kills. */
export interface Trial {
  readonly ending: Ending;
  readonly steps: readonly StepTimes[];
  readonly blows: readonly Blow[];
  /** Requests that failed, by what happened; those that a write hold answered with 503 did not. */
  readonly failures: Readonly<Record<string, number>>;
  /** Requests that failed because the part that served them was killed: in flight, or sent before it was back. */
  readonly excused: number;
  readonly requests: number;
  readonly committed: number;
  readonly lost: number;
  readonly tookMs: number;
  /** What the run said of its failure. */
  readonly message?: string;
  /** Of the command that asked for it; `null` where it was killed. */
  readonly exitCode: number | null;
}

export interface Blow extends Strike {
  /** `false`: the moment never came, or there was nothing to kill. */
  readonly struck: boolean;
  readonly resume: Resume | null;
  /** From the kill until the last part that served was back; absent where none did. */
  readonly outageMs?: number;
}

export interface Request {
  readonly place: Playground;
  readonly scenario: Scenario;
  readonly strikes: readonly Strike[];
  /** The run without a kill: how long each step takes. */
  readonly usual?: Pick<Trial, 'steps'>;
}

/** What does not end by itself within this time is one more thing that went wrong. */
const longestMs = 150_000;

export async function tryOnce({ place, scenario, strikes, usual }: Request): Promise<Trial> {
  await place.configure(scenario.rollout ?? {});
  if (scenario.theirs !== undefined) await layTheirs(place, scenario.theirs);
  const before = await look(place);
  await using load = new Load(place.port);
  await load.writers.atLeast(20);
  const release = releaseFor(scenario, before.live);
  const startedAt = Date.now();
  const earlier = await withHistory(place, (history) => history.newestRun());
  const command = place.start(...scenario.command(release));
  const runId = await nextRun(place, earlier);
  const adopted = scenario.theirs === undefined ? null : before.live;
  const target = { place, command, newSlot: adopted?.slot ?? idleSlot(before.live?.slot) };
  const dealt = await deal({ target, runId, strikes, usual: usual?.steps ?? [] });
  const { events, outcome } = await untilEnded(place, runId);
  const { exitCode } = await command;
  const tookMs = Date.now() - startedAt;
  await inTime(load.writers.atLeast(load.writers.rows + 20), 'no rows could be written after it');
  const { acknowledged, requests, failed } = await load.stop();
  const after = await look(place);
  const steps = timeline(events);
  const kills = dealt.filter(({ at }) => at !== null).map(({ strike: { kill } }) => kill);
  const lame = excused(
    failed,
    dealt.flatMap(({ outage }) => outage ?? []),
  );
  const seen = { before, after, outcome, release, acknowledged, kills };
  return {
    ending: endingOf(seen),
    blows: dealt.map((one) => blow(one, steps, timeOf(events.at(-1) ?? {}))),
    failures: byKind(failed.filter((one) => !lame.includes(one))),
    excused: lame.length,
    ...(outcome.message ? { message: outcome.message } : {}),
    ...{ steps, requests, tookMs, committed: acknowledged.length, lost: lostRows(seen).length },
    exitCode: exitCode ?? null,
  };
}

interface Dealt {
  readonly strike: Strike;
  /** When, in milliseconds since 1970; `null`: not at all. */
  readonly at: number | null;
  /** `null`: nobody was served by what was killed. */
  readonly outage: Outage | null;
}

function blow({ strike: what, at, outage }: Dealt, steps: readonly StepTimes[], endedAt: number): Blow {
  const workerDied = what.kill === 'worker' || what.kill === 'all';
  return {
    ...what,
    struck: at !== null,
    resume: at === null ? null : resumeAfter(steps, { killedAt: at, endedAt, workerDied }),
    ...(outage ? { outageMs: outage.until - outage.from } : {}),
  };
}

interface Dealing {
  readonly target: Omit<Target, 'still'>;
  readonly runId: string;
  readonly strikes: readonly Strike[];
  readonly usual: readonly StepTimes[];
}

async function deal({ target, runId, strikes, usual }: Dealing): Promise<Dealt[]> {
  const dealt: Dealt[] = [];
  // Whoever brings something back waits for its answer; the run goes on before that.
  const back: Promise<void>[] = [];
  for (const one of strikes) {
    const reached = await untilMoment(target.place, runId, one, halfOf(usual, one));
    let over = false;
    const ended = one.kill === 'compose' ? endOfStep(target.place, runId, one).finally(() => (over = true)) : null;
    const serving = reached ? await servingOf(one.kill, target.place, target.newSlot) : [];
    const from = Date.now();
    const struck = reached && (await strike(one.kill, { ...target, still: () => !over }));
    const at = struck ? Date.now() : null;
    const brought = struck ? bringBack(one.kill, target.place) : Promise.resolve();
    // Should it fail, that is told once all is dealt.
    brought.catch(() => undefined);
    back.push(brought);
    const waited = struck && serving.length > 0;
    dealt.push({ strike: one, at, outage: waited ? await outageSince(from, target.place, serving) : null });
    await ended;
  }
  await Promise.all(back);
  return dealt;
}

/** Half of what the step takes where nothing is killed. */
function halfOf(usual: readonly StepTimes[], { step, nth }: Strike): number {
  const found = usual.find((one) => one.step === step && one.nth === nth);
  return found?.endedAt ? (found.endedAt - found.scheduledAt) / 2 : 0;
}

/** `false` when the run ended before. */
async function untilMoment(place: Playground, runId: string, strike: Strike, halfMs: number): Promise<boolean> {
  const { step, nth, at, kill } = strike;
  const watched: Record<Moment, 'begin' | 'end'> = { before: 'begin', middle: 'begin', after: 'end' };
  const reached = await withHistory(place, (history) => history.until(runId, { step, nth, at: watched[at] }));
  if (reached && at === 'middle' && kill !== 'compose') await sleep(halfMs);
  return reached;
}

async function endOfStep(place: Playground, runId: string, { step, nth }: Strike): Promise<unknown> {
  return withHistory(place, (history) => history.until(runId, { step, nth, at: 'end' }));
}

/** Asks again for as long as the server is away: it is one of those that are killed. */
async function withHistory<T>(place: Playground, ask: (history: HistoryWatch) => Promise<T>): Promise<T> {
  const deadline = Date.now() + longestMs;
  for (;;) {
    try {
      await using history = await HistoryWatch.open(place.temporalPort, `${place.project}/demo`);
      return await ask(history);
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await sleep(50);
    }
  }
}

async function nextRun(place: Playground, earlier: string | null): Promise<string> {
  // On one connection: to open one takes as much of a processor as the run itself.
  return withHistory(place, async (history) => {
    for (;;) {
      const now = await history.newestRun();
      if (now !== null && now !== earlier) return now;
      await sleep(10);
    }
  });
}

async function untilEnded(place: Playground, runId: string) {
  const whole = withHistory(place, (history) => history.whole(runId));
  const events = await inTime(whole, 'the run did not end');
  const outcome = await withHistory(place, (history) => outcomeOf(history, place, runId));
  return { events, outcome };
}

function inTime<T>(wanted: Promise<T>, otherwise: string): Promise<T> {
  const late = new Error(`${otherwise} within ${longestMs / 1000} s`);
  return Promise.race([wanted, sleep(longestMs, null, { ref: false }).then(() => Promise.reject(late))]);
}

async function outcomeOf({ connection }: HistoryWatch, place: Playground, runId: string): Promise<Outcome> {
  const handle = new Client({ connection }).workflow.getHandle(`${place.project}/demo`, runId);
  const { status } = await handle.describe();
  try {
    const { progress } = (await handle.result()) as DeployResult;
    return { status: status.name, failure: '', warnings: progress.warnings };
  } catch (error) {
    if (!(error instanceof WorkflowFailedError) || !(error.cause instanceof ApplicationFailure)) throw error;
    const details = error.cause.details?.[0] as DeployFailureDetails;
    const { failedStep, undone, skipped, progress } = details;
    const failure = `${error.cause.type} at ${failedStep}; undone: ${undone.join(', ')}; skipped: ${skipped.join(', ')}`;
    return { status: status.name, failure, warnings: progress.warnings, message: error.cause.message };
  }
}

/** Clients that write and clients that read, until it is stopped or left. */
class Load {
  readonly writers: Writers;
  private readonly readers: Traffic;
  private stopped = false;

  constructor(port: number) {
    this.writers = new Writers(port, 100);
    this.readers = new Traffic({ port, clients: 4, pauseMs: 50, path: '/api/count', writes: false });
  }

  async stop() {
    this.stopped = true;
    const [written, read] = await Promise.all([this.writers.stop(), this.readers.stop()]);
    const { acknowledged, held, failedRequests } = written;
    const requests = read.sent + acknowledged.length + held + failedRequests.length;
    return { acknowledged, requests, failed: [...failedRequests, ...read.failedRequests] };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.stopped) await this.stop();
  }
}
