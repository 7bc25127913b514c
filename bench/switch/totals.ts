import type { Cell } from './accounting.js';
import { merged, percentile, type Histogram } from './histogram.js';
import { isFailure, isRequest, outcomes, type Kind, type Outcome } from './kinds.js';

/** What many cells come to. */
export interface Totals {
  readonly count: number;
  readonly outcomes: Readonly<Record<Outcome, number>>;
  readonly failed: number;
  readonly releases: Readonly<Record<string, number>>;
  readonly latencies: Histogram;
}

export function totalsOf(cells: readonly Cell[]): Totals {
  const sums = Object.fromEntries(outcomes.map((outcome) => [outcome, 0])) as Record<Outcome, number>;
  const releases: Record<string, number> = {};
  for (const cell of cells) {
    for (const outcome of outcomes) sums[outcome] += cell.outcomes[outcome] ?? 0;
    for (const [name, count] of Object.entries(cell.releases)) releases[name] = (releases[name] ?? 0) + count;
  }
  const count = outcomes.reduce((total, outcome) => total + sums[outcome], 0);
  const failed = outcomes.filter(isFailure).reduce((total, outcome) => total + sums[outcome], 0);
  return { count, outcomes: sums, failed, releases, latencies: merged(cells.map(({ latencies }) => latencies)) };
}

/** Messages are inside of requests that are counted already. */
export function requestsIn(cells: readonly Cell[]): Cell[] {
  return cells.filter(({ kind }) => isRequest(kind));
}

/** Cells by a property of theirs, in the order of its values' first appearance. */
export function groupedBy<K>(cells: readonly Cell[], keyOf: (cell: Cell) => K): Map<K, Cell[]> {
  const groups = new Map<K, Cell[]>();
  for (const cell of cells) {
    const key = keyOf(cell);
    const group = groups.get(key);
    if (group) group.push(cell);
    else groups.set(key, [cell]);
  }
  return groups;
}

/** Those that are answered at once; the latency of the others is how long they are. */
export const shortKinds: ReadonlySet<Kind> = new Set<Kind>(['kept GET', 'kept POST', 'new GET', 'new POST']);

export function latencyText(latencies: Histogram, share: number): string {
  const ms = percentile(latencies, share);
  if (ms === null) return '';
  if (ms >= 1000) return `${(ms / 1000).toFixed(2)} s`;
  return `${ms < 10 ? ms.toFixed(1) : ms.toFixed(0)} ms`;
}
