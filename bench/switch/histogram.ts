/** Latencies by buckets that grow by 5 %: how many there were of each, by the bucket's number. */
export type Histogram = Readonly<Record<number, number>>;

const growth = Math.log(1.05);
const smallestMs = 0.1;

export function bucketOf(ms: number): number {
  return Math.max(0, Math.ceil(Math.log(Math.max(ms, smallestMs) / smallestMs) / growth));
}

/** Upper bound of a bucket in milliseconds: what is said of a latency is never too small, and at most 5 % too large. */
export function boundOf(bucket: number): number {
  return smallestMs * Math.exp(bucket * growth);
}

export function merged(histograms: Iterable<Histogram>): Histogram {
  const sum: Record<number, number> = {};
  for (const histogram of histograms) {
    for (const [bucket, count] of Object.entries(histogram)) sum[Number(bucket)] = (sum[Number(bucket)] ?? 0) + count;
  }
  return sum;
}

/** @param share from 0 to 1. `null` where there was no latency at all. */
export function percentile(histogram: Histogram, share: number): number | null {
  const buckets = Object.entries(histogram)
    .map(([bucket, count]) => [Number(bucket), count] as const)
    .sort(([a], [b]) => a - b);
  const total = buckets.reduce((sum, [, count]) => sum + count, 0);
  let seen = 0;
  for (const [bucket, count] of buckets) {
    seen += count;
    if (seen >= share * total) return boundOf(bucket);
  }
  return null;
}
