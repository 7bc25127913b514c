import { setTimeout as sleep } from 'node:timers/promises';
import type Docker from 'dockerode';
import type { ComposeConfig, ComposeService } from './compose.js';
import { execIn, inspectContainer, isNotFound, tailLogs, type ContainerState } from './container.js';
import { bindsOf, commandOf, environmentOf, healthcheckOf } from './service-copy.js';
import { readOnlyBind } from './tool-container.js';

/** A service of the app, to be run apart from the project: without a network, ports or any of its volumes but one. */
export interface Trial {
  readonly name: string;
  readonly image: string;
  readonly config: ComposeConfig;
  readonly service: ComposeService;
  /** Mounted where the service has its own. */
  readonly volume: { readonly name: string; readonly target: string };
  readonly labels: Readonly<Record<string, string>>;
}

/** Thrown when the service is not healthy in time, or ended. */
export class TrialError extends Error {
  override readonly name = 'TrialError';
  /** Its last lines; they may hold secrets. */
  readonly lines: readonly string[];

  constructor(message: string, lines: readonly string[]) {
    super(message);
    this.lines = lines;
  }
}

/** Starts it anew: one that an earlier attempt left is removed. Returns its container's id. */
export async function startTrial(docker: Docker, trial: Trial): Promise<string> {
  await removeContainer(docker, trial.name);
  const { config, service, volume } = trial;
  const { entrypoint, command } = commandOf(service);
  const healthcheck = healthcheckOf(service);
  const binds = bindsOf(config, service).filter(({ target }) => target !== volume.target);
  const container = await docker.createContainer({
    name: trial.name,
    Image: trial.image,
    Env: environmentOf(service),
    Labels: { ...trial.labels },
    ...(service.user ? { User: service.user } : {}),
    ...(service.working_dir ? { WorkingDir: service.working_dir } : {}),
    ...(entrypoint ? { Entrypoint: entrypoint } : {}),
    ...(command ? { Cmd: command } : {}),
    ...(healthcheck ? { Healthcheck: healthcheck } : {}),
    HostConfig: {
      NetworkMode: 'none',
      Init: service.init ?? false,
      Tmpfs: Object.fromEntries((service.tmpfs ?? []).map((path) => [path, ''])),
      Mounts: [
        { Type: 'volume', Source: volume.name, Target: volume.target },
        ...binds.map(({ source, target }) => readOnlyBind(source, target)),
      ],
    },
  });
  await container.start();
  return container.id;
}

/**
 * Waits until the engine calls it healthy, then asks its health check once more itself.
 *
 * @returns what the health check printed.
 * @throws {TrialError}
 */
export async function untilHealthy(
  docker: Docker,
  id: string,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<string> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    signal.throwIfAborted();
    const state = await inspectContainer(docker, id);
    if (state.running && state.health === 'healthy') return askHealth(docker, id);
    const over = !state.running || state.health === 'unhealthy' || state.health === 'none' || Date.now() > deadline;
    if (over) throw await trialError(docker, id, wayItFailed(state, timeoutMs));
    await sleep(250);
  }
}

async function askHealth(docker: Docker, id: string): Promise<string> {
  const { Config } = await docker.getContainer(id).inspect();
  const [form, ...words] = Config.Healthcheck?.Test ?? [];
  const { exitCode, stdout, stderr } = await execIn(
    docker,
    id,
    form === 'CMD-SHELL' ? ['/bin/sh', '-c', ...words] : words,
  );
  const answer = `${stdout}${stderr}`.trim();
  if (exitCode === 0) return answer;
  throw await trialError(docker, id, `was healthy, and then its health check failed (${exitCode}): ${answer}`);
}

async function trialError(docker: Docker, id: string, message: string): Promise<TrialError> {
  return new TrialError(message, await tailLogs(docker, id, 20));
}

function wayItFailed({ running, health, exitCode, oomKilled }: ContainerState, timeoutMs: number): string {
  if (oomKilled) return 'was killed: out of memory';
  if (!running) return `exited with code ${exitCode}`;
  if (health === 'none') return 'has no health check';
  return health === 'unhealthy' ? 'is unhealthy' : `was not healthy within ${timeoutMs / 1000} s`;
}

/** Whatever its state; nothing where there is none. */
export async function removeContainer(docker: Docker, name: string): Promise<void> {
  try {
    await docker.getContainer(name).remove({ force: true, v: true });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}
