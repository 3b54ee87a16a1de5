/**
 * The watch window: readings become samples, samples are held against a baseline by rules, rules give a verdict
 * . Pure; times are arguments.
 */

export const METRICS = [
  'errorRate',
  'requestRate',
  'p50',
  'p95',
  'p99',
  'cpu',
  'memory',
  'queueDepth',
  'health',
  'loginSuccess',
] as const;
export type MetricName = (typeof METRICS)[number];

/**
 * One rule of the list. `bound` is in the metric's unit for `absolute`, in percent over baseline for
 * `relative`, a factor of the baseline for `multiple`.
 */
export interface WatchRule {
  readonly id: string;
  readonly metric: MetricName;
  readonly kind: 'absolute' | 'relative' | 'multiple';
  readonly operator: '>' | '>=' | '<' | '<=';
  readonly bound: number;
  /** How many samples in a row must breach before the rule does. */
  readonly consecutive: number;
  readonly class: 'hard' | 'soft' | 'notify' | 'page';
}

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
  readonly healthy: boolean | null;
}

/** One row of the watch table: rates per second, seconds for latencies, 0..1 for ratios; null where there is no evidence. */
export type Sample = { readonly at: number } & { readonly [M in MetricName]: number | null };

/** Baseline values per metric, with how many samples they rest on. */
export interface Baseline {
  readonly fromAt: number;
  readonly toAt: number;
  readonly samples: number;
  readonly values: { readonly [M in MetricName]: number | null };
}

export interface Breach {
  readonly rule: string;
  readonly metric: MetricName;
  readonly class: WatchRule['class'];
  readonly value: number | null;
  readonly baseline: number | null;
  /** value / baseline, null without a baseline. */
  readonly multiple: number | null;
  /** Milliseconds after the start of the window (T+). */
  readonly afterMs: number;
  /** The one sentence used everywhere: metric, multiple and T+ (A-054). */
  readonly sentence: string;
}

export type WatchVerdict =
  | { readonly outcome: 'pass'; readonly samples: number }
  | { readonly outcome: 'hard'; readonly breach: Breach; readonly samples: number }
  | { readonly outcome: 'soft'; readonly breach: Breach; readonly samples: number }
  | { readonly outcome: 'inconclusive'; readonly breach: Breach; readonly samples: number };
