import { bucketOf, type Histogram } from './histogram.js';
import { isFailure, isRequest, type Kind, type Outcome } from './kinds.js';

/** One request, stream, connection or message that has come to its end. Times are milliseconds since 1970. */
export interface Sample {
  readonly kind: Kind;
  readonly begunAt: number;
  readonly endedAt: number;
  /** What the table of kinds says it is. */
  readonly latencyMs: number;
  readonly outcome: Outcome;
  /** Release that answered; `null`: none said so. */
  readonly release: string | null;
  /** What happened, where it is not as it should be: `502`, `ECONNRESET`, `event 7 instead of 5`. */
  readonly detail?: string;
}

/** Length of a slice of time: fine enough for a picture, and seconds are made of them. */
export const sliceMs = 250;

/** All of one kind that ended in one slice of time. */
export interface Cell {
  /** When it begins, milliseconds since 1970; a multiple of {@link sliceMs}. */
  readonly at: number;
  readonly kind: Kind;
  readonly outcomes: Readonly<Partial<Record<Outcome, number>>>;
  /** Answers by the release that gave them. */
  readonly releases: Readonly<Record<string, number>>;
  readonly latencies: Histogram;
}

/** What was seen in a stretch of time. */
export interface Segment {
  readonly cells: readonly Cell[];
  /** Each one that did not end as it should. */
  readonly odd: readonly Sample[];
  /** Ids of the rows whose writing was acknowledged. */
  readonly acknowledged: readonly string[];
  /** Requests that were due and never sent, since their client was seconds behind: more than the machine can do. */
  readonly unsent: number;
}

interface OpenCell {
  readonly at: number;
  readonly kind: Kind;
  readonly outcomes: Partial<Record<Outcome, number>>;
  readonly releases: Record<string, number>;
  readonly latencies: Record<number, number>;
}

/** Keeps what clients have seen, each as it ends; nothing is ever taken back. */
export class Recorder {
  private cells = new Map<string, OpenCell>();
  private odd: Sample[] = [];
  private acknowledged: string[] = [];
  private ended = 0;
  private unsent = 0;

  /** Requests that have ended so far, over all segments; messages are none. */
  get requests(): number {
    return this.ended;
  }

  record(sample: Sample): void {
    const { kind, outcome, release, latencyMs } = sample;
    if (isRequest(kind)) this.ended += 1;
    const cell = this.cell(sliceOf(sample), kind);
    cell.outcomes[outcome] = (cell.outcomes[outcome] ?? 0) + 1;
    if (release !== null) cell.releases[release] = (cell.releases[release] ?? 0) + 1;
    if (outcome !== 'ok') this.odd.push(sample);
    const bucket = bucketOf(latencyMs);
    if (outcome === 'ok') cell.latencies[bucket] = (cell.latencies[bucket] ?? 0) + 1;
  }

  /** The row with this id is in the database, or the app has lied. */
  acknowledge(id: string): void {
    this.acknowledged.push(id);
  }

  giveUp(requests: number): void {
    this.unsent += requests;
  }

  /** What has ended since the last call. */
  take(): Segment {
    const { cells, odd, acknowledged, unsent } = this;
    this.unsent = 0;
    this.cells = new Map();
    this.odd = [];
    this.acknowledged = [];
    return { cells: [...cells.values()], odd, acknowledged, unsent };
  }

  private cell(at: number, kind: Kind): OpenCell {
    const key = `${at} ${kind}`;
    const cell = this.cells.get(key) ?? { at, kind, outcomes: {}, releases: {}, latencies: {} };
    this.cells.set(key, cell);
    return cell;
  }
}

function sliceOf({ endedAt }: Sample): number {
  return Math.floor(endedAt / sliceMs) * sliceMs;
}

/** When the old nginx workers were told to end, and for how long they may go on. */
export interface Drain {
  readonly reloadedAt: number;
  readonly timeoutMs: number;
}

/** A second of the clocks of two processes and of nginx's own timer. */
const slackMs = 1500;

const streams: ReadonlySet<Kind> = new Set<Kind>(['slow', 'download', 'events', 'websocket', 'endless websocket']);

/**
 * A stream that ends early looks the same to its client whatever the reason. It was cut by the drain if it was open
 * when nginx was told to reload, and lived on for the whole of `drain.timeout` after that; anything else is a reset.
 */
export function cutByDrain(sample: Sample, drains: readonly Drain[]): boolean {
  if (sample.outcome !== 'reset' || !streams.has(sample.kind)) return false;
  return drains.some(
    ({ reloadedAt, timeoutMs }) =>
      sample.begunAt <= reloadedAt + slackMs && sample.endedAt >= reloadedAt + timeoutMs - slackMs,
  );
}

/** The segment with what a drain has cut told apart. */
export function withDrains(segment: Segment, drains: readonly Drain[]): Segment {
  const cut = segment.odd.filter((sample) => cutByDrain(sample, drains));
  if (cut.length === 0) return segment;
  const moved = (cell: Cell): Cell => {
    const { reset = 0, ...others } = cell.outcomes;
    const count = cut.filter((sample) => sample.kind === cell.kind && sliceOf(sample) === cell.at).length;
    if (count === 0) return cell;
    const left = reset - count;
    return { ...cell, outcomes: { ...others, ...(left > 0 ? { reset: left } : {}), 'cut by drain': count } };
  };
  return {
    ...segment,
    cells: segment.cells.map(moved),
    odd: segment.odd.map((sample) => (cut.includes(sample) ? { ...sample, outcome: 'cut by drain' } : sample)),
  };
}

export function failuresOf({ odd }: Pick<Segment, 'odd'>): Sample[] {
  return odd.filter(({ outcome }) => isFailure(outcome));
}
