import type { Readable } from 'node:stream';
import type Docker from 'dockerode';

/** A command as argv; quoting happens inside the host, in one place, and only where there is a shell in between. */
export interface Command {
  readonly argv: readonly [string, ...string[]];
  /** Working directory on the host. */
  readonly cwd?: string;
  /** Added to the host's own environment. Nothing secret: on a remote host a list of processes shows it for a moment. */
  readonly env?: Readonly<Record<string, string>>;
  /** What it reads. Secrets go this way: an argument or a variable could be seen in a list of processes. */
  readonly stdin?: string | Readable;
  /**
   * Names what a long command is about. It then runs apart from whoever asked for it: when the connection or the
   * worker dies it goes on, and the same command asked for again under the same name joins the one that runs.
   */
  readonly job?: string;
  /** A job that waits for its turn among those that change the same thing. */
  readonly turn?: Turn;
}

/** Jobs that share a lock run one after the other. */
export interface Turn {
  /** Held by the kernel until the last process of the job ends, whatever is killed. The directory exists. */
  readonly lockFile: string;
  /** How the job passes the fence beside that file once it has the lock (hosts/fence.ts): one that comes too late does nothing. */
  readonly how: 'act' | 'look';
}

/**
 * The reason of a signal by which somebody stops to wait for a job without ending it: another one has joined it, or will. What
 * is no job ends all the same.
 */
export class LeftAlone extends Error {
  override readonly name = 'LeftAlone';
}

export interface RunOptions {
  /** Ends the command (SIGTERM, then SIGKILL after 5 s) when aborted; a job goes on where the reason is {@link LeftAlone}. */
  readonly signal?: AbortSignal;
  /** Called with every whole line of output as it comes. */
  readonly onLine?: (line: string, stream: 'stdout' | 'stderr') => void;
  /** Milliseconds after which the command is ended. Default: none, activities have their own timeouts. */
  readonly timeoutMs?: number;
}

/** How a command ended: the same shape whether it succeeded or not. */
export interface CommandResult {
  readonly command: Command;
  /** `null` when it did not exit by itself. */
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly timedOut: boolean;
  readonly cancelled: boolean;
  readonly stdout: string;
  readonly stderr: string;
  readonly durationMs: number;
}

/** A machine on which the app runs. The only layer that spawns processes, opens connections or touches files. */
export interface Host {
  /** How people call it: `local`, `ssh://deploy@shop.example.org`. */
  readonly name: string;
  /** The host's Docker engine. */
  readonly docker: Docker;
  /** Directory in which pointsman keeps its own state on that host. */
  readonly stateDirectory: string;

  /**
   * Runs a command and returns how it ended.
   *
   * @throws {CommandError} when it did not exit with 0.
   */
  run(command: Command, options?: RunOptions): Promise<CommandResult>;
  /** As {@link run}, and never throws for a command that ended by itself. */
  tryRun(command: Command, options?: RunOptions): Promise<CommandResult>;
  /** Content of a file, `null` when it does not exist. */
  readFile(path: string): Promise<string | null>;
  /** Writes beside, syncs and renames, so that a reader sees the old or the new content, never a part. */
  writeFile(path: string, content: string, mode?: number): Promise<void>;
  /** Free bytes on the file system that holds `path`. */
  freeBytes(path: string): Promise<number>;
  /** An HTTP request made from that host, without keep-alive. */
  request(request: HttpRequest): Promise<HttpResponse>;
}

export interface HttpRequest {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly timeoutMs: number;
  readonly headers?: Readonly<Record<string, string>>;
  /**
   * Asks over TLS, for the certificate of this name; an address or no name asks for none. Whoever answers is not verified: it is
   * asked by its address, and told apart by what it answers.
   */
  readonly tlsName?: string;
  readonly signal?: AbortSignal;
}

export interface HttpResponse {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** At most the first 64 KiB. */
  readonly body: string;
}
