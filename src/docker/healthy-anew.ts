import { setTimeout as sleep } from 'node:timers/promises';
import type { Host } from '../hosts/host.js';
import type { ComposeService } from './compose.js';
import { findContainer, type ContainerState } from './container.js';

export interface Awaited {
  readonly project: string;
  readonly service: string;
  /** As it was before it was started anew; `null`: it had none. */
  readonly before: ContainerState | null;
  /** Ends the wait. */
  readonly signal: AbortSignal;
}

/** On another host each look is a question over the network. */
const betweenMs = 150;

/**
 * Whether the engine says that a service which is being started is healthy, as soon as it does: `up --wait` looks only twice in
 * a second. `false` once the wait is ended: where nothing is started anew, or the engine does not answer, it is for Compose
 * to say how it went.
 */
export async function healthyAnew({ docker }: Host, { project, service, before, signal }: Awaited): Promise<boolean> {
  while (!signal.aborted) {
    const now = await findContainer(docker, project, service).catch(() => null);
    const isNew = now !== null && (now.id !== before?.id || now.startedAt !== before.startedAt);
    if (isNew && now.running && now.health === 'healthy') return true;
    await sleep(betweenMs, undefined, { signal }).catch(() => undefined);
  }
  return false;
}

/** Whether Compose has nothing more to do for a service than to wait, once its one container is healthy. */
export function isOneContainer({ scale, deploy, post_start: hooks }: ComposeService): boolean {
  return (scale ?? deploy?.replicas ?? 1) === 1 && (hooks ?? []).length === 0;
}
