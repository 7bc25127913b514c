import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { whoIsUp } from '../../src/temporal/presence.js';
import { historyText } from '../support/history-text.js';
import { Playground, type PlaygroundKind } from '../support/playground.js';
import { untilSaid } from '../support/until-said.js';
import { trafficBeside } from '../support/under-traffic.js';

let place: Playground;

interface Status {
  readonly live: { readonly slot: string; readonly release: string } | null;
  readonly last: { readonly release: string; readonly outcome: string } | null;
  readonly running: { readonly steps: readonly { readonly name: string; readonly state: string }[] } | null;
}

async function status(): Promise<Status> {
  const { stdout } = await place.start('status', '-e', 'demo', '--json');
  return JSON.parse(stdout) as Status;
}

/** Waits for the process of `docker compose up` of this project's slot, sends it a signal, and returns its id. */
async function composeUp(signal: NodeJS.Signals | 0): Promise<number> {
  for (;;) {
    const { stdout } = await execa('pgrep', ['-f', `^docker compose .*--project-name ${place.project} .* app-`], {
      reject: false,
    });
    const pid = Number(stdout.split('\n')[0]);
    if (pid > 0) {
      process.kill(pid, signal);
      return pid;
    }
    await sleep(50);
  }
}

/** Brings the run on, where nobody does, and waits for its end. */
async function ended(): Promise<Status> {
  await status();
  await place.runs.untilEnded();
  return status();
}

// On another host a command is a job that outlives whoever asked for it: what was killed there is found again. That a second
// command follows the first one, and that a killed command changes nothing, is the same code above it, and is tried once.
describe.each<PlaygroundKind>(['local', 'ssh'])('on a host that is %s, a deploy goes on', (kind) => {
  const here = kind === 'local';
  /** Where the deploys go in turn, after those that are tried here alone. */
  const [slot, other] = here ? ['blue', 'green'] : ['green', 'blue'];

  beforeAll(async () => {
    place = await Playground.create({ kind });
    expect(await place.deploy('v1')).toEndWith(0);
  });
  afterAll(() => place?.[Symbol.asyncDispose]());

  if (here) {
    test('when the command that started it is killed', async () => {
      await place.holdSlots();
      const deploying = place.start('deploy', '-e', 'demo', '--release', 'v2');
      await place.untilRunning('composeUpWait');
      deploying.kill('SIGKILL');
      await deploying;
      await place.letSlotsGo();
      const { last } = await ended();
      expect(last).toMatchObject({ release: 'v2', outcome: 'succeeded' });
      expect((await status()).live).toEqual({ slot: 'green', release: 'v2' });
    });
  }

  test('when command, worker and Temporal are all killed: the next command brings it on, and no request fails', async () => {
    const traffic = trafficBeside(place);
    await place.holdSlots();
    const deploying = place.start('deploy', '-e', 'demo', '--release', 'v3');
    await place.untilRunning('composeUpWait');
    deploying.kill('SIGKILL');
    process.kill((await whoIsUp(place.home))?.pid ?? 0, 'SIGKILL');
    process.kill(Number(await readFile(join(place.home, 'temporal.pid'), 'utf8')), 'SIGKILL');
    await deploying;
    await place.letSlotsGo();
    const { last, live } = await ended();
    expect(last).toMatchObject({ release: 'v3', outcome: 'succeeded' });
    expect(live).toEqual({ slot, release: 'v3' });
    expect((await traffic.stop()).failures).toEqual({});
  });

  test('when Compose itself is killed in the middle: the slot is waited for again', async () => {
    const deploying = place.start('deploy', '-e', 'demo', '--release', 'v1');
    await composeUp('SIGKILL');
    const { exitCode, all } = await deploying;
    expect(all).toContain(`live: ${other} (v1)`);
    expect(exitCode).toBe(0);
    expect((await status()).live).toEqual({ slot: other, release: 'v1' });
  });

  test('when the worker alone is killed: the Compose that it had started goes on, and the next worker joins it', async () => {
    const deploying = place.start('deploy', '-e', 'demo', '--release', 'v2');
    const compose = await composeUp(0);
    process.kill((await whoIsUp(place.home))?.pid ?? 0, 'SIGKILL');
    // The very process that the killed worker had started.
    process.kill(compose, 0);
    const { exitCode, all } = await deploying;
    expect(all).toContain(`live: ${slot} (v2)`);
    expect(exitCode).toBe(0);
  });

  if (here) {
    test('under the same release asked for again: the second command follows the one that runs', async () => {
      await place.holdSlots();
      const first = place.start('deploy', '-e', 'demo', '--release', 'v3');
      await place.untilRunning('composeUpWait');
      const second = place.start('deploy', '-e', 'demo', '--release', 'v3');
      await untilSaid(second.all, 'v3 is being deployed already');
      await place.letSlotsGo();
      expect((await second).exitCode, (await second).all).toBe(0);
      expect((await first).exitCode).toBe(0);
      expect((await status()).live).toEqual({ slot: 'green', release: 'v3' });
    });
  }

  test('and no secret of the env file is in any history', async () => {
    const connection = await Connection.connect({ address: `127.0.0.1:${place.temporalPort}` });
    const secret = 'demo-secret-key-of-this-machine';
    expect(await readFile(join(place.directory, '.env.demo'), 'utf8')).toContain(secret);
    let events = 0;
    for await (const { workflowId, runId } of new Client({ connection }).workflow.list()) {
      const history = await new Client({ connection }).workflow.getHandle(workflowId, runId).fetchHistory();
      events += history.events?.length ?? 0;
      const bytes = historyText(history);
      expect(bytes).not.toContain(secret);
    }
    expect(events).toBeGreaterThan(50);
    await connection.close();
  });
});
