/** Quantiles of a cumulative histogram, estimated as Prometheus' `histogram_quantile` does. */

/** A cumulative bucket: everything up to `le`; null is `+Inf`. */
export interface Bucket {
  readonly le: number | null;
  readonly count: number;
}

/**
 * The buckets that `later` holds beyond `earlier`; null when the layout changed, a count is no number or a counter went
 * back. Buckets must be ascending with `+Inf` last.
 */
export function bucketsSince(earlier: readonly Bucket[], later: readonly Bucket[]): readonly Bucket[] | null {
  if (earlier.length !== later.length) return null;
  const grown = later.map((bucket, index) => {
    const before = earlier[index];
    return before?.le === bucket.le ? { le: bucket.le, count: bucket.count - before.count } : null;
  });
  return grown.every((bucket): bucket is Bucket => bucket !== null && bucket.count >= 0) ? grown : null;
}

/** How many observations a histogram holds: the count of `+Inf`; null without that bucket. */
export function totalOf(buckets: readonly Bucket[]): number | null {
  const last = buckets.at(-1);
  return last?.le === null && Number.isFinite(last.count) ? last.count : null;
}

/**
 * The value below which the share `q` (0..1) of the observations lies, by linear interpolation inside its bucket, the
 * lowest bucket starting at 0. A quantile in the `+Inf` bucket is the highest finite bound: the true value is at least
 * that. Null without observations, without `+Inf`, or without a finite bucket.
 */
export function quantile(q: number, buckets: readonly Bucket[]): number | null {
  const total = totalOf(buckets);
  const highest = buckets.at(-2)?.le ?? null;
  if (total === null || total <= 0 || highest === null) return null;
  const rank = q * total;
  let below = { le: 0, count: 0 };
  for (const { le, count } of buckets) {
    if (le === null) return highest;
    // Scrapes are not atomic: a bucket may lag behind the one before it, and cumulative counts never fall.
    const upTo = Math.max(count, below.count);
    if (upTo >= rank && upTo > below.count) {
      if (le <= 0) return le;
      return below.le + ((le - below.le) * (rank - below.count)) / (upTo - below.count);
    }
    below = { le: Math.max(le, 0), count: upTo };
  }
  return highest;
}
