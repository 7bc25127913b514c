import type { StepArgs } from './activities.js';
import type { Live, Slot } from './slot.js';

/** Whoever sends the release, or its slot, in this header gets it, whatever its share is. */
export const previewHeader = 'X-Pointsman-Preview';

/** The release gets a part of the requests, beside the one that is live. */
export interface CanaryStage {
  /** Who gets the rest, and counts as live. */
  readonly live: Live;
  /** Percent of the requests, from 0 to 99. 0: only those that ask for it by the header `X-Pointsman-Preview`. */
  readonly weight: number;
}

/** The router notes what each slot answers, from before the switch until the release is judged. */
export interface WatchArgs extends StepArgs {
  readonly timestamp: string;
  /** What the router serves: it goes on serving that. */
  readonly live: Live;
}

export interface Watched {
  readonly changed: boolean;
}

export interface WatchEnded {
  readonly changed: boolean;
}

export interface JudgeArgs extends StepArgs {
  readonly timestamp: string;
  readonly slot: Slot;
  readonly release: string;
  /** Where the window begins: `next` of the window before. `null`: the one that begins now, of which there is nothing to tell yet. */
  readonly from: string | null;
  /** How the old release did before; `null`: not known. While both serve, the window itself tells. */
  readonly baseline: TrafficStats | null;
}

/** What a slot answered in a time. */
export interface TrafficStats {
  readonly requests: number;
  /** Answers with 5xx. */
  readonly errors: number;
  /** Median and 95th percentile of the time that the slot took, in milliseconds; `null` where it answered nothing. */
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
}

/** One window, in numbers; `verdict` (model/judging.ts) says whether it is bad. */
export interface JudgedWindow {
  /** Where the next window begins. */
  readonly next: string;
  /** Of the release that is judged. */
  readonly release: TrafficStats;
  /** Of the other slot in the same time, or, at `from: null`, in all the time that was watched before. */
  readonly other: TrafficStats;
  /** What is wrong with the slot's health; `null`: nothing. */
  readonly unhealthy: string | null;
}

export interface MaintenanceArgs extends StepArgs {
  readonly on: boolean;
  readonly by: string;
  readonly timestamp: string;
}

export interface MaintenanceSet {
  readonly changed: boolean;
  /** What the router serves behind the page, or again. */
  readonly live: Live | null;
}
