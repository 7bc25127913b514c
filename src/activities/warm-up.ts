import { setTimeout as sleep } from 'node:timers/promises';
import { findContainer } from '../docker/container.js';
import type { Host, HttpRequest } from '../hosts/host.js';
import type { Settings } from '../model/settings.js';
import type { Live } from '../model/slot.js';
import { previewHeader } from '../model/rollout.js';
import { askRouter } from '../router/live-slot.js';
import { SwitchNotProvenError } from '../router/proof.js';
import type { Nginx } from '../router/nginx.js';
import { isOwnConfig } from '../router/nginx-config.js';
import { statesIn } from '../router/router-states.js';
import { renderWarmUp, warmUpPath, type WarmUpConfig } from '../router/upstream-config.js';
import { configFor } from './live-config.js';

/** nginx asks for a name again after five seconds without an answer. */
const answersWithinMs = 12_000;

/** What is done with users where nginx still does not reach the slot by its name when the wait is over. */
export type IfUnreached =
  /** They stay with what they have: the step fails. */
  | 'users-stay'
  /** They are sent there all the same: it was proven before, and is what to go back to. */
  | 'users-go';

export interface WarmUp {
  /** What is about to get requests. */
  readonly next: Live;
  /** The config that is in place. */
  readonly present: string | null;
  /** Timestamp of the deploy: the config from before is kept under it. */
  readonly by: string;
  readonly ifUnreached: IfUnreached;
  readonly signal: AbortSignal;
}

/**
 * Lets nginx find a slot's address before the slot gets its first request. New workers ask for the addresses of names that
 * are new to them while they already answer, and until they know, whoever asks gets 502; under a name that they had before
 * they take over what is known. So the slot is loaded as a candidate that nobody is sent to, until it answers as that.
 *
 * Where nothing is live, or the config was written by hand, there is nothing to add to, and it is left as it is.
 *
 * @throws {SwitchNotProvenError} where nginx does not reach the slot, and users are to stay then.
 */
export async function warmUp(host: Host, settings: Settings, nginx: Nginx, warming: WarmUp): Promise<void> {
  const { next, ifUnreached, signal } = warming;
  const { live, canary } = await askRouter(host, settings);
  if (!live || live.slot === next.slot) return;
  const loaded = canary?.slot === next.slot ? canary : null;
  // Users are sent there already. Without any, it may be from an attempt of this step that was cut off while it waited.
  if (loaded && loaded.weight > 0) return;
  if (!loaded && !(await loadAsCandidate({ nginx, settings, live }, warming))) return;
  const { router, health, slots } = settings;
  const asked = { port: router.port, path: health.path, headers: { [previewHeader]: next.slot } };
  const seen = await untilReached(host, settings, asked, { deadline: Date.now() + answersWithinMs, signal });
  if (isUnreached(seen) && ifUnreached === 'users-stay') throw notReachedByName(settings, slots[next.slot], seen);
}

interface Loading {
  readonly nginx: Nginx;
  readonly settings: Settings;
  readonly live: Live;
}

/** `false`: there is nothing that it could be added to. */
async function loadAsCandidate(
  { nginx, settings, live }: Loading,
  { next: { slot, release }, present, by }: WarmUp,
): Promise<boolean> {
  if (!present || !isOwnConfig(present) || !(await nginx.isModern())) return false;
  const candidate = { by, slot, release: release ?? slot, weight: 0, sticky: 'none' } as const;
  const config = await configFor(nginx, settings, live, { ...statesIn(present), candidate });
  if (present === config) await nginx.reload();
  else await nginx.install(config, by, { reload: true });
  return true;
}

export interface WarmUpBeside extends Pick<WarmUpConfig, 'port' | 'resets'> {
  readonly live: Live;
  readonly signal: AbortSignal;
}

/**
 * The same beside a config of the user's, which all users are sent to until pointsman's takes its place: the slot is loaded
 * under pointsman's names, behind a port that nobody asks. Where nobody answers there, nginx does not read the file.
 *
 * @throws {RouterConfigError} when nginx refuses it.
 * @throws {SwitchNotProvenError} where nginx does not reach the slot.
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
  const wait = { deadline: Date.now() + answersWithinMs, signal };
  for (const name of names) {
    const seen = await untilReached(host, settings, { port, path: warmUpPath(name) }, wait);
    if (isUnreached(seen)) throw notReachedByName(settings, slots[live.slot], seen);
  }
}

/** What is asked of the router. */
type Asked = Pick<HttpRequest, 'port' | 'path' | 'headers'>;

interface Wait {
  readonly deadline: number;
  readonly signal: AbortSignal;
}

/** nginx's own words for a slot that it does not reach. */
type Unreached = 502 | 504;
/** `unknown`: nobody answers, or not by the config that is asked. */
type Seen = 'reached' | 'unknown' | Unreached;

function isUnreached(seen: string | number): seen is Unreached {
  return seen === 502 || seen === 504;
}

/** What was seen last. */
async function untilReached(host: Host, settings: Settings, asked: Asked, { deadline, signal }: Wait): Promise<Seen> {
  for (;;) {
    const seen = await look(host, settings, asked);
    if (seen === 'reached' || Date.now() >= deadline) return seen;
    await sleep(20, undefined, { signal });
  }
}

/** Only the new workers know of the slot that is asked for. */
async function look(host: Host, { project, router }: Settings, asked: Asked): Promise<Seen> {
  const container = await findContainer(host.docker, project, router.service);
  if (!container?.address) return 'unknown';
  try {
    const { status, headers } = await host.request({ host: container.address, timeoutMs: 3000, ...asked });
    const wanted = asked.headers?.[previewHeader];
    if (wanted !== undefined && headers['x-pointsman-slot'] !== wanted) return 'unknown';
    return isUnreached(status) ? status : 'reached';
  } catch {
    return 'unknown';
  }
}

function notReachedByName({ project, router }: Settings, service: string, status: Unreached): SwitchNotProvenError {
  return new SwitchNotProvenError(
    `nginx in ${router.service} does not reach ${service} by its name: it still answers ${status} after ` +
      `${answersWithinMs / 1000} s, so users stay where they are. Its log says why (docker compose -p ${project} logs ` +
      `${router.service}): look at the DNS of that container, and whether both are on one network`,
  );
}
