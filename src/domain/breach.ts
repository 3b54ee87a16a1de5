/** One rule against the samples of a window: when it is breached, by how much, and the sentence (A-051 to A-054). */
import type { Baseline, Breach, MetricName, Sample, WatchRule } from './watch';

/**
 * The least a baseline counts as, so that a multiple of nearly nothing is no breach: an error rate of 0.1 %, a latency
 * of 25 ms, ten queued jobs. Metrics without a floor cannot be held against a baseline of 0.
 */
const FLOORS: Partial<Record<MetricName, number>> = {
  errorRate: 0.001,
  p50: 0.025,
  p95: 0.025,
  p99: 0.025,
  queueDepth: 10,
};
/** What errors are held against when nothing is known from before: twice of it is the 5 % of S-135. */
const UNKNOWN_ERROR_RATE = 0.025;

/** The first breach of every breached rule, in order of time, then of the rule list. `samples` must be in order of time. */
export function breachesOf(
  samples: readonly Sample[],
  baseline: Baseline | null,
  rules: readonly WatchRule[],
  startedAt: number,
): readonly Breach[] {
  return rules
    .flatMap((rule) => firstBreach(samples, baseline, rule, startedAt) ?? [])
    .sort((a, b) => a.afterMs - b.afterMs);
}

/** `T+2 min`, `T+14 s`, `T+2 min 14 s`. */
export function tPlus(afterMs: number): string {
  const seconds = Math.round(afterMs / 1000);
  const minutes = Math.floor(seconds / 60);
  if (minutes === 0) return `T+${seconds} s`;
  return seconds % 60 === 0 ? `T+${minutes} min` : `T+${minutes} min ${seconds % 60} s`;
}

/** A sample without evidence for the metric neither goes on with a row of breaching samples nor ends it. */
function firstBreach(
  samples: readonly Sample[],
  baseline: Baseline | null,
  rule: WatchRule,
  startedAt: number,
): Breach | null {
  let inARow = 0;
  let previousAt = startedAt;
  for (const sample of samples) {
    const value = sample[rule.metric];
    const requests = ((sample.requestRate ?? 0) * (sample.at - previousAt)) / 1000;
    if (sample.unanswered === undefined) previousAt = sample.at;
    if (value === null) continue;
    const reference = referenceOf(rule.metric, baseline, requests);
    inARow = breaks(rule, value, reference) ? inARow + 1 : 0;
    if (inARow >= rule.consecutive) return breachOf(rule, value, baseline, reference, sample.at - startedAt);
  }
  return null;
}

/**
 * The baseline as it counts. For errors it is at least one error in the sample: `n` requests cannot show a rate finer
 * than 1/n, so one lone error is once the baseline at most, however few the requests.
 */
function referenceOf(metric: MetricName, baseline: Baseline | null, requests: number): number | null {
  const known = baseline?.values[metric] ?? null;
  const floor = FLOORS[metric] ?? 0;
  if (metric === 'errorRate') {
    const loneError = requests > 0 ? Math.min(1, 1 / requests) : 0;
    return Math.max(known ?? UNKNOWN_ERROR_RATE, floor, loneError);
  }
  const counts = known === null ? null : Math.max(known, floor);
  return counts === null || counts <= 0 ? null : counts;
}

function breaks(rule: WatchRule, value: number, reference: number | null): boolean {
  if (rule.kind === 'absolute') return compares(value, rule.operator, rule.bound);
  if (reference === null) return false;
  const factor = rule.kind === 'multiple' ? rule.bound : 1 + rule.bound / 100;
  return compares(value, rule.operator, tidy(factor * reference));
}

/** Keeps binary fractions from deciding at the bound: 1.1 × 0.2 is 0.22, not 0.22000000000000003. */
const tidy = (value: number): number => Number(value.toPrecision(12));

function compares(value: number, operator: WatchRule['operator'], bound: number): boolean {
  switch (operator) {
    case '>':
      return tidy(value) > bound;
    case '>=':
      return tidy(value) >= bound;
    case '<':
      return tidy(value) < bound;
    case '<=':
      return tidy(value) <= bound;
  }
}

function breachOf(
  rule: WatchRule,
  value: number,
  baseline: Baseline | null,
  reference: number | null,
  afterMs: number,
): Breach {
  const known = baseline?.values[rule.metric] ?? null;
  const multiple = reference === null || rule.metric === 'health' ? null : value / reference;
  const how =
    rule.metric === 'health' ? healthText(rule) : `${round(value)} ${against(rule, known, reference, multiple)}`;
  return {
    rule: rule.id,
    metric: rule.metric,
    class: rule.class,
    value,
    baseline: known,
    multiple,
    afterMs,
    sentence: `${rule.metric} ${how} at ${tPlus(afterMs)} (rule ${rule.id}, ${rule.class})`,
  };
}

function healthText(rule: WatchRule): string {
  return rule.consecutive > 1 ? `failed ${rule.consecutive} samples in a row` : 'failed';
}

const WORDS: Record<WatchRule['operator'], string> = {
  '>': 'above',
  '>=': 'at or above',
  '<': 'below',
  '<=': 'at or below',
};

function against(rule: WatchRule, known: number | null, reference: number | null, multiple: number | null): string {
  const times = multiple === null || reference === null ? null : `${round(multiple)}x ${base(known, reference)}`;
  if (rule.kind === 'absolute') {
    return `is ${WORDS[rule.operator]} ${rule.bound}${times && known !== null ? `, ${times}` : ''}`;
  }
  if (times === null || multiple === null || reference === null) return 'has no baseline';
  if (rule.kind === 'multiple') return `is ${times}`;
  const percent = (multiple - 1) * 100;
  return `is ${round(Math.abs(percent))} % ${percent < 0 ? 'under' : 'over'} ${base(known, reference)}`;
}

function base(known: number | null, reference: number): string {
  if (known === reference) return `the baseline ${round(known)}`;
  return `${round(reference)}, the least that counts (baseline ${known === null ? 'unknown' : round(known)})`;
}

function round(value: number): number {
  return Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3));
}
