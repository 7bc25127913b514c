import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { whoIsUp } from '../../src/temporal/presence.js';
import { slots, type Slot } from '../../src/model/slot.js';
import type { Playground } from '../../test/support/playground.js';
import { cut, mend, pause, wake } from './away.js';
import type { Kill } from './cells.js';

/** What a kill is done to. */
export interface Target {
  readonly place: Playground;
  /** The command that asked for the run. */
  readonly command: ReturnType<Playground['start']>;
  /** The slot that the release goes to, or is taken over in. */
  readonly newSlot: Slot;
  /** Whether what is struck may still come: Compose is only there for a part of its step. */
  readonly still: () => boolean;
}

/** Ends it without a word, as a crash or the kernel would. Returns whether there was anything to kill. */
export async function strike(kill: Kill, target: Target): Promise<boolean> {
  const { place, command, newSlot } = target;
  switch (kill) {
    case 'worker':
      return killWorker(place);
    case 'server':
      return killServer(place);
    case 'cli':
      return command.exitCode === null && command.kill('SIGKILL');
    case 'all': {
      command.kill('SIGKILL');
      const killed = [await killWorker(place), await killServer(place)];
      return killed.includes(true);
    }
    case 'pause':
      return pause(place);
    case 'cut':
      return cut(place);
    case 'slot':
      return killContainer(place, `app-${newSlot}`);
    case 'router':
    case 'litestream':
      return killContainer(place, kill);
    case 'compose':
      return killCompose(target);
    case 'dockerd':
      return killEngine();
  }
}

/** What a supervisor does at once, or the next person with a question; what was only away comes back by itself. */
export async function bringBack(kill: Kill, place: Playground): Promise<void> {
  if (kill === 'worker' || kill === 'all') await place.run('status', '-e', 'demo');
  if (kill === 'pause') await wake(place);
  if (kill === 'cut') await mend(place);
  if (kill === 'dockerd') await execa(fileURLToPath(new URL('../../script/setup', import.meta.url)), ['docker']);
}

async function killWorker({ home }: Playground): Promise<boolean> {
  return killed((await whoIsUp(home))?.pid);
}

async function killServer({ home }: Playground): Promise<boolean> {
  return killed(Number(await readFile(join(home, 'temporal.pid'), 'utf8')));
}

/** The first process of a container, so that Docker starts it again, as it does after a crash and not after `docker kill`. */
async function killContainer(place: Playground, service: string): Promise<boolean> {
  const container = await place.container(service);
  if (!container?.running) return false;
  const { State } = await place.docker.getContainer(container.id).inspect();
  return killed(State.Pid);
}

/** Compose runs for a moment only, so it is waited for as long as its step may still start it. */
async function killCompose({ place, still }: Target): Promise<boolean> {
  const pattern = `^(docker compose|[^ ]*docker-compose) .*--project-name ${place.project} `;
  while (still()) {
    const { stdout } = await execa('pgrep', ['-f', pattern], { reject: false });
    const pids = stdout.split('\n').filter(Boolean).map(Number);
    if (pids.length > 0) return pids.map(killed).includes(true);
    await sleep(10);
  }
  return false;
}

function killed(pid: number | undefined): boolean {
  if (!pid) return false;
  try {
    return process.kill(pid, 'SIGKILL');
  } catch (error) {
    // It has just ended by itself.
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

/** Only the engine that script/setup has started: another one is not ours to kill. */
async function killEngine(): Promise<boolean> {
  const file = join(process.env['POINTSMAN_CACHE'] ?? join(homedir(), '.cache/pointsman'), 'dockerd.pid');
  const pid = Number(await readFile(file, 'utf8').catch(() => '0'));
  const command = pid > 0 ? await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '') : '';
  if (!command.includes(file)) throw new Error('the Docker engine was not started by script/setup: it stays as it is');
  process.kill(pid, 'SIGKILL');
  while (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')) await sleep(10);
  return true;
}

/** The slot that a run goes to: the one that is not live. */
export function idleSlot(live: string | undefined): Slot {
  return slots.find((slot) => slot !== live) ?? 'blue';
}
