import { buffer, text } from 'node:stream/consumers';
import type Docker from 'dockerode';
import { extract, pack } from 'tar-stream';
import { demultiplexed } from './streams.js';

export type Health = 'none' | 'starting' | 'healthy' | 'unhealthy';

/** A container as pointsman needs to see it. */
export interface ContainerState {
  readonly id: string;
  readonly running: boolean;
  readonly health: Health;
  readonly exitCode: number;
  readonly oomKilled: boolean;
  readonly startedAt: string;
  /** How often Docker has started it again by its restart policy since it was last started on purpose. */
  readonly restarts: number;
  /** Image reference that it was created from. */
  readonly image: string;
  /** Address on its first network; `null` while it does not run. */
  readonly address: string | null;
  readonly environment: readonly string[];
}

/**
 * The container of a Compose service, running or not; `null` when there is none.
 *
 * Found by its labels: a `compose up` that was killed may leave an odd name until the next recreate.
 */
export async function findContainer(docker: Docker, project: string, service: string): Promise<ContainerState | null> {
  const label = [
    `com.docker.compose.project=${project}`,
    `com.docker.compose.service=${service}`,
    'com.docker.compose.oneoff=False',
  ];
  for (;;) {
    const found = await docker.listContainers({ all: true, filters: { label } });
    const best = found.find(({ State }) => State === 'running') ?? found[0];
    if (!best) return null;
    try {
      return await inspectContainer(docker, best.Id);
    } catch (error) {
      // Compose has put another one in its place meanwhile.
      if (!isNotFound(error)) throw error;
    }
  }
}

export async function inspectContainer(docker: Docker, id: string): Promise<ContainerState> {
  const { State, RestartCount, Config, NetworkSettings } = await docker.getContainer(id).inspect();
  const networks = Object.values(NetworkSettings.Networks ?? {});
  return {
    id,
    running: State.Running && !State.Restarting,
    health: (State.Health?.Status as Health | undefined) ?? 'none',
    exitCode: State.ExitCode,
    oomKilled: State.OOMKilled,
    startedAt: State.StartedAt,
    restarts: RestartCount,
    image: Config.Image,
    address: networks.map(({ IPAddress }) => IPAddress).find(Boolean) ?? null,
    environment: Config.Env ?? [],
  };
}

/** How a container ended that Docker has started again since. */
export interface ContainerEnd {
  /** `null` where the engine does not know it any more: while a container runs again, its state has none. */
  readonly exitCode: number | null;
  /** Between the last that it wrote until then and the first that it wrote since. Unix time in seconds. */
  readonly at: number;
}

/** The last end of a container that Docker has started again since. */
export async function lastEnd(docker: Docker, id: string): Promise<ContainerEnd> {
  const { State } = await docker.getContainer(id).inspect();
  // The engine's own clock.
  const ended = Math.floor(Date.parse(State.FinishedAt) / 1000);
  const filters = JSON.stringify({ container: [id], event: ['die'] });
  const events = await text(await docker.getEvents({ since: ended - 1, until: ended + 2, filters }));
  const last = events.trim().split('\n').at(-1);
  // A start is noted after the process runs: what it writes first may be older than its note.
  if (!last) return { exitCode: null, at: Date.parse(State.StartedAt) / 1000 };
  // The event is sent once all that it wrote has been read, and before the pause that precedes a start.
  const { Actor, timeNano } = JSON.parse(last) as { Actor?: { Attributes?: Record<string, string> }; timeNano: number };
  const code = Actor?.Attributes?.['exitCode'];
  return { exitCode: code === undefined ? null : Number(code), at: timeNano / 1e9 };
}

/** Paths on the host that the containers of a Compose project have mounted, running or not. */
export async function mountSources(docker: Docker, project: string): Promise<string[]> {
  const filters = { label: [`com.docker.compose.project=${project}`] };
  const found = await docker.listContainers({ all: true, filters });
  return found.flatMap(({ Mounts }) => Mounts.map(({ Source }) => Source));
}

/** What a container that was started again wrote since then is looked at for the end of what it wrote before. */
const mostLinesSince = 1000;

/**
 * The last lines that a container wrote, standard output and error together, in order.
 *
 * @param before only what was written before this time (Unix time in seconds). Default: all.
 */
export async function tailLogs(docker: Docker, id: string, lines: number, before?: number): Promise<string[]> {
  const container = docker.getContainer(id);
  const until = before === undefined ? {} : { until: before };
  const tail = before === undefined ? lines : mostLinesSince;
  const logs = await container.logs({ stdout: true, stderr: true, tail, follow: false, ...until });
  const { Config } = await container.inspect();
  const written = Config.Tty ? logs.toString() : demultiplex(logs);
  return written
    .split(/\r?\n/)
    .filter((line, at, all) => line !== '' || at < all.length - 1)
    .slice(-lines);
}

/** Docker frames each piece of output with eight bytes: stream, three of padding, length. */
function demultiplex(logs: Buffer): string {
  const pieces: Buffer[] = [];
  for (let at = 0; at + 8 <= logs.length;) {
    const end = at + 8 + logs.readUInt32BE(at + 4);
    pieces.push(logs.subarray(at + 8, end));
    at = end;
  }
  return Buffer.concat(pieces).toString();
}

export interface ExecResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ExecOptions {
  /** Ends the wait, not the command: the engine has no way to end one. */
  readonly signal?: AbortSignal | undefined;
  /** `uid:gid` that the command runs as. Default: the container's own user. */
  readonly user?: string;
}

/** Runs a command inside a running container and waits for its end. */
export async function execIn(
  docker: Docker,
  id: string,
  argv: readonly string[],
  { signal, user }: ExecOptions = {},
): Promise<ExecResult> {
  const asked = {
    Cmd: [...argv],
    AttachStdout: true,
    AttachStderr: true,
    ...(user === undefined ? {} : { User: user }),
  };
  const exec = await docker.getContainer(id).exec(asked);
  const stream = await exec.start({});
  const leave = (): void => void stream.destroy();
  signal?.addEventListener('abort', leave);
  if (signal?.aborted) leave();
  try {
    const { stdout, stderr } = demultiplexed(docker, stream);
    const [out, error] = await Promise.all([text(stdout), text(stderr)]);
    return await ended(exec, out, error);
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener('abort', leave);
  }
}

async function ended(exec: Docker.Exec, out: string, error: string): Promise<ExecResult> {
  const { ExitCode } = await exec.inspect();
  return { exitCode: ExitCode ?? -1, stdout: out, stderr: error };
}

/** Puts a file into a container, which need not run: volumes mounted there are written too. */
export async function putFile(
  docker: Docker,
  id: string,
  file: { directory: string; name: string; content: string },
): Promise<void> {
  const archive = pack();
  archive.entry({ name: file.name, mode: 0o644 }, file.content);
  archive.finalize();
  await docker.getContainer(id).putArchive(await buffer(archive), { path: file.directory });
}

/** Content of a file in a container, which need not run; `null` when it is not there. */
export async function readFileIn(docker: Docker, id: string, path: string): Promise<string | null> {
  try {
    const archive = await docker.getContainer(id).getArchive({ path });
    const files = extract();
    archive.pipe(files);
    for await (const entry of files) return await text(entry);
    return null;
  } catch (error) {
    if (isNotFound(error)) return null;
    throw error;
  }
}

/** The engine's answer for what does not exist. */
export function isNotFound(error: unknown): boolean {
  return (error as { statusCode?: number }).statusCode === 404;
}

/** The engine's answer for what is not as the request needs it: ended, being removed, or in use by something else. */
export function isConflict(error: unknown): boolean {
  return (error as { statusCode?: number }).statusCode === 409;
}

/** The engine's answer for what another one removes in this moment, or has removed: it is there, or not, and has no more to say. */
export function isGone(error: unknown): boolean {
  const { message = '' } = error as { message?: string };
  return (
    isNotFound(error) || (isConflict(error) && /is dead or marked for removal|is already in progress/.test(message))
  );
}
