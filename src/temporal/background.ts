import { spawn } from 'node:child_process';
import { openSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { lastLinesOf } from './log-tail.js';
import { TemporalUnavailableError, type EmbeddedPlace } from './place.js';
import { whoIsUp } from './presence.js';
import { secureStateDirectory } from './state-directory.js';

const readyWithinMs = 90_000;

/**
 * Makes sure that server and worker run, in the background if need be: a deploy never depends on the process
 * that asked for it. Returns whether they had to be started.
 *
 * @throws {TemporalUnavailableError} when the state directory is not safe, or when they do not come up; the message holds
 *   the end of their log then.
 */
export async function ensureUp(place: EmbeddedPlace, command: readonly [string, ...string[]]): Promise<boolean> {
  if ((await whoIsUp(place.stateDirectory))?.ready) return false;
  secureStateDirectory(place.stateDirectory);
  const log = join(place.stateDirectory, 'up.log');
  const output = openSync(log, 'a');
  const [file, ...args] = command;
  const child = spawn(file, args, { detached: true, stdio: ['ignore', output, output] });
  let ended = false;
  child.once('exit', () => (ended = true));
  child.once('error', () => (ended = true));
  const deadline = Date.now() + readyWithinMs;
  for (;;) {
    // Before the look at who is up: another one may have been quicker, and ours ends only when it has seen that one.
    const gaveUp = ended;
    const presence = await whoIsUp(place.stateDirectory);
    if (presence?.ready) break;
    if ((gaveUp && !presence) || Date.now() > deadline) throw notUp(log);
    await sleep(100);
  }
  child.unref();
  return true;
}

function notUp(log: string): TemporalUnavailableError {
  const last = lastLinesOf(log, 8);
  return new TemporalUnavailableError(`Temporal and the worker could not be started (log: ${log}):\n${last}`);
}
