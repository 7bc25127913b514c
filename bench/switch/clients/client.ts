import { setTimeout as sleep } from 'node:timers/promises';
import type { Recorder } from '../accounting.js';

/** What every client is given. Traffic goes to a router of this project's own on 127.0.0.1, and nowhere else. */
export interface Place {
  readonly port: number;
  readonly recorder: Recorder;
  /** Response header in which the app says its release, in lower case. */
  readonly releaseHeader: string;
  /** Aborted when no new request is to be begun; those under way come to their end. */
  readonly signal: AbortSignal;
}

/** Goes on until it is told to stop, one request after the other, and tries none again. */
export type Client = (place: Place) => Promise<void>;

/** A client that is further behind gives up what it could not send: it would be measuring nothing but its own backlog. */
const mostBehindMs = 5000;

/**
 * Makes a request each time that one is due, whether or not the one before took long: what could not be sent in time is
 * sent at once, and its latency counts from when it was due. So a stall is seen by as many requests as fall into it.
 *
 * @param everyMs on average; the gaps differ by up to a half, so that clients do not fall into step.
 */
export async function paced(
  everyMs: number,
  { signal, recorder }: Place,
  act: (dueAt: number) => Promise<void>,
): Promise<void> {
  for (let dueAt = Date.now() + Math.random() * everyMs; ; dueAt += everyMs * (0.5 + Math.random())) {
    const behindMs = Date.now() - dueAt;
    if (behindMs > mostBehindMs) {
      recorder.giveUp(Math.floor(behindMs / everyMs));
      dueAt += behindMs;
    }
    await pause(dueAt - Date.now(), signal);
    if (signal.aborted) return;
    await act(dueAt);
  }
}

/** Ends early when there is to be no more traffic. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (ms > 0) await sleep(ms, undefined, { signal }).catch(() => undefined);
}
