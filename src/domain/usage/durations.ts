/** The upper bounds of all buckets but the last, in milliseconds. */
const bounds = Array.from({ length: 15 }, (_, i) => 2 ** i);

export const durationBuckets = bounds.length + 1;

/** The bucket of a duration. Buckets of several histograms are merged by adding them. */
export function bucketOf(durationMs: number): number {
  const bucket = bounds.findIndex((bound) => durationMs <= bound);
  return bucket === -1 ? bounds.length : bucket;
}

/**
 * Estimates a percentile. Each bucket ends at twice its start, so the estimate is off by less than a factor of two.
 *
 * @param share from 0 to 1
 * @returns milliseconds; null if nothing was counted
 */
export function percentileOf(counts: readonly number[], share: number): number | null {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return null;
  let rank = share * total;
  for (const [bucket, count] of counts.entries()) {
    if (rank <= count && count > 0) {
      const end = bounds[bucket];
      // Above the last bound nothing is known.
      if (end === undefined) return 2 ** bounds.length;
      const start = bucket === 0 ? 0 : end / 2;
      return Math.round((start + (end - start) * (rank / count)) * 100) / 100;
    }
    rank -= count;
  }
  return 2 ** bounds.length;
}
