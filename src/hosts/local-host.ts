import { randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rename, statfs } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import type Docker from 'dockerode';
import { CommandError } from './command-error.js';
import { directoryMode } from './directory-mode.js';
import { LeftAlone, type Command, type CommandResult, type Host } from './host.js';
import type { HttpRequest, HttpResponse, RunOptions } from './host.js';
import { requestThrough } from './http-request.js';
import { asJob, endsJob, leavesJob } from './job.js';

export interface LocalHostOptions {
  /** Directory in which pointsman keeps its own state. */
  readonly stateDirectory: string;
  /** Engine to talk to. Default: the one of the `DOCKER_*` variables, or the local socket. */
  readonly docker?: Docker;
}

/** More output than this is a bug in the command or in what asks for it; the end is what tells why. */
const maxOutput = 64 << 20;

const require = createRequire(import.meta.url);

/** This machine. */
export class LocalHost implements Host {
  readonly name = 'local';
  readonly stateDirectory: string;
  private engine: Docker | null;

  constructor({ stateDirectory, docker }: LocalHostOptions) {
    this.stateDirectory = stateDirectory;
    this.engine = docker ?? null;
  }

  /** Loaded when it is asked for: most commands never do, and it takes as long to load as all the rest. */
  get docker(): Docker {
    this.engine ??= new (require('dockerode') as typeof Docker)();
    return this.engine;
  }

  async run(command: Command, options?: RunOptions): Promise<CommandResult> {
    const result = await this.tryRun(command, options);
    if (result.exitCode !== 0) throw new CommandError(result);
    return result;
  }

  async tryRun(command: Command, options: RunOptions = {}): Promise<CommandResult> {
    const { argv, ...rest } = asJob(command, this.stateDirectory);
    const [file, ...args] = argv;
    const { execa } = await import('execa');
    const isJob = command.job !== undefined;
    const { end, left } = whatAborts(options.signal, isJob);
    const given = { ...execaOptions({ argv, ...rest }, options), ...(end ? { cancelSignal: end } : {}) };
    const child: Child = execa(file, args, { ...given, killSignal: isJob ? `SIG${endsJob}` : 'SIGTERM' });
    const leave = (): void => void child.kill(`SIG${leavesJob}`);
    left.addEventListener('abort', leave);
    if (left.aborted) leave();
    const forwarded = options.onLine ? forwardLines(child, options.onLine) : null;
    const ended = (await child) as Ended;
    // A last line without a line break comes only once the stream has ended.
    await forwarded;
    return toResult(command, left.aborted ? { ...ended, isCanceled: true } : ended);
  }

  async readFile(path: string): Promise<string | null> {
    try {
      return await readFile(path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw error;
    }
  }

  async writeFile(path: string, content: string, mode = 0o644): Promise<void> {
    await mkdir(dirname(path), { recursive: true, mode: directoryMode });
    const beside = `${path}.${randomUUID()}.tmp`;
    await writeSynced(beside, { content, mode });
    await rename(beside, path);
    await syncDirectory(dirname(path));
  }

  async freeBytes(path: string): Promise<number> {
    const { bavail, bsize } = await statfs(path);
    return bavail * bsize;
  }

  request(request: HttpRequest): Promise<HttpResponse> {
    return requestThrough(false, request);
  }
}

/** The part of execa's subprocess that is used here. */
interface Child extends PromiseLike<unknown> {
  kill(signal: 'SIGTERM'): boolean;
  iterable(options: { from: 'stdout' | 'stderr' }): AsyncIterable<unknown>;
}

/** The part of execa's result that is used here: the same shape for every way of ending. */
interface Ended {
  readonly exitCode?: number;
  readonly signal?: string;
  readonly timedOut: boolean;
  readonly isCanceled: boolean;
  readonly stdout?: string;
  readonly stderr?: string;
  readonly shortMessage?: string;
  readonly durationMs: number;
}

/** A signal as two: what ends the command, and what only ends the wait for it. */
function whatAborts(
  signal: AbortSignal | undefined,
  isJob: boolean,
): { end: AbortSignal | undefined; left: AbortSignal } {
  const [end, left] = [new AbortController(), new AbortController()];
  if (!signal || !isJob) return { end: signal, left: left.signal };
  const tell = (): void => (signal.reason instanceof LeftAlone ? left : end).abort(signal.reason);
  signal.addEventListener('abort', tell, { once: true });
  if (signal.aborted) tell();
  return { end: end.signal, left: left.signal };
}

function execaOptions({ cwd, env, stdin }: Command, { timeoutMs }: RunOptions) {
  return {
    reject: false,
    ...(cwd ? { cwd } : {}),
    ...(env ? { env } : {}),
    ...(stdin === undefined ? { stdin: 'ignore' as const } : { input: stdin }),
    ...(timeoutMs ? { timeout: timeoutMs } : {}),
    forceKillAfterDelay: 5000,
    maxBuffer: maxOutput,
    stripFinalNewline: false,
  };
}

async function forwardLines(child: Child, onLine: NonNullable<RunOptions['onLine']>): Promise<void> {
  const forward = async (stream: 'stdout' | 'stderr'): Promise<void> => {
    for await (const line of child.iterable({ from: stream })) onLine(String(line), stream);
  };
  // How the command ended is reported by its result; here a failure only means that there are no more lines.
  await Promise.allSettled([forward('stdout'), forward('stderr')]);
}

function toResult(command: Command, result: Ended): CommandResult {
  const { exitCode, signal, timedOut, isCanceled, stdout, stderr, durationMs } = result;
  // Only of a command that never ran does the library's sentence say more than the command itself.
  const started = exitCode !== undefined || signal !== undefined || timedOut || isCanceled;
  return {
    command,
    exitCode: exitCode ?? null,
    signal: signal ?? null,
    timedOut,
    cancelled: isCanceled,
    stdout: stdout ?? '',
    stderr: stderr || (started ? '' : (result.shortMessage ?? '')),
    durationMs: Math.round(durationMs),
  };
}

async function writeSynced(path: string, { content, mode }: { content: string; mode: number }): Promise<void> {
  const file = await open(path, 'wx', mode);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  await directory.sync().finally(() => directory.close());
}
