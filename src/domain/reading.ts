/** From two looks at a target to one row of the watch table. Pure. */
import { bucketsSince, quantile, totalOf } from './histogram';
import type { Sample } from './watch';

/**
 * A reading of the target's metrics at one instant, before any arithmetic: cumulative counters and buckets
 * (they become rates between two readings) and gauges (taken as they are).
 */
export interface Reading {
  readonly at: number;
  readonly counters: { readonly requests: number; readonly errors: number } | null;
  /** Cumulative histogram of request seconds: upper bound (`+Inf` as null) and count, ascending. */
  readonly histogram: readonly { readonly le: number | null; readonly count: number }[] | null;
  readonly gauges: { readonly cpu: number | null; readonly memory: number | null; readonly queueDepth: number | null };
  /** Logins that were tried and that went well (T-184); absent where the target counts none. */
  readonly logins?: { readonly tried: number; readonly good: number } | null;
  readonly healthy: boolean | null;
}

type Counters = NonNullable<Reading['counters']>;

/** Fewer requests than this in a sample say nothing of rates and latencies, unless at least two of them failed. */
const MIN_REQUESTS = 10;

/**
 * One row of the watch table from two readings of the same target. Counters that went back mean a restart in between:
 * everything since then counts, and what was before it is lost. Values that are no numbers are no evidence.
 */
export function sampleBetween(previous: Reading, next: Reading): Sample {
  const seconds = (next.at - previous.at) / 1000;
  const { counters, buckets } = seconds > 0 ? growth(previous, next) : { counters: null, buckets: null };
  const timed = buckets && (totalOf(buckets) ?? 0) >= MIN_REQUESTS ? buckets : null;
  return {
    at: next.at,
    errorRate: counters && errorRateOf(counters),
    requestRate: counters && counters.requests / seconds,
    p50: timed && quantile(0.5, timed),
    p95: timed && quantile(0.95, timed),
    p99: timed && quantile(0.99, timed),
    cpu: numberOrNull(next.gauges.cpu),
    memory: numberOrNull(next.gauges.memory),
    queueDepth: numberOrNull(next.gauges.queueDepth),
    health: next.healthy === null ? null : Number(next.healthy),
    loginSuccess: loginSuccess(previous, next),
  };
}

function errorRateOf({ requests, errors }: Counters): number | null {
  if (requests <= 0 || (requests < MIN_REQUESTS && errors < 2)) return null;
  return Math.min(1, errors / requests);
}

/** A lone failed login among few says more of a person than of a release. */
function loginSuccess({ logins: before }: Reading, { logins: now }: Reading): number | null {
  if (!before || !now) return null;
  const restarted = now.tried < before.tried || now.good < before.good;
  const tried = restarted ? now.tried : now.tried - before.tried;
  const good = restarted ? now.good : now.good - before.good;
  return tried >= MIN_REQUESTS ? Math.min(1, good / tried) : null;
}

/**
 * A sample whose rates come ready-made from its source over `spanMs`, without those that too few requests stand behind.
 */
export function withEnoughRequests(sample: Sample, spanMs: number): Sample {
  if (sample.requestRate === null) return sample;
  const requests = (sample.requestRate * spanMs) / 1000;
  const errors = Math.round((sample.errorRate ?? 0) * requests);
  const errorRate = sample.errorRate === null || errorRateOf({ requests, errors }) === null ? null : sample.errorRate;
  if (requests >= MIN_REQUESTS) return { ...sample, errorRate };
  return { ...sample, errorRate, p50: null, p95: null, p99: null };
}

type Growth = Pick<Reading, 'counters'> & { readonly buckets: Reading['histogram'] };

/** What counters and buckets gained; one process feeds them all, so one that went back restarts them all. */
function growth(previous: Reading, next: Reading): Growth {
  const before = { counters: countersOf(previous), buckets: bucketsOf(previous) };
  const now = { counters: countersOf(next), buckets: bucketsOf(next) };
  const counters = before.counters && now.counters && countersSince(before.counters, now.counters);
  const buckets = before.buckets && now.buckets && bucketsSince(before.buckets, now.buckets);
  const restarted = counters === 'went back' || (before.buckets && now.buckets && !buckets);
  if (!restarted) return { counters, buckets };
  return { counters: before.counters && now.counters, buckets: before.buckets && now.buckets };
}

function countersSince(before: Counters, now: Counters): Counters | 'went back' {
  const gained = { requests: now.requests - before.requests, errors: now.errors - before.errors };
  return gained.requests < 0 || gained.errors < 0 ? 'went back' : gained;
}

function countersOf({ counters }: Reading): Counters | null {
  return counters && Number.isFinite(counters.requests) && Number.isFinite(counters.errors) ? counters : null;
}

function bucketsOf({ histogram }: Reading): Reading['histogram'] {
  return histogram?.every((bucket) => Number.isFinite(bucket.count)) ? histogram : null;
}

const numberOrNull = (value: number | null): number | null => (value !== null && Number.isFinite(value) ? value : null);
