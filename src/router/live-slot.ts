import { setTimeout as sleep } from 'node:timers/promises';
import { execIn, findContainer } from '../docker/container.js';
import type { Host } from '../hosts/host.js';
import { SshError } from '../hosts/ssh/error.js';
import type { WriteHold } from '../model/hold.js';
import type { Settings } from '../model/settings.js';
import type { Live } from '../model/slot.js';
import type { Candidate } from './candidate-config.js';
import type { Maintenance } from './maintenance-config.js';
import { isOwnDump, liveInDump, statusPath } from './nginx-config.js';
import { treeOfDump } from './nginx-dump.js';
import { NginxSyntaxError } from './nginx-syntax.js';
import { servedSlot } from './served-slots.js';
import { namesOfSlots, waysToSlots } from './slot-names.js';

/** The router does not run, or not yet: that says nothing about what is live. */
export class RouterDownError extends Error {
  override readonly name = 'RouterDownError';
}

/** What the router says that it serves. `answers` is false where its config was not written by pointsman. */
export interface Status extends RouterState {
  readonly answers: boolean;
  /** Somebody listens there. */
  readonly reached: boolean;
}

/** What the router does now. */
export interface RouterState {
  /** While there is a canary, the release that it is compared with. */
  readonly live: Live | null;
  /** `null` when its config has no write hold. */
  readonly hold: WriteHold | null;
  /** The release that gets a share of the requests; at weight 0, only those that ask for it by header. `null`: none. */
  readonly canary: Canary | null;
  /** Who wanted the page that everybody gets, and since when. `null`: the app is served. */
  readonly maintenance: Maintenance | null;
  /** Whether it notes what each slot answers. */
  readonly watched: boolean;
}

export type Canary = Pick<Candidate, 'slot' | 'release' | 'weight'>;

const nothing: RouterState = { live: null, hold: null, canary: null, maintenance: null, watched: false };

/** What is live: what the router serves, asked at the router. `null` when it does not run or serves no slot. */
export async function askLive(host: Host, settings: Settings): Promise<Live | null> {
  return (await askRouter(host, settings)).live;
}

/** As {@link askLive}, and what else the router does. */
export async function askRouter(host: Host, settings: Settings): Promise<RouterState> {
  const { live, hold, canary, maintenance, watched } = await ask(host, settings);
  return { live, hold, canary, maintenance, watched };
}

/**
 * As {@link askLive}, of a router that may have died a moment ago: Docker starts it again, and until it listens, what is
 * live cannot be told. Nothing is decided upon that: taken for "nothing is live", the next release would go into the slot
 * that serves.
 *
 * @throws {RouterDownError} when it does not come back.
 */
export async function askLiveOnceUp(host: Host, settings: Settings, timeoutMs: number): Promise<Live | null> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const { live, state } = await ask(host, settings);
    if (state === 'listens' || state === 'absent') return live;
    if (Date.now() > deadline) {
      // One that runs, and listens elsewhere, is told by its config.
      if (state === 'silent') return live;
      throw new RouterDownError(`the router (${settings.router.service}) does not run, so what is live cannot be told`);
    }
    await sleep(100);
  }
}

/** `absent`: it has no container. `down`: that does not run. `silent`: nobody listens on its port, or not yet. */
type Found = RouterState & { readonly state: 'absent' | 'down' | 'silent' | 'listens' };

async function ask(host: Host, settings: Settings): Promise<Found> {
  const router = await findContainer(host.docker, settings.project, settings.router.service);
  if (!router) return { ...nothing, state: 'absent' };
  if (!router.running || !router.address) return { ...nothing, state: 'down' };
  const { answers, reached, ...told } = await askStatus(host, settings, router.address);
  const state = reached ? 'listens' : 'silent';
  if (answers) return { ...told, state };
  const { stdout } = await execIn(host.docker, router.id, ['nginx', '-T']);
  return { ...nothing, live: await liveByFiles(host, settings, stdout), state };
}

/** By all files that nginx reads; `null` where they tell of no slot, or of more than one. */
async function liveByFiles(host: Host, settings: Settings, dump: string): Promise<Live | null> {
  if (isOwnDump(dump)) return liveInDump(dump);
  try {
    const slot = servedSlot(waysToSlots(settings, treeOfDump(dump), await namesOfSlots(host, settings)));
    return slot && { slot, release: null };
  } catch (error) {
    if (error instanceof NginxSyntaxError) return null;
    throw error;
  }
}

/** The status answer, as far as it is pointsman's. */
interface Answer {
  readonly slot?: Live['slot'] | null;
  readonly release?: string | null;
  readonly held?: boolean;
  readonly until?: string;
  readonly by?: string;
  readonly canary?: Canary;
  readonly watched?: boolean;
  readonly maintenance?: Maintenance;
}

export async function askStatus(host: Host, settings: Settings, address: string): Promise<Status> {
  try {
    const request = { host: address, port: settings.router.port, path: statusPath, timeoutMs: 3000 };
    const { status, body } = await host.request(request);
    const answer = status === 200 ? (JSON.parse(body) as Answer) : {};
    // An app may answer any path, and know the word slot.
    if (answer.slot === undefined || answer.release === undefined) return { answers: false, reached: true, ...nothing };
    return { answers: true, reached: true, ...stateOf(answer) };
  } catch (error) {
    throwIfUnreached(error);
    // Not JSON, or nobody listens on that port: the config is not pointsman's.
    return { answers: false, reached: error instanceof SyntaxError, ...nothing };
  }
}

function stateOf({ slot, release, held, until, by, canary, watched, maintenance }: Answer): RouterState {
  return {
    live: slot ? { slot, release: release ?? null } : null,
    hold: until && by ? { by, until, active: held === true } : null,
    canary: canary ?? null,
    maintenance: maintenance ?? null,
    watched: watched === true,
  };
}

/** A host that could not be asked says nothing about its router; a port that it does not open does. */
export function throwIfUnreached(error: unknown): void {
  if (error instanceof SshError && error.problem !== 'unopened') throw error;
}
