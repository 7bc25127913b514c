import { setTimeout as sleep } from 'node:timers/promises';
import { slots, type Slot } from '../../src/model/slot.js';
import type { Playground } from '../../test/support/playground.js';
import type { FailedRequest } from '../traffic.js';
import { ask } from './ask.js';
import type { Kill } from './cells.js';
import { containersNow, type ContainerFacts } from './world.js';

/** While what had been killed was not back; milliseconds since 1970. */
export interface Outage {
  readonly from: number;
  readonly until: number;
}

/** An app that is not back after this time is one more thing that went wrong. An engine stops all that ran before it starts it. */
const longestMs = 90_000;

/** A service that has to be back before requests are the run's own again, as its container was started. */
export interface Serving {
  readonly service: string;
  readonly startedAt: string;
  /** The run itself may stop it meanwhile: then it is not waited for. */
  readonly mayEnd: boolean;
}

/**
 * Whom requests need of what is killed now; empty: nobody. A new slot that nobody is sent to yet may die without one of
 * them failing; with the engine goes all that runs.
 */
export async function servingOf(kill: Kill, place: Playground, newSlot: Slot): Promise<readonly Serving[]> {
  if (kill !== 'dockerd' && kill !== 'router' && kill !== 'slot') return [];
  const running = (await containersNow(place)).filter((container) => container.running);
  if (kill === 'dockerd') return running.map((one) => ({ ...one, mayEnd: isSlot(one.service) }));
  const needed = kill === 'router' ? 'router' : serviceOf(newSlot);
  if (kill === 'slot' && (await ask(place.port))?.slot !== newSlot) return [];
  const startedAt = running.find(({ service }) => service === needed)?.startedAt ?? '';
  return [{ service: needed, startedAt, mayEnd: false }];
}

/** Waits until the last of them was started again and the app answers through the router. */
export async function outageSince(from: number, place: Playground, serving: readonly Serving[]): Promise<Outage> {
  while (Date.now() < from + longestMs) {
    // The engine itself may be what is away.
    const now = await containersNow(place).catch(() => []);
    const answer = now.length > 0 ? await ask(place.port) : null;
    if (answer?.status === 200 && areBack(serving, now, answer.slot)) break;
    await sleep(20);
  }
  return { from, until: Date.now() };
}

/** A process that was killed may answer once more while it dies, so an answer alone is no sign. */
export function areBack(
  serving: readonly Serving[],
  now: readonly Pick<ContainerFacts, 'service' | 'startedAt' | 'running'>[],
  live: Slot,
): boolean {
  return serving.every(({ service, startedAt, mayEnd }) => {
    const again = now.some((one) => one.service === service && one.running && one.startedAt !== startedAt);
    return again || (mayEnd && service !== serviceOf(live));
  });
}

function isSlot(service: string): boolean {
  return slots.some((slot) => service === serviceOf(slot));
}

function serviceOf(slot: Slot): string {
  return `app-${slot}`;
}

/** Those that were under way when something was killed, or were sent before it was back. */
export function excused(failed: readonly FailedRequest[], outages: readonly Outage[]): FailedRequest[] {
  return failed.filter(({ sentAt, failedAt }) =>
    outages.some(({ from, until }) => sentAt <= until && failedAt >= from),
  );
}
