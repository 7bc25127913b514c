import type Docker from 'dockerode';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { isNotFound } from './container.js';
import { demultiplexed } from './streams.js';

export interface ToolContainer {
  /** The same in every attempt of a step: a second attempt joins the container that the first one left running. */
  readonly name: string;
  readonly image: string;
  readonly argv: readonly [string, ...string[]];
  readonly volumes: readonly ToolVolume[];
  readonly labels: Readonly<Record<string, string>>;
  /** Files and directories of the host; read only. Default: none. */
  readonly binds?: readonly { readonly source: string; readonly target: string }[];
  /** `NAME=value`. Default: what the image brings. */
  readonly environment?: readonly string[];
  /** Networks of the engine that it joins. Default: none at all. */
  readonly networks?: readonly string[];
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
}

export interface ToolResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a one-shot container to its end and removes it, without a network unless it names one; when cancelled it is killed first.
 *
 * A worker that dies leaves the container running. The next attempt finds it by its name, reads its output
 * from the start and waits for its end, so the work is never done twice side by side.
 */
export async function runTool(docker: Docker, tool: ToolContainer, options: ToolOptions = {}): Promise<ToolResult> {
  const container = (await existing(docker, tool)) ?? (await create(docker, tool));
  // Whatever comes of it, the container is removed by force after.
  const kill = (): void => void container.kill().catch(() => undefined);
  options.signal?.addEventListener('abort', kill);
  try {
    if (options.signal?.aborted) kill();
    // Of a connection that breaks off, the library tells only whoever reads a stream; a wait alone would never end.
    const [{ StatusCode }, { stdout, stderr }] = await Promise.all([
      container.wait() as Promise<{ StatusCode: number }>,
      follow(docker, container, options),
    ]);
    options.signal?.throwIfAborted();
    await remove(container);
    return { exitCode: StatusCode, stdout, stderr };
  } catch (error) {
    // Where the engine or the connection to it broke off, the work goes on: the container is the next attempt's.
    if (options.signal?.aborted) await remove(container);
    throw error;
  } finally {
    options.signal?.removeEventListener('abort', kill);
  }
}

async function remove(container: Docker.Container): Promise<void> {
  await container.remove({ force: true, v: true }).catch(ignoreEnded);
}

async function existing(docker: Docker, { name, networks }: ToolContainer): Promise<Docker.Container | null> {
  const container = docker.getContainer(name);
  try {
    const { State } = await container.inspect();
    // Created and never started: the attempt before died between the two.
    if (State.Status === 'created') await joinAndStart(docker, container, networks);
    return container;
  } catch (error) {
    if (isNotFound(error)) return null;
    throw error;
  }
}

async function create(docker: Docker, tool: ToolContainer): Promise<Docker.Container> {
  const { name, image, argv, volumes, labels, binds = [], environment, networks } = tool;
  const container = await docker.createContainer({
    name,
    Image: image,
    Entrypoint: [],
    Cmd: [...argv],
    User: '0',
    Labels: { ...labels },
    ...(environment ? { Env: [...environment] } : {}),
    HostConfig: {
      NetworkMode: networks?.[0] ?? 'none',
      Mounts: [
        ...volumes.map(({ name: Source, target: Target, readOnly: ReadOnly = false }) => ({
          ...{ Type: 'volume' as const, Source, Target, ReadOnly },
        })),
        ...binds.map(({ source: Source, target: Target }) => ({
          ...{ Type: 'bind' as const, Source, Target, ReadOnly: true },
        })),
      ],
    },
  });
  await joinAndStart(docker, container, networks);
  return container;
}

/** Engines before 25 take one network when a container is created: the others are joined before it starts. */
async function joinAndStart(docker: Docker, container: Docker.Container, networks: readonly string[] = []) {
  for (const network of networks.slice(1)) {
    await docker.getNetwork(network).connect({ Container: container.id }).catch(ignoreJoined);
  }
  await container.start();
}

/** The attempt before had joined it, and died before the start. */
function ignoreJoined(error: unknown): void {
  if ((error as { statusCode?: number }).statusCode !== 403) throw error;
}

async function follow(
  docker: Docker,
  container: Docker.Container,
  { onProgress }: ToolOptions,
): Promise<{ stdout: string; stderr: string }> {
  const stream = await container.logs({ follow: true, stdout: true, stderr: true });
  const { stdout, stderr } = demultiplexed(docker, stream);
  if (onProgress) createInterface({ input: stderr }).on('line', onProgress);
  const [out, errors] = await Promise.all([text(stdout), text(stderr)]);
  return { stdout: out, stderr: errors.trimEnd() };
}

/** The container ended, or was removed, by itself in the same moment. */
function ignoreEnded(error: unknown): void {
  if (!isNotFound(error) && (error as { statusCode?: number }).statusCode !== 409) throw error;
}
