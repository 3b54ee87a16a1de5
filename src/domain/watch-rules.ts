/**
 * The rule lists that ship. An operator says when a rule is *breached*: A-051 and P-071 write the breach itself
 * (`>=`, `>`); S-050 and T-181 to T-184 write what must hold (`<`, above), so their breach is the opposite (`>=`, `<=`).
 */
import type { WatchRule } from './watch';

/** A-051 (hard), A-052 (soft) and P-071 (notify and page). */
const DEFAULT_RULES: readonly WatchRule[] = [
  rule('error-rate-2x', 'errorRate', 'multiple', '>=', 2, 'hard'),
  rule('p99-3x', 'p99', 'multiple', '>=', 3, 'hard'),
  rule('health-2-in-a-row', 'health', 'absolute', '<', 1, 'hard', 2),
  rule('error-rate-1.5x', 'errorRate', 'multiple', '>=', 1.5, 'soft'),
  rule('p99-1.5x', 'p99', 'multiple', '>=', 1.5, 'soft'),
  rule('health-blip', 'health', 'absolute', '<', 1, 'soft'),
  // "Steady" is three samples in a row; the source gives no figure.
  rule('queue-steady-high', 'queueDepth', 'multiple', '>=', 1.5, 'soft', 3),
  rule('error-rate-over-2x', 'errorRate', 'multiple', '>', 2, 'notify'),
  rule('response-over-3x', 'p99', 'multiple', '>', 3, 'notify'),
  rule('error-rate-over-5x', 'errorRate', 'multiple', '>', 5, 'page'),
  rule('uptime-failed', 'health', 'absolute', '<', 1, 'page'),
];

/** Errors up by less than 1 %, latency by less than 10 %; a person grades a breach (S-051). */
const S_050_RULES: readonly WatchRule[] = [
  rule('s-050-error-increase', 'errorRate', 'relative', '>=', 1, 'soft'),
  rule('s-050-latency-increase', 'p95', 'relative', '>=', 10, 'soft'),
];

/** T-181 to T-184: breaches are to be investigated, and a person decides on the rollback. */
const T_181_RULES: readonly WatchRule[] = [
  rule('t-181-error-rate', 'errorRate', 'absolute', '>=', 0.005, 'soft'),
  rule('t-182-p95', 'p95', 'relative', '>=', 20, 'soft'),
  rule('t-183-memory', 'memory', 'absolute', '>=', 0.85, 'soft'),
  // "Sustained" is three samples in a row; the source gives no figure.
  rule('t-183-cpu', 'cpu', 'absolute', '>=', 0.8, 'soft', 3),
  rule('t-184-login-success', 'loginSuccess', 'absolute', '<=', 0.99, 'soft'),
];

/**
 * S-135 (reasons to roll back) and S-136 (alerts), as far as the watch measures them; five and ten minutes are samples
 * at the usual interval of one minute.
 */
const S_135_RULES: readonly WatchRule[] = [
  rule('s-135-error-rate', 'errorRate', 'absolute', '>', 0.05, 'hard', 5),
  rule('s-135-p95-2x', 'p95', 'multiple', '>', 2, 'hard'),
  rule('s-136-error-rate', 'errorRate', 'absolute', '>', 0.02, 'notify', 5),
  rule('s-136-p95', 'p95', 'absolute', '>', 1, 'notify', 10),
];

export const WATCH_PRESETS = {
  default: DEFAULT_RULES,
  's-050': S_050_RULES,
  't-181': T_181_RULES,
  's-135': S_135_RULES,
} as const satisfies Record<string, readonly WatchRule[]>;

function rule(
  id: string,
  metric: WatchRule['metric'],
  kind: WatchRule['kind'],
  operator: WatchRule['operator'],
  bound: number,
  ruleClass: WatchRule['class'],
  consecutive = 1,
): WatchRule {
  return { id, metric, kind, operator, bound, consecutive, class: ruleClass };
}
