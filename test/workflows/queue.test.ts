import { randomUUID } from 'node:crypto';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { Context } from '@temporalio/activity';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startInTurn } from '../../src/cli/await-turn.js';
import { Exit, exitCodes } from '../../src/cli/exit-codes.js';
import { PlaceInLine, whoWaits } from '../../src/cli/line.js';
import { startOrFollow, tryStart, whoHas } from '../../src/cli/start.js';
import type { Activities } from '../../src/model/activities.js';
import type { DeployInput } from '../../src/model/input.js';
import { queueId } from '../../src/model/names.js';
import type { Settings } from '../../src/model/settings.js';
import { answerAttention } from '../../src/workflows/messages.js';
import { taskQueue } from '../../src/temporal/place.js';
import { failure, recording, wellBehaved } from '../support/fake-activities.js';
import { settings as usual } from '../support/settings.js';
import { waitingSession } from '../support/waiting-session.js';
import { devServer, withWorker } from '../support/workflow-environment.js';

let environment: TestWorkflowEnvironment;
beforeAll(async () => {
  // Each waiter listens for Ctrl-C, and here they share a process.
  process.setMaxListeners(20);
  environment = await devServer();
});
afterAll(() => environment?.teardown());

/** An environment of its own in each test. */
function place(): Settings {
  return { ...usual, project: `shop-${randomUUID().slice(0, 8)}`, database: null, replica: null };
}

function inputOf(settings: Settings, release: string): DeployInput {
  return { settings, release, requestedBy: `ada (${release})`, reason: null };
}

const start = (settings: Settings, release: string) => {
  const { session, said } = waitingSession();
  const input = inputOf(settings, release);
  return { said, handle: startOrFollow(session, environment.client, { kind: 'deploy', input }) };
};

const queued = (settings: Settings, release: string, supersede = false) => {
  const { session, said } = waitingSession();
  const options = { supersede, json: false };
  return { said, handle: startInTurn(session, environment.client, inputOf(settings, release), options) };
};

const inLine = async (settings: Settings) =>
  (await whoWaits(environment.client, settings)).map(({ release }) => release);

/** Activities of which the first slot to be started waits until it is let go. */
function held(): { activities: Activities; letGo: () => void; begun: string[] } {
  const begun: string[] = [];
  let letGo = (): void => undefined;
  const gate = new Promise<void>((resolve) => (letGo = resolve));
  const well = wellBehaved({ slot: 'blue', release: 'v0' });
  const fetchImages: Activities['fetchImages'] = async (args) => {
    begun.push(args.release);
    // Else it counts as dead after six seconds, and begins again.
    const { heartbeat } = Context.current();
    const beat = setInterval(() => heartbeat(), 500);
    await gate.finally(() => clearInterval(beat));
    return well.fetchImages(args);
  };
  return { activities: { ...well, fetchImages }, letGo, begun };
}

const during = <Result>(activities: Activities, work: () => Promise<Result>): Promise<Result> =>
  withWorker(environment, activities, work, taskQueue);

describe('deploys that are asked for in the same second', () => {
  test('are one that runs, and nine that are refused with who, what and since when', async () => {
    const settings = place();
    const { activities, letGo, begun } = held();
    await during(activities, async () => {
      const releases = Array.from({ length: 10 }, (_, at) => `v${at + 1}`);
      const all = await Promise.allSettled(releases.map((release) => start(settings, release).handle));
      const started = all.filter((one) => one.status === 'fulfilled').map(({ value }) => value);
      const refused = all.filter((one) => one.status === 'rejected').map(({ reason }) => reason as Exit);
      expect([started.length, refused.length]).toEqual([1, 9]);
      const running = await whoHas(environment.client, settings);
      for (const { code, message } of refused) {
        expect(code).toBe(exitCodes.busy);
        expect(message).toContain(
          `is busy: deploy ${running?.memo.release} by ada (${running?.memo.release}), since ${running?.startTime.toISOString()}`,
        );
      }
      letGo();
      await started[0]?.result();
      expect(begun).toEqual([running?.memo.release]);
    });
  });

  test('with --queue all run, one at a time and in the order of the line', async () => {
    const settings = place();
    const { activities, letGo } = held();
    const { activities: recorded, calls } = recording(activities);
    await during(recorded, async () => {
      await start(settings, 'v0').handle;
      const releases = Array.from({ length: 10 }, (_, at) => `v${at + 1}`);
      const ends = releases.map(async (release) => (await queued(settings, release).handle).result());
      await expect.poll(() => inLine(settings), { timeout: 30_000 }).toHaveLength(10);
      const order = await inLine(settings);
      letGo();
      await Promise.all(ends);
      const told = calls.filter(({ name }) => name === 'preflight' || name === 'recordRelease');
      const steps = told.map(({ name, args }) => `${name} ${releaseIn(args)}`);
      expect(steps).toEqual(
        ['v0', ...order].flatMap((release) => [`preflight ${release}`, `recordRelease ${release}`]),
      );
      expect(order.toSorted()).toEqual(releases.toSorted());
      expect(await inLine(settings)).toEqual([]);
    });
  }, 120_000);
});

function releaseIn(args: unknown): string {
  const { release, record } = args as { release?: string; record?: { release: string } };
  return release ?? record?.release ?? '';
}

describe('while somebody waits', () => {
  test('a deploy that does not is refused, with who comes next; a rollback by a person is not', async () => {
    const settings = place();
    await during(wellBehaved({ slot: 'blue', release: 'v1' }), async () => {
      const waiter = new PlaceInLine(environment.client, settings, {
        ...{ id: 'one', release: 'v2', requestedBy: 'bob' },
        supersede: false,
      });
      await expect.poll(async () => (await waiter.hold()).own?.id, { timeout: 30_000 }).toBe('one');
      await expect(start(settings, 'v3').handle).rejects.toMatchObject({
        code: exitCodes.busy,
        message: expect.stringMatching(/is waited for: v2 by bob comes next, since 20/) as string,
      });
      const input = { settings, to: null, requestedBy: 'carl', reason: null };
      const rollback = await startOrFollow(waitingSession().session, environment.client, { kind: 'rollback', input });
      await rollback.result();
      await waiter.leave();
      await (await start(settings, 'v3').handle).result();
    });
  });

  test('the line says what runs, by whom and who comes before', async () => {
    const settings = place();
    const { activities, letGo } = held();
    await during(activities, async () => {
      await start(settings, 'v1').handle;
      const second = queued(settings, 'v2');
      await expect.poll(() => inLine(settings), { timeout: 30_000 }).toEqual(['v2']);
      const third = queued(settings, 'v3');
      await expect.poll(() => third.said, { timeout: 30_000 }).toHaveLength(1);
      expect(third.said[0]).toMatch(
        /^waiting for \d+ s: number 2 in line; deploy v1 by ada \(v1\) runs for \d+ s; before it: v2 by ada \(v2\)$/,
      );
      letGo();
      await (await second.handle).result();
      await (await third.handle).result();
    });
  });

  test('the same release, asked for again while it runs, is followed and not waited for', async () => {
    const settings = place();
    const { activities, letGo, begun } = held();
    await during(activities, async () => {
      const first = await start(settings, 'v1').handle;
      const { handle, said } = queued(settings, 'v1');
      const { runId } = await (await handle).describe();
      expect(runId).toBe((await first.describe()).runId);
      expect(said).toEqual(['v1 is being deployed already (by ada (v1)): following it']);
      letGo();
      await first.result();
      expect(begun).toEqual(['v1']);
    });
  });

  test('one that waits behind a run that needs a person is told so', async () => {
    const settings = place();
    let stuck = true;
    const well = wellBehaved({ slot: 'blue', release: 'v0' });
    const activities: Activities = {
      ...well,
      probeSlot: (args) => (stuck ? Promise.reject(failure('WrongRelease', 'v0 answered')) : well.probeSlot(args)),
      stopSlots: (args) => (stuck ? Promise.reject(failure('InvalidInput', 'it will not stop')) : well.stopSlots(args)),
    };
    await during(activities, async () => {
      const first = await start(settings, 'v1').handle;
      const { handle, said } = queued(settings, 'v2');
      await expect.poll(() => said.at(-1), { timeout: 30_000 }).toContain('deploy v1 by ada (v1) waits for a person.');
      expect(said.at(-1)).toContain('Needs attention: stopSlots could not finish: it will not stop');
      stuck = false;
      const { startTime } = await first.describe();
      const signed = { for: 'answer', workflowId: first.workflowId, startedAt: startTime.getTime() } as const;
      await first.executeUpdate(answerAttention, { args: [{ action: 'retry', by: 'ada', reason: 'mended', signed }] });
      await (await handle).result();
    });
  });

  test('one that is killed leaves nothing behind, and the next one comes', async () => {
    const settings = place();
    const { activities, letGo, begun } = held();
    await during(activities, async () => {
      const first = await start(settings, 'v1').handle;
      const killed = await killedWaiter(settings, 'v2');
      const third = queued(settings, 'v3');
      await expect.poll(() => inLine(settings), { timeout: 30_000 }).toEqual(['v2', 'v3']);
      killed();
      letGo();
      await first.result();
      await (await third.handle).result();
      expect(begun).toEqual(['v1', 'v3']);
      const line = environment.client.workflow.getHandle(queueId(settings));
      await expect.poll(async () => (await line.describe()).status.name, { timeout: 30_000 }).toBe('COMPLETED');
    });
  }, 120_000);
});

/** A process that waits in line; returns what kills it with -9. */
async function killedWaiter(settings: Settings, release: string): Promise<() => void> {
  const program = new URL('../support/waiter-process.ts', import.meta.url);
  const { address } = environment.connection.options as { address: string };
  const child = fork(program, [address, JSON.stringify(inputOf(settings, release))], {
    execArgv: ['--import', 'tsx'],
  });
  await once(child, 'message');
  return () => void child.kill('SIGKILL');
}

describe('a deploy that supersedes', () => {
  test('cancels the one that runs, waits until it is undone, and starts then', async () => {
    const settings = place();
    const { activities, calls } = recording(patient());
    await during(activities, async () => {
      const first = await start(settings, 'v1').handle;
      await expect.poll(() => calls.map(({ name }) => name), { timeout: 30_000 }).toContain('composeUpWait');
      const { handle, said } = queued(settings, 'v2', true);
      await (await handle).result();
      await expect(first.result()).rejects.toMatchObject({ cause: { name: 'CancelledFailure' } });
      expect(said[0]).toBe('cancelling deploy v1 by ada (v1): it is undone first');
      const steps = calls.map(({ name, args }) => `${name} ${releaseIn(args)}`.trim());
      expect(steps.indexOf('stopSlots')).toBeLessThan(steps.indexOf('preflight v2'));
      expect(steps.indexOf('recordRelease v1')).toBeLessThan(steps.indexOf('preflight v2'));
    });
  });

  test('comes instead of those who wait, and they are told', async () => {
    const settings = place();
    const { activities, letGo, begun } = held();
    await during(activities, async () => {
      await start(settings, 'v1').handle;
      const older = queued(settings, 'v2');
      const told = expect(older.handle).rejects.toEqual(
        new Exit(exitCodes.cancelled, 'v2 was not started: v3 by ada (v3) is deployed instead (--supersede).'),
      );
      await expect.poll(() => inLine(settings), { timeout: 30_000 }).toEqual(['v2']);
      const newer = queued(settings, 'v3', true);
      await told;
      letGo();
      await (await newer.handle).result();
      expect(begun).toEqual(['v1', 'v3']);
    });
  });

  test('waits for a rollback, which is a person’s decision', async () => {
    const settings = place();
    const { activities, letGo } = held();
    await during(activities, async () => {
      const input = { settings, to: null, requestedBy: 'carl', reason: null };
      const rollback = await tryStart(environment.client, { kind: 'rollback', input });
      const { handle, said } = queued(settings, 'v2', true);
      await expect.poll(() => said, { timeout: 30_000 }).toHaveLength(1);
      expect(said[0]).toContain('rollback the release before by carl runs');
      letGo();
      await rollback?.result();
      await (await handle).result();
    });
  });
});

/** Activities of which the first slot to be started never is; it ends when it is cancelled. */
function patient(): Activities {
  const well = wellBehaved({ slot: 'blue', release: 'v0' });
  let first = true;
  return {
    ...well,
    composeUpWait: async (args) => {
      if (!first) return well.composeUpWait(args);
      first = false;
      const { cancellationSignal, cancelled, heartbeat } = Context.current();
      const beat = setInterval(() => heartbeat(), 500);
      cancellationSignal.addEventListener('abort', () => clearInterval(beat));
      return cancelled;
    },
  };
}
