import { setTimeout as sleep } from 'node:timers/promises';
import { findContainer } from '../docker/container.js';
import type { Host, HttpRequest, HttpResponse } from '../hosts/host.js';
import type { WriteHold } from '../model/hold.js';
import type { Settings } from '../model/settings.js';
import { liveText, sameLive, type Live } from '../model/slot.js';
import { previewHeader } from '../model/rollout.js';
import { askStatus, throwIfUnreached, type Canary, type RouterState, type Status } from './live-slot.js';
import { reasonOf } from '../model/reason.js';

/** The router kept answering from another release, or not at all. */
export class SwitchNotProvenError extends Error {
  override readonly name = 'SwitchNotProvenError';
}

export interface Proof {
  /** `null`: a config written by hand, which does not tell. */
  readonly live: Live | null;
  /** The hold that the router must have, or `null` for none. Absent: either will do. */
  readonly hold?: Pick<WriteHold, 'by' | 'until'> | null;
  /** The canary that it must have, or `null` for none. Absent: either will do. */
  readonly canary?: Canary | null;
  /** Whether it must note what is answered. Absent: either will do. */
  readonly watched?: boolean;
  /** Whether everybody must get the page of maintenance. Absent: either will do. */
  readonly maintenance?: boolean;
  /** Whether the app has to be healthy, too. Default true. */
  readonly health?: boolean;
  /** Answers in a row that must come from it. Default {@link usualProof}'s, as is the time. */
  readonly answers?: number;
  readonly timeoutMs?: number;
}

/** How much it takes to believe a router, and how long a router and a slot may take to get there. */
export const usualProof = { answers: 5, timeoutMs: 20_000 } as const;

/**
 * Asks through the router until `answers` answers in a row come from the release; a reload is asynchronous,
 * and old workers go on answering for a moment.
 *
 * @throws {SwitchNotProvenError} with the last thing seen.
 */
export async function proveLive(host: Host, settings: Settings, proof: Proof, signal?: AbortSignal): Promise<void> {
  const { answers = usualProof.answers, timeoutMs = usualProof.timeoutMs } = proof;
  const deadline = Date.now() + timeoutMs;
  let inARow = 0;
  let seen = '';
  while (inARow < answers) {
    signal?.throwIfAborted();
    seen = await mismatch(host, settings, proof);
    inARow = seen === '' ? inARow + 1 : 0;
    if (Date.now() > deadline) throw new SwitchNotProvenError(`${wanted(proof)}: ${seen}`);
    if (seen !== '') await sleep(30);
  }
}

function wanted({ live, canary }: Proof): string {
  if (canary) return `the router does not serve ${canary.release} to ${canary.weight} % beside ${liveText(live)}`;
  return `the router does not serve ${live?.release ?? 'what it should'}`;
}

/** What is wrong with the router's answers; empty when they come from the release. */
async function mismatch(host: Host, settings: Settings, proof: Proof): Promise<string> {
  const router = await findContainer(host.docker, settings.project, settings.router.service);
  if (!router?.running || !router.address) return 'the router does not run';
  const { live, canary = null, health = true } = proof;
  const status = await askStatus(host, settings, router.address);
  const wrong = wrongState(status, proof);
  if (wrong !== '' || !live) return wrong;
  const through = { host: router.address, port: settings.router.port };
  const page = proof.maintenance === undefined ? '' : await pageMismatch(host, through, proof.maintenance);
  if (page !== '' || !health) return page;
  if (canary) return canaryMismatch(host, settings, { ...through, live, canary });
  return healthMismatch(host, settings, { ...through, live });
}

/** What of its own status is not as it must be. */
function wrongState(status: Status, { live, hold, canary, watched, maintenance }: Proof): string {
  if (hold !== undefined && !sameHold(status.hold, hold)) {
    return status.hold ? `it holds writes until ${status.hold.until}` : 'it holds no writes';
  }
  if (live && !sameLive(status.live, live)) {
    return `it serves ${status.live ? `${status.live.slot} (${status.live.release ?? 'unknown'})` : 'no slot'}`;
  }
  if (canary !== undefined && !sameCanary(status.canary, canary)) {
    return status.canary ? `${status.canary.release} gets ${status.canary.weight} % there` : 'it has no canary';
  }
  if (watched !== undefined && status.watched !== watched) {
    return watched ? 'it does not note what is answered' : 'it still notes what is answered';
  }
  if (maintenance !== undefined && (status.maintenance !== null) !== maintenance) {
    return maintenance ? 'it is not under maintenance' : 'it is still under maintenance';
  }
  return '';
}

function sameHold(one: Proof['hold'], other: Proof['hold']): boolean {
  return one?.by === other?.by && one?.until === other?.until;
}

function sameCanary(one: RouterState['canary'], other: RouterState['canary']): boolean {
  return one?.slot === other?.slot && one?.release === other?.release && one?.weight === other?.weight;
}

/** Where an answer is had. */
type Through = Pick<HttpRequest, 'host' | 'port'>;

/** Below the router's own path, which is no path of the app's: whatever answers there, the app does not see it. */
const underPage = '/__pointsman/maintenance';

async function pageMismatch(host: Host, through: Through, maintenance: boolean): Promise<string> {
  if (!maintenance) return '';
  return asked(async () => {
    const { status, headers } = await host.request({ ...through, path: underPage, timeoutMs: 5000 });
    return status === 503 && headers['retry-after'] ? '' : `it answers ${status} under maintenance`;
  });
}

/** Whoever asks for the candidate gets it, and whoever does not gets one of both. */
async function canaryMismatch(
  host: Host,
  settings: Settings,
  { live, canary, ...through }: Through & { readonly live: Live; readonly canary: Canary },
): Promise<string> {
  const request = { ...through, path: settings.health.path, timeoutMs: 5000 };
  return asked(async () => {
    const preview = await host.request({ ...request, headers: { [previewHeader]: canary.slot } });
    const wrong = wrongAnswer(preview, settings, canary);
    if (wrong !== '') return `asked for ${canary.release}, ${wrong}`;
    if (slotOf(preview) !== canary.slot) return `asked for ${canary.release}, ${slotOf(preview)} answered`;
    const plain = await host.request(request);
    return wrongAnswer(plain, settings, slotOf(plain) === canary.slot ? canary : live);
  });
}

function slotOf({ headers }: HttpResponse): string {
  return headers['x-pointsman-slot'] ?? 'no slot';
}

/** What is wrong with a slot that is asked itself, past the router; empty when it answers from the release. */
export async function slotMismatch(host: Host, settings: Settings, live: Live): Promise<string> {
  const container = await findContainer(host.docker, settings.project, settings.slots[live.slot]);
  const address = container?.running ? container.address : null;
  if (!address) return 'it does not run';
  return healthMismatch(host, settings, { host: address, port: settings.router.upstreamPort, live });
}

/** What is wrong with the answer that is had there on the app's health; empty when it is the release's. */
async function healthMismatch(
  host: Host,
  settings: Settings,
  { live, ...at }: Through & { readonly live: Live },
): Promise<string> {
  const request = { ...at, path: settings.health.path, timeoutMs: 5000 };
  return asked(async () => wrongAnswer(await host.request(request), settings, live));
}

/** A request that had no answer is one more thing that is wrong. */
async function asked(ask: () => Promise<string>): Promise<string> {
  try {
    return await ask();
  } catch (error) {
    throwIfUnreached(error);
    return reasonOf(error);
  }
}

/** Judges an answer of a slot, had directly or through the router; empty when it is right. */
export function wrongAnswer({ status, headers }: HttpResponse, { health }: Settings, live: Live): string {
  if (status < 200 || status >= 300) return `${health.path} answered ${status}`;
  if (!health.releaseHeader || live.release === null) return '';
  const reported = headers[health.releaseHeader.toLowerCase()] ?? null;
  return reported === live.release ? '' : `${health.path} answered from release ${reported ?? '(no header)'}`;
}
