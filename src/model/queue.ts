import { isText } from './input.js';

/** Asks for a place in the line of an environment, and keeps it: the same is sent again and again. */
export interface Waiter {
  readonly id: string;
  readonly release: string;
  readonly requestedBy: string;
  /** When it was given its place, so that it gets the same one back if it was lost; `null`: it has none yet. */
  readonly since: number | null;
  /** It goes before all who wait: their releases are older. */
  readonly supersede: boolean;
}

/** One place in the line. Times are milliseconds since 1970, by the clock of the line. */
export interface Place {
  readonly id: string;
  readonly release: string;
  readonly requestedBy: string;
  readonly since: number;
  /** Unless it is asked for again until then, its waiter is gone. */
  readonly until: number;
  /** The release that came instead; it waits for nothing any more, and is kept until its waiter knows. */
  readonly supersededBy?: string;
}

export type Line = readonly Place[];

/** Input of the `queue` workflow. */
export interface QueueInput {
  readonly line: Line;
}

/** What is wrong with a waiter that may have been sent by hand; `null`: nothing. */
export function wrongWaiter(given: unknown): string | null {
  const { id, release, requestedBy, since } = (given ?? {}) as Partial<Record<keyof Waiter, unknown>>;
  const missing = Object.entries({ id, release, requestedBy }).flatMap(([name, value]) =>
    isText(value) ? [] : [name],
  );
  if (missing.length > 0) return `it lacks ${missing.join(', ')}`;
  return typeof (since ?? 0) === 'number' ? null : 'its since is no time';
}

/** A waiter says every five seconds that it is there; three times missed, and it is gone. */
export const renewMs = 5000;
export const leaseMs = 15_000;

/** Those who really wait, the next one first. */
export function waiting(line: Line): Line {
  return line.filter(({ supersededBy }) => supersededBy === undefined);
}

/** The line once `waiter` has its place, or keeps it. */
export function joined(line: Line, waiter: Waiter, now: number): Line {
  const until = now + leaseMs;
  if (line.some(({ id }) => id === waiter.id)) {
    return line.map((place) => (place.id === waiter.id ? { ...place, until } : place));
  }
  const { id, release, requestedBy } = waiter;
  const since = waiter.since ?? now;
  const own: Place = { id, release, requestedBy, since, until };
  const before = line.filter((place) => place.since <= since);
  const after = line.filter((place) => place.since > since);
  return [...(waiter.supersede ? before.map((place) => superseded(place, own)) : before), own, ...after];
}

function superseded(place: Place, by: Place): Place {
  return place.supersededBy === undefined ? { ...place, supersededBy: `${by.release} by ${by.requestedBy}` } : place;
}

export function left(line: Line, id: string): Line {
  return line.filter((place) => place.id !== id);
}

/** The line without those who are gone. */
export function present(line: Line, now: number): Line {
  return line.filter(({ until }) => until > now);
}

/** How long until somebody may be found gone. */
export function nextLookMs(line: Line, now: number): number {
  return Math.max(1, Math.min(...line.map(({ until }) => until)) - now);
}
