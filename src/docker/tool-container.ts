import type Docker from 'dockerode';
import { LeftAlone } from '../hosts/host.js';
import { isGone, isConflict, isNotFound } from './container.js';
import { followProgress, printed } from './tool-output.js';

/** Exit codes of what was ended by SIGKILL and SIGTERM. */
const killed = 137;
const terminated = 143;

export interface ToolContainer {
  /** The same in every attempt of a step: a second attempt joins the container that the first one left running. */
  readonly name: string;
  readonly image: string;
  readonly argv: readonly [string, ...string[]];
  readonly volumes: readonly ToolVolume[];
  readonly labels: Readonly<Record<string, string>>;
  /** `NAME=value`; given to Docker's API alone, so it may hold secrets. Default: what the image brings. */
  readonly environment?: readonly string[];
  /** Default: root. `null`: the image's own. */
  readonly user?: string | null;
  /** Default: the image's own. */
  readonly workingDirectory?: string;
  /** Networks of the engine that it joins. Default: none at all. */
  readonly networks?: readonly string[];
  /** Files and directories of the host, read-only. */
  readonly binds?: readonly { readonly source: string; readonly target: string }[];
  /** Default: none. */
  readonly limits?: ToolLimits;
  /**
   * Whether it may be run again once it has ended: of two attempts that wait for the same container, one removes it, and the other
   * one may not have its output yet. Default: no.
   */
  readonly repeatable?: boolean;
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
  /** Where another attempt has removed it meanwhile the engine makes it anew, with these: by them it is found. Default: none. */
  readonly labels?: Readonly<Record<string, string>>;
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
 * Runs a one-shot container, without a network unless one is named, to its end and removes it; when cancelled it is killed first.
 *
 * A worker that dies leaves the container running. The next attempt finds it by its name, reads its output
 * from the start and waits for its end, so the work is never done twice side by side.
 */
export async function runTool(docker: Docker, tool: ToolContainer, options: ToolOptions = {}): Promise<ToolResult> {
  for (let met = 0; ; met += 1) {
    try {
      return await joinOrRun(docker, tool, options);
    } catch (error) {
      const again = isNameTaken(error) || (tool.repeatable && wasEndedByAnother(error));
      if (!again || met === mostMeetings || options.signal?.aborted) throw error;
    }
  }
}

/** Another attempt is there at the same moment; it ends, or is ended, within seconds. */
const mostMeetings = 10;

/** Another attempt has made the container since this one looked for it. */
function isNameTaken(error: unknown): boolean {
  return isConflict(error) && /name .* is already in use/.test((error as Error).message);
}

class EndedByAnotherError extends Error {
  override readonly name = 'EndedByAnotherError';
}

/** Also between its making and its start. */
function wasEndedByAnother(error: unknown): boolean {
  if (error instanceof EndedByAnotherError) return true;
  const { message = '' } = error as { message?: string };
  return (isNotFound(error) || isConflict(error)) && /No such container|marked for removal/.test(message);
}

async function joinOrRun(docker: Docker, tool: ToolContainer, options: ToolOptions): Promise<ToolResult> {
  const container = (await existing(docker, tool)) ?? (await create(docker, tool));
  // Whatever comes of it, the container is removed by force after.
  const kill = (): void => void container.kill().catch(() => undefined);
  const left = new AbortController();
  const stop = (): void => (isLeftAlone(options.signal) ? left.abort() : kill());
  options.signal?.addEventListener('abort', stop);
  let late = false;
  const { timeoutMs } = options;
  const limit = timeoutMs === undefined ? undefined : setTimeout(() => void ((late = true), kill()), timeoutMs);
  try {
    if (options.signal?.aborted) stop();
    // Of a connection that breaks off, the library tells only whoever reads a stream; a wait alone would never end.
    const ending = Promise.all([
      container.wait() as Promise<{ StatusCode: number }>,
      followProgress(docker, container, options.onProgress),
    ]);
    const [{ StatusCode }, told] = await Promise.race([ending, rejectedOn(left.signal)]);
    options.signal?.throwIfAborted();
    const { stdout, stderr } = await printed(docker, container, options, told);
    const ended = await howItEnded(container);
    await remove(container);
    return { exitCode: StatusCode, stdout, stderr, ...ended, timedOut: late && StatusCode === killed };
  } catch (error) {
    // Where the engine or the connection to it broke off, the work goes on: the container is the next attempt's.
    // So it is where another attempt has joined it, or will.
    if (options.signal?.aborted && !isLeftAlone(options.signal)) await remove(container);
    if (isGone(error))
      throw new EndedByAnotherError(`${tool.name} is gone: another attempt has ended it`, { cause: error });
    throw error;
  } finally {
    clearTimeout(limit);
    options.signal?.removeEventListener('abort', stop);
  }
}

function isLeftAlone(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true && signal.reason instanceof LeftAlone;
}

function rejectedOn(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const leave = (): void => reject(new LeftAlone('the container is left to the next attempt'));
    if (signal.aborted) leave();
    else signal.addEventListener('abort', leave, { once: true });
  });
}

async function remove(container: Docker.Container): Promise<void> {
  await container.remove({ force: true, v: true }).catch(ignoreEnded);
}

async function existing(docker: Docker, { name, networks }: ToolContainer): Promise<Docker.Container | null> {
  const container = docker.getContainer(name);
  try {
    const { State } = await container.inspect();
    // Created and never started: the attempt before died between the two.
    if (State.Status === 'created') return await startedNow(docker, container, networks);
    // An engine that starts again after a crash stops what still runs: then the work was cut, and has no result.
    if (State.Status === 'exited' && wasCut(State)) {
      await remove(container);
      return null;
    }
    return container;
  } catch (error) {
    if (isNotFound(error)) return null;
    throw error;
  }
}

/**
 * `null`, and it is removed, where the engine died while it started it: it takes it for never started and cannot start it
 * any more. What that start began may still run, so what must not be done twice side by side has a lock of its own.
 */
async function startedNow(
  docker: Docker,
  container: Docker.Container,
  networks?: readonly string[],
): Promise<Docker.Container | null> {
  try {
    await joinAndStart(docker, container, networks);
    return container;
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode !== 500) throw error;
    await remove(container);
    return null;
  }
}

function wasCut({ ExitCode, OOMKilled }: { readonly ExitCode: number; readonly OOMKilled: boolean }): boolean {
  return (ExitCode === killed || ExitCode === terminated) && !OOMKilled;
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
    ...(tool.environment ? { Env: [...tool.environment] } : {}),
    Labels: { ...labels },
    HostConfig: {
      NetworkMode: tool.networks?.[0] ?? 'none',
      Mounts: mountsOf(tool),
      ...(limits.memoryBytes === undefined ? {} : { Memory: limits.memoryBytes }),
      ...(limits.cpus === undefined ? {} : { NanoCpus: Math.round(limits.cpus * 1e9) }),
    },
  });
  await joinAndStart(docker, container, tool.networks);
  return container;
}

function mountsOf({ volumes, binds = [] }: ToolContainer): Docker.MountConfig {
  return [
    ...volumes.map(({ name: Source, target: Target, readOnly: ReadOnly = false, labels }) => ({
      ...{ Type: 'volume' as const, Source, Target, ReadOnly },
      ...(labels ? { VolumeOptions: { Labels: { ...labels } } as Docker.MountSettings['VolumeOptions'] } : {}),
    })),
    ...binds.map(({ source, target }) => readOnlyBind(source, target)),
  ];
}

export function readOnlyBind(Source: string, Target: string): Docker.MountSettings {
  return { Type: 'bind', Source, Target, ReadOnly: true };
}

/** Engines before 25 take one network when a container is created: the others are joined before it starts. */
async function joinAndStart(docker: Docker, container: Docker.Container, networks: readonly string[] = []) {
  for (const network of networks.slice(1)) {
    await docker.getNetwork(network).connect({ Container: container.id }).catch(ignoreJoined);
  }
  await container.start().catch(ignoreStarted);
}

/** Another attempt has found it made and not started. */
function ignoreStarted(error: unknown): void {
  if ((error as { statusCode?: number }).statusCode !== 304) throw error;
}

/** The attempt before had joined it, and died before the start. */
function ignoreJoined(error: unknown): void {
  if ((error as { statusCode?: number }).statusCode !== 403) throw error;
}

/** The container ended, or was removed, by itself in the same moment. */
function ignoreEnded(error: unknown): void {
  if (!isNotFound(error) && !isConflict(error)) throw error;
}
