import { setTimeout as sleep } from 'node:timers/promises';
import { findContainer } from '../docker/container.js';
import type { Host, HttpRequest } from '../hosts/host.js';
import type { Settings } from '../model/settings.js';
import type { Live } from '../model/slot.js';
import { previewHeader } from '../model/rollout.js';
import { askRouter } from '../router/live-slot.js';
import type { Nginx } from '../router/nginx.js';
import { isOwnConfig } from '../router/nginx-config.js';
import { statesIn } from '../router/router-states.js';
import { renderWarmUp, warmUpPath, type WarmUpConfig } from '../router/upstream-config.js';
import { configFor } from './live-config.js';

/**
 * A slot that does not answer by then gets its requests all the same: it was proven before, or is what to go back to. nginx asks
 * for a name again after five seconds without an answer.
 */
const answersWithinMs = 12_000;

export interface WarmUp {
  /** What is about to get requests. */
  readonly next: Live;
  /** The config that is in place. */
  readonly present: string | null;
  /** Timestamp of the deploy: the config from before is kept under it. */
  readonly by: string;
  readonly signal: AbortSignal;
}

/**
 * Lets nginx find a slot's address before the slot gets its first request. New workers ask for the addresses of names that
 * are new to them while they already answer, and until they know, whoever asks gets 502; under a name that they had before
 * they take over what is known. So the slot is loaded as a candidate that nobody is sent to, until it answers as that.
 *
 * Where nothing is live, or the config was written by hand, there is nothing to add to, and it is left as it is.
 */
export async function warmUp(
  host: Host,
  settings: Settings,
  nginx: Nginx,
  { next, present, by, signal }: WarmUp,
): Promise<void> {
  const { live, canary } = await askRouter(host, settings);
  if (!live || live.slot === next.slot || canary?.slot === next.slot) return;
  if (!present || !isOwnConfig(present) || !(await nginx.isModern())) return;
  const { slot } = next;
  const candidate = { by, slot, release: next.release ?? slot, weight: 0, sticky: 'none' } as const;
  const config = await configFor(nginx, settings, live, { ...statesIn(present), candidate });
  if (present === config) await nginx.reload();
  else await nginx.install(config, by, { reload: true });
  const { router, health } = settings;
  const asked = { port: router.port, path: health.path, headers: { [previewHeader]: slot } };
  await untilReached(host, settings, asked, signal);
}

export interface WarmUpBeside extends Pick<WarmUpConfig, 'port' | 'resets'> {
  readonly live: Live;
  readonly signal: AbortSignal;
}

/**
 * The same beside a config of the user's, which all users are sent to until pointsman's takes its place: the slot is loaded
 * under pointsman's names, behind a port that nobody asks.
 *
 * @throws {RouterConfigError} when nginx refuses it.
 */
export async function warmUpBeside(
  host: Host,
  settings: Settings,
  nginx: Nginx,
  { live, port, resets, signal }: WarmUpBeside,
): Promise<void> {
  if (!(await nginx.isModern())) return;
  const { slots, router, health } = settings;
  const names = ['live', live.slot] as const;
  await nginx.addWarmUp(
    renderWarmUp(names, {
      ...{ port, resets, modern: true, service: slots[live.slot], healthPath: health.path },
      ...{ upstreamPort: router.upstreamPort, own: router },
    }),
  );
  for (const name of names) await untilReached(host, settings, { port, path: warmUpPath(name) }, signal);
}

/** What is asked of the router. */
type Asked = Pick<HttpRequest, 'port' | 'path' | 'headers'>;

async function untilReached(host: Host, settings: Settings, asked: Asked, signal: AbortSignal): Promise<void> {
  const deadline = Date.now() + answersWithinMs;
  while (!(await isReached(host, settings, asked)) && Date.now() < deadline) {
    await sleep(20, undefined, { signal });
  }
}

/** 502 and 504 are nginx's own words for a slot that it does not reach. Only the new workers know of the slot that is asked for. */
async function isReached(host: Host, settings: Settings, asked: Asked): Promise<boolean> {
  const { project, router } = settings;
  const container = await findContainer(host.docker, project, router.service);
  if (!container?.address) return false;
  try {
    const { status, headers } = await host.request({ host: container.address, timeoutMs: 3000, ...asked });
    const wanted = asked.headers?.[previewHeader];
    return (wanted === undefined || headers['x-pointsman-slot'] === wanted) && status !== 502 && status !== 504;
  } catch {
    return false;
  }
}
