import { AsyncLocalStorage } from 'node:async_hooks';
import { lastLine } from '../model/last-line.js';
import type { Host } from './host.js';

/** Which attempt at which step acts on a host. */
export interface Attempt {
  /**
   * When the attempt was asked for, in milliseconds since 1970: greater for a later attempt, for a later step and for a later
   * run of the same environment.
   */
  readonly number: number;
  /** Aborted where nobody waits for the attempt any more. */
  readonly signal: AbortSignal;
}

/**
 * A later attempt, a later step or a later run has acted there already: this one was cut off from whoever asked for it, and
 * has changed nothing.
 */
export class OvertakenError extends Error {
  override readonly name = 'OvertakenError';

  /** @param where what it would have changed. */
  constructor(where: string) {
    super(`this attempt comes too late: a later step has changed ${where} since it began, and it is left as it is`);
  }
}

const current = new AsyncLocalStorage<Attempt>();

/** Does `work` as this attempt: what changes a host in it passes that host's fences. */
export function asAttempt<Result>(attempt: Attempt, work: () => Promise<Result>): Promise<Result> {
  return current.run(attempt, work);
}

/**
 * How an attempt passes a fence. `act`: unless a later one has, and none before it any more. `look`: as `act`, for what may
 * run beside other steps of its run, which it must not keep out. `close`: keeps those before it out, and changes nothing else.
 */
export type Passing = 'act' | 'look' | 'close';

/**
 * Arguments of `pass_fence` ({@link fencing}) after the file.
 *
 * @throws where the attempt was cancelled.
 */
export function passing(how: Passing): readonly [number: string, how: Passing] {
  const attempt = current.getStore();
  if (how !== 'close') attempt?.signal.throwIfAborted();
  // What is no step (a test, a person's own command) passes without a number.
  return [attempt ? String(attempt.number) : '', how];
}

/** Number of the attempt that acts now; `null` where no step does. */
export function attemptNumber(): number | null {
  return current.getStore()?.number ?? null;
}

/** Whether a number that has passed a fence keeps this attempt out: as `pass_fence` does, where there is no shell to ask. */
export function isOvertakenBy(passed: number): boolean {
  const own = current.getStore();
  return own !== undefined && passed > own.number && passed / 1000 <= Date.now() / 1000 + clocksDifferSeconds;
}

/** No exit code of nginx's, of a shell's or of {@link fencing}'s neighbours in `router/`. */
export const overtaken = 46;
export const fenceUnwritable = 44;

/** A clock that was wrong may have left a number from the future; one this near is only another clock. */
const clocksDifferSeconds = 120;

/**
 * `pass_fence FILE NUMBER HOW` in POSIX sh. FILE holds the greatest number that has passed. It stays locked until the shell
 * ends, so that nothing comes between the look at it and what the script does: a lock without the number would let an old
 * attempt in as soon as it is free. Where there is no `flock` (a router's image may be without), only a moment is between.
 */
export const fencing = `
pass_fence() {
  true >>"$1" || exit ${fenceUnwritable}
  exec 8>>"$1"
  ! command -v flock >/dev/null || flock 8 || exit ${fenceUnwritable}
  [ -n "$2" ] || return 0
  passed=$(cat "$1")
  case $passed in '' | *[!0-9]*) passed=0 ;; esac
  [ "$((passed / 1000))" -le "$(($(date +%s) + ${clocksDifferSeconds}))" ] || passed=0
  if [ "$passed" -gt "$2" ]; then
    [ "$3" = close ] || exit ${overtaken}
  elif [ "$3" != look ]; then
    echo "$2" >"$1" || exit ${fenceUnwritable}
  fi
}
`;

/** Its owner's only: who can open a fence could lock it, and keep every step waiting. */
const before = `${fencing}
set -u
(umask 022; mkdir -p "$(dirname "$1")") || exit 1
umask 077
pass_fence "$1.fence" "$2" "$3"
umask 022
shift 3
`;

/** What is done behind the fence of a path of a host. */
export interface Behind {
  /** POSIX sh, with `args` as `$@`. */
  readonly script: string;
  readonly args: readonly string[];
  readonly stdin?: string;
}

/**
 * Does something about a path of a host, in one command with the look at the fence that lies beside it.
 *
 * @throws {OvertakenError} where a later attempt has been there; nothing is done then.
 */
export async function actBehindFence(host: FencedHost, path: string, behind: Behind): Promise<void> {
  await pass(host, path, 'act', behind);
}

/** As {@link actBehindFence} for what any attempt may do at any time, one after the other. */
export async function inTurnAt(host: FencedHost, path: string, behind: Behind): Promise<void> {
  await pass(host, path, 'look', behind);
}

/** Keeps attempts that began before this one out ({@link actBehindFence}), and changes nothing else. */
export async function closeFence(host: FencedHost, path: string): Promise<void> {
  await pass(host, path, 'close', { script: '', args: [] });
}

/** Whether the fence of a path keeps this attempt out: a later one has been there. */
export async function isKeptOut(host: FencedHost, path: string): Promise<boolean> {
  try {
    await pass(host, path, 'look', { script: '', args: [] });
    return false;
  } catch (error) {
    if (error instanceof OvertakenError) return true;
    throw error;
  }
}

/**
 * As {@link Host.writeFile}, unless a later attempt has written the file.
 *
 * @throws {OvertakenError} where one has.
 */
export function writeFenced(host: FencedHost, path: string, content: string): Promise<void> {
  return actBehindFence(host, path, { script: replaceWith('cat'), args: [path], stdin: content });
}

export type FencedHost = Pick<Host, 'name' | 'tryRun'>;

/** POSIX sh that writes what `command` prints beside the file `$1`, syncs and renames, as {@link Host.writeFile} does. */
export function replaceWith(command: string): string {
  return `new=$(mktemp "$1.XXXXXXXX") || exit 1
${command} >"$new" && chmod 644 "$new" && sync "$new" && mv "$new" "$1" && sync "$(dirname "$1")"; code=$?
rm -f "$new"
exit $code`;
}

async function pass(host: FencedHost, path: string, how: Passing, { script, args, stdin }: Behind): Promise<void> {
  const argv = ['sh', '-c', before + script, 'sh', path, ...passing(how), ...args] as const;
  const { exitCode, stderr } = await host.tryRun({ argv, ...(stdin === undefined ? {} : { stdin }) });
  if (exitCode === overtaken) throw new OvertakenError(`${path} on ${host.name}`);
  if (exitCode !== 0) throw new Error(`${path} on ${host.name} cannot be written: ${lastLine(stderr)}`);
}
