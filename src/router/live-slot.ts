import { setTimeout as sleep } from 'node:timers/promises';
import { execIn, findContainer } from '../docker/container.js';
import type { Host, HttpResponse } from '../hosts/host.js';
import { SshError } from '../hosts/ssh/error.js';
import type { WriteHold } from '../model/hold.js';
import type { Settings } from '../model/settings.js';
import { sameLive, type Live } from '../model/slot.js';
import { slotInConfig, statusPath } from './nginx-config.js';

/** The router kept answering from another release, or not at all. */
export class SwitchNotProvenError extends Error {
  override readonly name = 'SwitchNotProvenError';
}

/** What the router says that it serves. `answers` is false where its config was not written by pointsman. */
interface Status extends RouterState {
  readonly answers: boolean;
}

/** What the router does now. */
export interface RouterState {
  readonly live: Live | null;
  /** `null` when its config has no write hold. */
  readonly hold: WriteHold | null;
}

const nothing: RouterState = { live: null, hold: null };

/** What is live: what the router serves, asked at the router. `null` when it does not run or serves no slot. */
export async function askLive(host: Host, settings: Settings): Promise<Live | null> {
  return (await askRouter(host, settings)).live;
}

/** As {@link askLive}, and whether the router holds writes. */
export async function askRouter(host: Host, settings: Settings): Promise<RouterState> {
  const router = await findContainer(host.docker, settings.project, settings.router.service);
  if (!router?.running || !router.address) return nothing;
  const { answers, live, hold } = await askStatus(host, settings, router.address);
  if (answers) return { live, hold };
  const { stdout } = await execIn(host.docker, router.id, ['nginx', '-T']);
  const slot = slotInConfig(stdout, settings.slots);
  return { live: slot ? { slot, release: null } : null, hold: null };
}

/** The status answer, as far as it is pointsman's. */
interface Answer {
  readonly slot?: Live['slot'] | null;
  readonly release?: string | null;
  readonly held?: boolean;
  readonly until?: string;
  readonly by?: string;
}

async function askStatus(host: Host, settings: Settings, address: string): Promise<Status> {
  try {
    const request = { host: address, port: settings.router.port, path: statusPath, timeoutMs: 3000 };
    const { status, body } = await host.request(request);
    const { slot, release, held, until, by } = status === 200 ? (JSON.parse(body) as Answer) : {};
    if (slot === undefined) return { answers: false, ...nothing };
    const hold = until && by ? { by, until, active: held === true } : null;
    return { answers: true, live: slot ? { slot, release: release ?? null } : null, hold };
  } catch (error) {
    throwIfUnreached(error);
    // Not JSON, or nobody listens on that port: the config is not pointsman's.
    return { answers: false, ...nothing };
  }
}

export interface Proof {
  /** `null`: a config written by hand, which does not tell. */
  readonly live: Live | null;
  /** The hold that the router must have, or `null` for none. Absent: either will do. */
  readonly hold?: Pick<WriteHold, 'by' | 'until'> | null;
  /** Whether the app has to be healthy, too. Default true. */
  readonly health?: boolean;
  /** Answers in a row that must come from it. */
  readonly answers: number;
  readonly timeoutMs: number;
}

/**
 * Asks through the router until `answers` answers in a row come from the release; a reload is asynchronous,
 * and old workers go on answering for a moment.
 *
 * @throws {SwitchNotProvenError} with the last thing seen.
 */
export async function proveLive(host: Host, settings: Settings, proof: Proof, signal?: AbortSignal): Promise<void> {
  const deadline = Date.now() + proof.timeoutMs;
  let inARow = 0;
  let seen = '';
  while (inARow < proof.answers) {
    signal?.throwIfAborted();
    seen = await mismatch(host, settings, proof);
    inARow = seen === '' ? inARow + 1 : 0;
    if (Date.now() > deadline)
      throw new SwitchNotProvenError(`the router does not serve ${proof.live?.release ?? 'what it should'}: ${seen}`);
    if (seen !== '') await sleep(100);
  }
}

/** What is wrong with the router's answers; empty when they come from the release. */
async function mismatch(host: Host, settings: Settings, { live, hold, health = true }: Proof): Promise<string> {
  const router = await findContainer(host.docker, settings.project, settings.router.service);
  if (!router?.running || !router.address) return 'the router does not run';
  const status = await askStatus(host, settings, router.address);
  if (hold !== undefined && !sameHold(status.hold, hold)) {
    return status.hold ? `it holds writes until ${status.hold.until}` : 'it holds no writes';
  }
  if (!live) return '';
  if (!sameLive(status.live, live)) {
    return `it serves ${status.live ? `${status.live.slot} (${status.live.release ?? 'unknown'})` : 'no slot'}`;
  }
  if (!health) return '';
  const { port } = settings.router;
  const request = { host: router.address, port, path: settings.health.path, timeoutMs: 5000 };
  try {
    return wrongAnswer(await host.request(request), settings, live);
  } catch (error) {
    throwIfUnreached(error);
    return error instanceof Error ? error.message : String(error);
  }
}

function sameHold(one: Proof['hold'], other: Proof['hold']): boolean {
  return one?.by === other?.by && one?.until === other?.until;
}

/** Judges an answer of a slot, had directly or through the router; empty when it is right. */
export function wrongAnswer({ status, headers }: HttpResponse, { health }: Settings, live: Live): string {
  if (status < 200 || status >= 300) return `${health.path} answered ${status}`;
  if (!health.releaseHeader || live.release === null) return '';
  const reported = headers[health.releaseHeader.toLowerCase()] ?? null;
  return reported === live.release ? '' : `${health.path} answered from release ${reported ?? '(no header)'}`;
}

/** A host that could not be asked says nothing about its router; a port that it does not open does. */
function throwIfUnreached(error: unknown): void {
  if (error instanceof SshError && error.problem !== 'unopened') throw error;
}
