import { createHash } from 'node:crypto';
import { fencing, passing } from './fence.js';
import type { Command, Turn } from './host.js';

/**
 * Runs `$@` apart from this shell, or joins the one that runs in the directory `$0` already; prints what it wrote and
 * ends as it ended. The lock is the kernel's and is inherited by the command: whoever can take it knows that nothing
 * runs any more, whatever was killed. The directory is closed to other users: who can open a lock can also hold it.
 *
 * USR1 ends the command and all that it started; what is left after four seconds is killed. What else this shell is told to
 * end by (TERM by whoever stops the worker, INT by a terminal, HUP) ends the wait alone: another one may have joined the command.
 */
const script = `
job=$0 asked=
trap 'asked=1' USR1
trap 'exit 143' TERM INT HUP
(umask 022; mkdir -p "$job") && chmod 700 "$job" || exit 125
exec 9>>"$job/lock"
if flock -n 9; then
  rm -f "$job/code" "$job/pid"
  setsid sh -c '
    job=$0
    echo $$ >"$job/pid"
    "$@" >"$job/stdout" 2>"$job/stderr"
    echo $? >"$job/code"
  ' "$job" "$@" </dev/null >/dev/null 2>&1 &
fi
exec 9>&-
stop() {
  trap "" USR1
  kill -s TERM -- "-$(cat "$job/pid")" 2>/dev/null
  flock -s -w 4 "$job/lock" true || kill -s KILL -- "-$(cat "$job/pid")" 2>/dev/null
}
leave() {
  kill "$waiting" 2>/dev/null
  exit 143
}
trap stop USR1
flock -s "$job/lock" true &
waiting=$!
trap leave TERM INT HUP
[ -z "$asked" ] || stop
wait "$waiting"
flock -s "$job/lock" true
cat "$job/stdout"
cat "$job/stderr" >&2
code=$(cat "$job/code" 2>/dev/null) || { echo "it was killed" >&2; code=137; }
exit "$code"
`;

/**
 * Runs `$@` once the lock `$0` is free, unless the attempt comes too late by then: it may have waited for long. The lock is inherited
 * by the command. The fence is not: whoever comes to it has the lock.
 */
const inTurn = `${fencing}
set -u
how=$1 number=$POINTSMAN_ATTEMPT
shift
unset POINTSMAN_ATTEMPT
umask 077
exec 7>>"$0" || exit 125
flock 7 || exit 125
pass_fence "$0.fence" "$number" "$how"
umask 022
exec 8>&-
exec "$@"
`;

/** Ends a job; {@link leavesJob} ends only the wait for it. */
export const endsJob = 'USR1';
export const leavesJob = 'TERM';

/** Jobs that ended this long ago are tidied away. */
const keepDays = 7;

/**
 * A command as a job: it goes on when the connection or the process that asked for it dies, and asking for it again
 * under the same name waits for the one that runs instead of starting another. A command without a name stays as it is.
 *
 * With a {@link Turn} it ends with `overtaken` (fence.ts) where a later attempt has had its turn.
 */
export function asJob(command: Command, stateDirectory: string): Command {
  const { job, turn, ...rest } = command;
  if (job === undefined) return command;
  const name = `${job.replace(/[^\w.-]+/g, '-').slice(0, 80)}-${digest([job, ...command.argv])}`;
  const { argv, env } = turn ? takingTurn(rest, turn) : rest;
  return { ...rest, argv: ['sh', '-c', script, `${stateDirectory}/jobs/${name}`, ...argv], ...(env ? { env } : {}) };
}

/** The attempt goes by the environment: by its arguments the next attempt finds the job that it joins. */
function takingTurn({ argv, env }: Command, { lockFile, how }: Turn): Pick<Command, 'argv' | 'env'> {
  const [number] = passing(how);
  return { argv: ['sh', '-c', inTurn, lockFile, how, ...argv], env: { ...env, POINTSMAN_ATTEMPT: number } };
}

/** Removes what ended jobs left behind long ago. */
export function tidyJobs(stateDirectory: string): Command {
  const old = ['-mindepth', '1', '-maxdepth', '1', '-mtime', `+${keepDays}`];
  return { argv: ['find', `${stateDirectory}/jobs`, ...old, '-exec', 'rm', '-rf', '{}', '+'] };
}

function digest(words: readonly string[]): string {
  return createHash('sha256').update(words.join('\0')).digest('hex').slice(0, 12);
}
