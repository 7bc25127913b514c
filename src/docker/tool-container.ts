import type Docker from 'dockerode';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { isNotFound } from './container.js';
import { demultiplexed } from './streams.js';

/** Exit code of what was ended by SIGKILL. */
const killed = 137;

export interface ToolContainer {
  /** The same in every attempt of a step: a second attempt joins the container that the first one left running. */
  readonly name: string;
  readonly image: string;
  readonly argv: readonly [string, ...string[]];
  readonly volumes: readonly ToolVolume[];
  readonly labels: Readonly<Record<string, string>>;
  /** Default: none. Given to Docker's API alone, so it may hold secrets. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Default: root. `null`: the image's own. */
  readonly user?: string | null;
  /** Default: the image's own. */
  readonly workingDirectory?: string;
  /** Name of a Docker network. Default: none at all. */
  readonly network?: string;
  /** Files and directories of the host, read-only. */
  readonly binds?: readonly { readonly source: string; readonly target: string }[];
  /** Default: none. */
  readonly limits?: ToolLimits;
}

export interface ToolLimits {
  readonly memoryBytes?: number;
  /** Fractions of one count: `0.5`. */
  readonly cpus?: number;
}

export interface ToolVolume {
  readonly name: string;
  readonly target: string;
  /** Default: `false`. */
  readonly readOnly?: boolean;
}

export interface ToolOptions {
  readonly signal?: AbortSignal;
  /** Called with every line of standard error: the tool's progress. */
  readonly onProgress?: (line: string) => void;
  /** After this it is killed, and the result says so. Counted anew by an attempt that joins. Default: no limit. */
  readonly timeoutMs?: number;
  /** About how many of the last characters of each output are kept, in whole lines. Default: all. */
  readonly keepCharacters?: number;
}

export interface ToolResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  /** How long the container ran. */
  readonly durationMs: number;
  /** It was killed at `timeoutMs`. */
  readonly timedOut: boolean;
  /** The kernel killed something in it. */
  readonly outOfMemory: boolean;
}

/**
 * Runs a one-shot container without a network to its end and removes it; when cancelled it is killed first.
 *
 * A worker that dies leaves the container running. The next attempt finds it by its name, reads its output
 * from the start and waits for its end, so the work is never done twice side by side.
 */
export async function runTool(docker: Docker, tool: ToolContainer, options: ToolOptions = {}): Promise<ToolResult> {
  const container = (await existing(docker, tool.name)) ?? (await create(docker, tool));
  // Whatever comes of it, the container is removed by force after.
  const kill = (): void => void container.kill().catch(() => undefined);
  options.signal?.addEventListener('abort', kill);
  let late = false;
  const { timeoutMs } = options;
  const limit = timeoutMs === undefined ? undefined : setTimeout(() => void ((late = true), kill()), timeoutMs);
  try {
    if (options.signal?.aborted) kill();
    // Of a connection that breaks off, the library tells only whoever reads a stream; a wait alone would never end.
    const [{ StatusCode }, { stdout, stderr }] = await Promise.all([
      container.wait() as Promise<{ StatusCode: number }>,
      follow(docker, container, options),
    ]);
    options.signal?.throwIfAborted();
    const ended = await howItEnded(container);
    await remove(container);
    return { exitCode: StatusCode, stdout, stderr, ...ended, timedOut: late && StatusCode === killed };
  } catch (error) {
    // Where the engine or the connection to it broke off, the work goes on: the container is the next attempt's.
    if (options.signal?.aborted) await remove(container);
    throw error;
  } finally {
    clearTimeout(limit);
    options.signal?.removeEventListener('abort', kill);
  }
}

async function remove(container: Docker.Container): Promise<void> {
  await container.remove({ force: true, v: true }).catch(ignoreEnded);
}

async function existing(docker: Docker, name: string): Promise<Docker.Container | null> {
  const container = docker.getContainer(name);
  try {
    const { State } = await container.inspect();
    // Created and never started: the attempt before died between the two.
    if (State.Status === 'created') await container.start();
    return container;
  } catch (error) {
    if (isNotFound(error)) return null;
    throw error;
  }
}

async function howItEnded(container: Docker.Container): Promise<Pick<ToolResult, 'durationMs' | 'outOfMemory'>> {
  const { State } = await container.inspect();
  const durationMs = Math.max(0, Date.parse(State.FinishedAt) - Date.parse(State.StartedAt));
  return { durationMs, outOfMemory: State.OOMKilled };
}

async function create(docker: Docker, tool: ToolContainer): Promise<Docker.Container> {
  const { name, image, argv, labels, user = '0', workingDirectory, limits = {} } = tool;
  const [program, ...rest] = argv;
  const container = await docker.createContainer({
    name,
    Image: image,
    // In place of the image's own, so that exactly this runs.
    Entrypoint: [program],
    Cmd: rest,
    ...(user === null ? {} : { User: user }),
    ...(workingDirectory === undefined ? {} : { WorkingDir: workingDirectory }),
    Env: Object.entries(tool.environment ?? {}).map(([key, value]) => `${key}=${value}`),
    Labels: { ...labels },
    HostConfig: {
      NetworkMode: tool.network ?? 'none',
      Mounts: mountsOf(tool),
      ...(limits.memoryBytes === undefined ? {} : { Memory: limits.memoryBytes }),
      ...(limits.cpus === undefined ? {} : { NanoCpus: Math.round(limits.cpus * 1e9) }),
    },
  });
  await container.start();
  return container;
}

function mountsOf({ volumes, binds = [] }: ToolContainer): Docker.MountConfig {
  return [
    ...volumes.map(({ name: Source, target: Target, readOnly: ReadOnly = false }) => ({
      ...{ Type: 'volume' as const, Source, Target, ReadOnly },
    })),
    ...binds.map(({ source: Source, target: Target }) => ({ Type: 'bind' as const, Source, Target, ReadOnly: true })),
  ];
}

async function follow(
  docker: Docker,
  container: Docker.Container,
  { onProgress, keepCharacters }: ToolOptions,
): Promise<{ stdout: string; stderr: string }> {
  const stream = await container.logs({ follow: true, stdout: true, stderr: true });
  const { stdout, stderr } = demultiplexed(docker, stream);
  if (onProgress) createInterface({ input: stderr }).on('line', onProgress);
  const [out, errors] = await Promise.all([textOf(stdout, keepCharacters), textOf(stderr, keepCharacters)]);
  return { stdout: out, stderr: errors.trimEnd() };
}

/** All of it, or its last whole lines: a secret that is cut in half would not be recognised as one any more. */
async function textOf(stream: Readable, keep?: number): Promise<string> {
  if (keep === undefined) return text(stream);
  stream.setEncoding('utf8');
  let kept = '';
  let cut = false;
  for await (const piece of stream) {
    kept += piece as string;
    if (kept.length <= 2 * keep) continue;
    kept = kept.slice(-keep);
    cut = true;
  }
  if (!cut) return kept;
  const at = kept.indexOf('\n');
  return at < 0 ? '' : kept.slice(at + 1);
}

/** The container ended, or was removed, by itself in the same moment. */
function ignoreEnded(error: unknown): void {
  if (!isNotFound(error) && (error as { statusCode?: number }).statusCode !== 409) throw error;
}
