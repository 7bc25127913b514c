import { chmodSync, mkdirSync, realpathSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { reasonOf } from '../model/reason.js';
import { TemporalUnavailableError } from './place.js';

const writableByGroup = 0o020;
const writableByOthers = 0o002;
const sticky = 0o1000;

/**
 * Refuses a state directory that another user could put something into: pointsman believes what lies there, and sends
 * signals to processes that are named there.
 *
 * Whoever owns a directory above it must be root or the user that runs this, and it must not be writable by everybody,
 * unless its sticky bit keeps others from renaming what is in it, as that of `/tmp` does. Its group is trusted: with the
 * umask of many distributions, `~/.local` can be written by the user's own group.
 *
 * @returns whether it exists.
 * @throws {TemporalUnavailableError} that says who could write there, and what to do.
 */
export function checkStateDirectory(path: string): boolean {
  const real = realPathOf(path);
  if (real === null) return false;
  const { uid, mode } = statSync(real);
  if (uid !== process.geteuid?.()) {
    throw refusal(path, `belongs to another user (uid ${uid})`, 'Run pointsman as that user');
  }
  if (mode & (writableByGroup | writableByOthers)) {
    const fix = `If nobody else has put anything there: chmod 700 ${path}. Otherwise make a new one`;
    throw refusal(path, `can be written by others (mode ${permissions(mode)})`, fix);
  }
  for (let above = real; above !== dirname(above);) {
    above = dirname(above);
    checkAbove(path, above);
  }
  return true;
}

/**
 * Makes the state directory where there is none, and keeps others out of it: who cannot open the locks in it cannot hold
 * them.
 *
 * @throws {TemporalUnavailableError} as {@link checkStateDirectory} does.
 */
export function secureStateDirectory(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw unusable(path, cause);
  }
  checkStateDirectory(path);
  chmodSync(path, 0o700);
}

function checkAbove(path: string, above: string): void {
  const { uid, mode } = statSync(above);
  const fix = 'Move it';
  if (uid !== 0 && uid !== process.geteuid?.()) {
    throw refusal(path, `is in ${above}, which belongs to another user (uid ${uid})`, fix);
  }
  if (mode & writableByOthers && !(mode & sticky)) {
    throw refusal(path, `is in ${above}, which everybody can write (mode ${permissions(mode)})`, fix);
  }
}

function refusal(path: string, what: string, fix: string): TemporalUnavailableError {
  return new TemporalUnavailableError(
    `The state directory ${path} ${what}: they could decide what pointsman does. ${fix}, or name another directory ` +
      'with POINTSMAN_HOME.',
  );
}

function permissions(mode: number): string {
  return (mode & 0o7777).toString(8);
}

function realPathOf(path: string): string | null {
  try {
    return realpathSync(path);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw unusable(path, cause);
  }
}

function unusable(path: string, cause: unknown): TemporalUnavailableError {
  const message = `The state directory ${path} cannot be used: ${reasonOf(cause)}. Name another one with POINTSMAN_HOME.`;
  return new TemporalUnavailableError(message, { cause });
}
