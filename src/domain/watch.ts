/**
 * The watch window: samples are held against a baseline by rules, rules give a verdict.
 * Pure; times are arguments.
 */

import { breachesOf, tPlus } from './breach';

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

/** One row of the watch table: rates per second, seconds for latencies, 0..1 for ratios; null where there is no evidence. */
export type Sample = Readonly<Record<MetricName, number | null>> & {
  readonly at: number;
  /** Why the source could not be asked: an error of the watcher, which says nothing of the target. */
  readonly unanswered?: string;
};

/** A sample without evidence; `why` names an error of the source and not a silence of the target. */
export function emptySample(at: number, health: number | null, why: string | null): Sample {
  const values = Object.fromEntries(METRICS.map((metric) => [metric, null])) as Record<MetricName, null>;
  return { at, ...values, health, ...(why === null ? {} : { unanswered: why }) };
}

export const wasAnswered = ({ unanswered }: Sample): boolean => unanswered === undefined;

/** Baseline values per metric, with how many samples they rest on. */
export interface Baseline {
  readonly fromAt: number;
  readonly toAt: number;
  readonly samples: number;
  readonly values: Readonly<Record<MetricName, number | null>>;
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

/** A window with fewer samples than this proves nothing. */
const MIN_SAMPLES = 2;

/**
 * What was normal between `fromAt` (exclusive) and `toAt` (inclusive; a sample stands at the end of its interval).
 * The error rate is that of all requests together; everything else is the median, so that one spike before the
 * deployment does not hide one after it.
 */
export function baselineOf(samples: readonly Sample[], fromAt: number, toAt: number): Baseline {
  const within = samples.filter((sample) => fromAt < sample.at && sample.at <= toAt && hasData(sample));
  const values = Object.fromEntries(
    METRICS.map((metric) => [metric, metric === 'errorRate' ? pooledErrorRate(within) : medianOf(within, metric)]),
  ) as Baseline['values'];
  return { fromAt, toAt, samples: within.length, values };
}

function pooledErrorRate(samples: readonly Sample[]): number | null {
  const judged = samples.filter((sample) => sample.errorRate !== null);
  const requests = judged.reduce((sum, sample) => sum + (sample.requestRate ?? 0), 0);
  if (requests <= 0) return null;
  return judged.reduce((sum, sample) => sum + (sample.errorRate ?? 0) * (sample.requestRate ?? 0), 0) / requests;
}

function medianOf(samples: readonly Sample[], metric: MetricName): number | null {
  const values = samples.flatMap((sample) => sample[metric] ?? []).sort((a, b) => a - b);
  const upper = values[Math.floor(values.length / 2)];
  const lower = values[Math.floor((values.length - 1) / 2)];
  return upper === undefined || lower === undefined ? null : (lower + upper) / 2;
}

/** Whether the target's metrics said anything; health alone is no measurement. */
export function hasData(sample: Sample): boolean {
  return METRICS.some((metric) => metric !== 'health' && sample[metric] !== null);
}

export interface JudgeOptions {
  /** When the window began: T+0. */
  readonly startedAt: number;
  readonly now: number;
  /** No data for this long is a breach. */
  readonly noDataMs: number;
  /** As many questions in a row that the source did not answer prove that nobody watches any more. */
  readonly errorLimit: number;
  /** What missing evidence means here. */
  readonly missing: 'hard' | 'soft';
  /** Whether the window is over. */
  readonly finished: boolean;
}

/** `continue` carries what was breached so far without being hard, for the people who are told (A-052, P-071). */
export type Judgement = WatchVerdict | { readonly outcome: 'continue'; readonly breaches: readonly Breach[] };

/**
 * The verdict on a window. A hard breach ends it at once, the earliest first; soft ones are reported and decide when
 * the window is over; `notify` and `page` never decide. Missing evidence counts as `missing` says: in production a
 * window that proves nothing is `inconclusive`, which never promotes; below it is a soft breach. Errors of the
 * source are no breach of the target: they are counted apart, and a whole row of them ends a window as missing evidence.
 */
export function judge(
  samples: readonly Sample[],
  baseline: Baseline | null,
  rules: readonly WatchRule[],
  options: JudgeOptions,
): Judgement {
  const watched = samples.filter((sample) => sample.at > options.startedAt).sort((a, b) => a.at - b.at);
  const measured = breachesOf(watched, baseline, rules, options.startedAt);
  const blind = blindnessOf(watched, options);
  const silence = blind ? null : silenceOf(watched, options);
  const breaches = [...measured, blind, silence].filter((breach) => breach !== null);
  const count = watched.filter(hasData).length;

  const hard = breaches.find((breach) => breach.class === 'hard' && breach !== blind);
  if (hard) return { outcome: 'hard', breach: hard, samples: count };
  if (blind?.class === 'hard') return { outcome: 'inconclusive', breach: blind, samples: count };
  if (!options.finished) return { outcome: 'continue', breaches };
  const unproven = lackOf(watched, rules, options);
  if (unproven?.class === 'hard') return { outcome: 'inconclusive', breach: unproven, samples: count };
  const soft = breaches.find((breach) => breach.class === 'soft') ?? unproven;
  return soft ? { outcome: 'soft', breach: soft, samples: count } : { outcome: 'pass', samples: count };
}

/** The source did not answer the last questions, as many as the limit says; one answer begins a new count. */
function blindnessOf(watched: readonly Sample[], options: JudgeOptions): Breach | null {
  const inARow = watched.length - 1 - watched.findLastIndex(wasAnswered);
  if (inARow === 0 || inARow < options.errorLimit) return null;
  const why = watched.at(-1)?.unanswered ?? '';
  return missingBreach('source-away', `the source of the metrics failed ${inARow} times in a row (${why})`, options);
}

/**
 * Nothing since the start, whatever the reason, or samples that stay empty. Where nobody asked (a worker was
 * down) and where the source could not be asked, nobody was silent.
 */
function silenceOf(watched: readonly Sample[], options: JudgeOptions): Breach | null {
  const heard = watched.findLastIndex(hasData);
  // A source that comes back fills the time it was away with empty samples; they are its own silence.
  const last = watched.findLastIndex((sample) => hasData(sample) || !wasAnswered(sample));
  const since = heard === -1 ? options.startedAt : watched[last + 1]?.at;
  if (since === undefined || options.now - since < options.noDataMs) return null;
  return missingBreach('no-data', `no data for ${Math.round((options.now - since) / 1000)} s`, options);
}

/** Why a window that is over proves nothing, or null. */
function lackOf(watched: readonly Sample[], rules: readonly WatchRule[], options: JudgeOptions): Breach | null {
  const seen = watched.filter(hasData);
  const last = seen.at(-1);
  if (!last || seen.length < MIN_SAMPLES) {
    return missingBreach('too-few-samples', `only ${seen.length} of at least ${MIN_SAMPLES} samples had data`, options);
  }
  if (options.now - last.at >= options.noDataMs) return missingBreach('no-data', 'no data at the end', options);
  const judgesErrors = rules.some((rule) => rule.metric === 'errorRate' && rule.class === 'hard');
  if (judgesErrors && watched.every((sample) => sample.errorRate === null)) {
    return missingBreach('too-few-requests', 'too few requests in every sample to judge errors', options);
  }
  const judgesHealth = rules.some((rule) => rule.metric === 'health' && rule.class === 'hard');
  if (judgesHealth && watched.every((sample) => sample.health === null)) {
    return missingBreach('no-health', 'nobody could tell whether it is healthy', options);
  }
  return null;
}

function missingBreach(rule: string, what: string, options: JudgeOptions): Breach {
  const afterMs = options.now - options.startedAt;
  return {
    rule,
    metric: 'requestRate',
    class: options.missing,
    value: null,
    baseline: null,
    multiple: null,
    afterMs,
    sentence: `${what} at ${tPlus(afterMs)} (rule ${rule}, ${options.missing})`,
  };
}
