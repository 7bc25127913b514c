import { PassThrough, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import type { ClientChannel } from 'ssh2';
import { LeftAlone, type Command, type CommandResult, type RunOptions } from '../host.js';
import { endsJob, leavesJob } from '../job.js';
import { eachLine } from '../lines.js';
import { commandLine, quote } from '../quote.js';
import type { SshConnection } from './connection.js';

/** Options of a command that may be the wrapper of a job (hosts/job.ts), which is ended by a signal of its own. */
export interface RemoteOptions extends RunOptions {
  readonly isJob?: boolean;
}

/** Time between asking a command to end and ending it. */
const killAfterMs = 5000;

/**
 * Runs a command over a connection and returns how it ended.
 *
 * @param line what the host is asked to run. Default: the command, in a shell that can be ended.
 * @throws {SshError} `lost` when the connection broke before the command ended; the command may go on.
 */
export async function runOver(
  connection: SshConnection,
  command: Command,
  options: RemoteOptions = {},
  line = remoteLine(command),
): Promise<CommandResult> {
  const started = Date.now();
  const unstarted = { command, exitCode: null, signal: null, timedOut: false, stdout: '', stderr: '' };
  if (options.signal?.aborted) return { ...unstarted, cancelled: true, durationMs: 0 };
  const { channel, ended } = await connection.exec(line);
  const stderr = withoutPid(channel.stderr);
  const output = Promise.all([collect(channel, 'stdout', options), collect(stderr.rest, 'stderr', options)]);
  const limits = limit(connection, stderr.pid, options);
  try {
    await feed(channel, command.stdin);
    const { exitCode, signal } = await ended;
    const [out, err] = await output;
    const { cancelled, timedOut } = limits.state;
    if (exitCode === null && signal === null) throw connection.lost();
    const outcome = { exitCode: cancelled || timedOut ? null : exitCode, signal, timedOut, cancelled };
    return { command, ...outcome, stdout: out, stderr: err, durationMs: Date.now() - started };
  } finally {
    limits.stop();
  }
}

const pidMark = 'pointsman-pid:';

/**
 * A line for whatever shell the user has there: it only starts the one that the rest is written for. That one says which
 * process it is before it becomes the command: sshd hands no signals on to root, or to a forced command.
 */
function remoteLine({ argv, cwd, env }: Pick<Command, 'argv' | 'cwd' | 'env'>): string {
  const assignments = Object.entries(env ?? {}).map(([name, value]) => `${name}=${quote(value)}; export ${name}; `);
  const directory = cwd === undefined ? '' : `cd ${quote(cwd)} && `;
  const script = `echo ${pidMark}$$ >&2; ${assignments.join('')}${directory}exec ${commandLine(argv)}`;
  return commandLine(['sh', '-c', script]);
}

/** Takes the line with the process's id out of the stream. */
function withoutPid(stderr: Readable): { rest: Readable; pid: Promise<number> } {
  const rest = new PassThrough();
  const line = new RegExp(`^${pidMark}(\\d+)\\n`, 'm');
  let held: string | null = '';
  let found: (pid: number) => void;
  const pid = new Promise<number>((resolve) => (found = resolve));
  stderr.on('data', (chunk: Buffer) => {
    if (held === null) return void rest.write(chunk);
    held += chunk.toString();
    const match = line.exec(held);
    if (!match) return;
    found(Number(match[1]));
    rest.write(held.replace(line, ''));
    held = null;
  });
  const end = (): void => void (rest.writableEnded || rest.end(held ?? ''));
  stderr.once('end', end).once('close', end);
  return { rest, pid };
}

async function collect(stream: Readable, name: 'stdout' | 'stderr', { onLine }: RunOptions): Promise<string> {
  if (onLine) eachLine(stream, (line) => onLine(line, name));
  return text(stream);
}

async function feed(channel: ClientChannel, stdin: Command['stdin']): Promise<void> {
  if (stdin === undefined) {
    channel.end();
    return;
  }
  const source = typeof stdin === 'string' ? Readable.from([stdin]) : stdin;
  // A command may end without reading all of it; how it ended says what that means.
  await pipeline(source, channel.stdin).catch(() => undefined);
}

/** Ends a command that was cancelled or takes too long: asked first, then killed. */
function limit(connection: SshConnection, pid: Promise<number>, options: RemoteOptions) {
  const { signal, timeoutMs, isJob = false } = options;
  const state = { cancelled: false, timedOut: false };
  const timers: NodeJS.Timeout[] = [];
  const later = (ms: number, act: () => void): void => void timers.push(setTimeout(act, ms));
  const send = (name: 'TERM' | 'USR1' | 'KILL'): void => {
    // A command that ended meanwhile needs no signal, and over a lost connection it is heard of by its own channel.
    void pid
      .then((id) => connection.exec(commandLine(['kill', `-${name}`, String(id)])))
      .then(
        ({ channel }) => channel.resume().stderr.resume(),
        () => undefined,
      );
  };
  const end = (): void => {
    send(isJob ? endsJob : 'TERM');
    later(killAfterMs, () => send('KILL'));
  };
  const cancel = (): void => {
    state.cancelled = true;
    if (isJob && signal?.reason instanceof LeftAlone) send(leavesJob);
    else end();
  };
  signal?.addEventListener('abort', cancel, { once: true });
  if (timeoutMs) {
    later(timeoutMs, () => {
      state.timedOut = true;
      end();
    });
  }
  const stop = (): void => {
    signal?.removeEventListener('abort', cancel);
    timers.forEach(clearTimeout);
  };
  return { state, stop };
}
