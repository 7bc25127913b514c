import { spawnSync } from 'node:child_process';
import { closeSync, openSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findEarlierUp } from './earlier-up.js';
import { TemporalUnavailableError } from './place.js';
import { hasOpen } from './proc.js';
import { checkStateDirectory, secureStateDirectory } from './state-directory.js';

/** What a running `pointsman up` says of itself. */
export interface Presence {
  readonly pid: number;
  /** The worker takes tasks. */
  readonly ready: boolean;
}

/** Whoever has the lock says at once who it is; one that says nothing for this long is not seen from here. */
const tellsWithinMs = 5000;

/** `flock` does nothing but ask the kernel. */
const lockedWithinMs = 5000;

const lockPath = (stateDirectory: string): string => join(stateDirectory, 'up.lock');
const presencePath = (stateDirectory: string): string => join(stateDirectory, 'up.json');

/** The place of the one `pointsman up` on a state directory: held until it is left, or its process ends. */
export class UpPlace {
  private readonly stateDirectory: string;
  private readonly lock: number;

  /** @param lock descriptor of the lock's file, with the lock taken. */
  constructor(stateDirectory: string, lock: number) {
    this.stateDirectory = stateDirectory;
    this.lock = lock;
    this.tell(false);
  }

  /** From now on the worker takes tasks. */
  ready(): void {
    this.tell(true);
  }

  leave(): void {
    rmSync(presencePath(this.stateDirectory), { force: true });
    closeSync(this.lock);
  }

  /** Renamed into place: nobody reads half of it. */
  private tell(ready: boolean): void {
    const path = presencePath(this.stateDirectory);
    const presence: Presence = { pid: process.pid, ready };
    writeFileSync(`${path}.part`, JSON.stringify(presence), { mode: 0o600 });
    renameSync(`${path}.part`, path);
  }
}

/**
 * Takes the place of the one `up`; `null` when another process has it, which {@link whoIsUp} tells then. There is no lock
 * that could go stale: the kernel holds it for as long as the process lives.
 *
 * @throws {TemporalUnavailableError} when the state directory is not safe ({@link checkStateDirectory}), `flock` is
 *   missing, or the lock is held by a process that cannot be seen.
 */
export async function announce(stateDirectory: string): Promise<UpPlace | null> {
  secureStateDirectory(stateDirectory);
  // Node opens it for this process alone: no child inherits the lock.
  const lock = openSync(lockPath(stateDirectory), 'a', 0o600);
  try {
    const deadline = Date.now() + tellsWithinMs;
    while ((await whoIsUp(stateDirectory)) === null) {
      if (takeLock(lock)) return new UpPlace(stateDirectory, lock);
      if (Date.now() > deadline) throw heldUnseen(lockPath(stateDirectory));
      await sleep(50);
    }
  } catch (error) {
    closeSync(lock);
    throw error;
  }
  closeSync(lock);
  return null;
}

/**
 * The `pointsman up` that runs on this state; `null` when none does. Nothing is asked, so nothing can keep it waiting: what
 * `up` wrote counts for as long as that very process has the lock's file open.
 *
 * @throws {TemporalUnavailableError} when the state directory is not safe: {@link checkStateDirectory}.
 */
export async function whoIsUp(stateDirectory: string): Promise<Presence | null> {
  if (!checkStateDirectory(stateDirectory)) return null;
  const presence = await readPresence(stateDirectory);
  // The kernel names what is open by its real path.
  if (presence && hasOpen(presence.pid, [lockPath(realpathSync(stateDirectory))])) return presence;
  return findEarlierUp(stateDirectory);
}

async function readPresence(stateDirectory: string): Promise<Presence | null> {
  try {
    const { pid, ready } = JSON.parse(await readFile(presencePath(stateDirectory), 'utf8')) as Partial<Presence>;
    return Number.isSafeInteger(pid) && Number(pid) > 0 ? { pid: Number(pid), ready: ready === true } : null;
  } catch {
    // None was there, or it ended at this moment.
    return null;
  }
}

/**
 * The lock belongs to the open file, which `flock` shares with this process: it stays when `flock` has ended.
 *
 * @returns `false` when another process has it.
 */
function takeLock(lock: number): boolean {
  const { status, error, stderr } = spawnSync('flock', ['-n', '3'], {
    stdio: ['ignore', 'ignore', 'pipe', lock],
    timeout: lockedWithinMs,
  });
  if (status === 0) return true;
  if (status === 1) return false;
  const missing = (error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT';
  throw new TemporalUnavailableError(
    missing ? 'The command flock is missing: install util-linux.' : `flock failed: ${error?.message ?? String(stderr)}`,
  );
}

function heldUnseen(path: string): TemporalUnavailableError {
  return new TemporalUnavailableError(
    `Another process has the lock ${path}, and cannot be seen from here. Does a pointsman in another container use the ` +
      'same state directory? End it, or name another directory with POINTSMAN_HOME.',
  );
}
