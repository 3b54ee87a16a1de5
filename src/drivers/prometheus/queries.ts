/**
 * PromQL per metric: names that prom-client, Micrometer, OpenTelemetry, cAdvisor and the blackbox exporter use
 * by default, in this order; the first that has series counts. Each query gives one series or none.
 */
import type { MetricName } from '../../domain/watch';

/** What a query may not say by itself: whose series are meant, and how far a rate looks back. */
export interface QueryScope {
  /** Label matchers without braces: `job="shop",env="prod"`. */
  readonly selector: string;
  readonly rangeMs: number;
}

export type Queries = Readonly<Partial<Record<MetricName, string>>>;

const COUNTERS = [
  'http_requests_total',
  'http_server_requests_total',
  'http_request_duration_seconds_count',
  'http_server_requests_seconds_count',
  'http_server_request_duration_seconds_count',
];
const ERROR_COUNTERS = ['http_request_errors_total', 'http_requests_errors_total', 'http_errors_total'];
const HISTOGRAMS = [
  'http_request_duration_seconds_bucket',
  'http_server_requests_seconds_bucket',
  'http_server_request_duration_seconds_bucket',
];
const STATUS_LABELS = ['status', 'code', 'status_code', 'http_status_code', 'http_response_status_code'];
const LOGINS = ['login_attempts_total', 'logins_total'];
const OUTCOME_LABELS = ['result', 'outcome', 'status'];

const firstOf = (queries: readonly string[]): string => queries.join(' or ');

/** The default queries of a scope. */
export function defaultQueries({ selector, rangeMs }: QueryScope): Record<MetricName, string> {
  const seconds = rangeMs / 1000;
  const series = (name: string, matcher = ''): string => `${name}{${[selector, matcher].filter(Boolean).join(',')}}`;
  const rate = (name: string, matcher = ''): string => `rate(${series(name, matcher)}[${rangeMs}ms])`;
  // Prometheus itself goes back five minutes for a value; older than the range is history, not evidence (abuse 28).
  const fresh = (name: string): string => `(${series(name)} and time() - timestamp(${series(name)}) <= ${seconds})`;
  const anyLabel = (name: string, labels: readonly string[], matcher: string): string =>
    labels.map((label) => rate(name, `${label}${matcher}`)).join(' or ');

  /** Of requests without a status nobody knows whether they failed, so they do not count; of known ones, no 5xx is zero. */
  const shareOf = (name: string, labels: readonly string[], matcher: string): string => {
    const known = `sum(${anyLabel(name, labels, '!=""')})`;
    return `(sum(${anyLabel(name, labels, matcher)}) or 0 * ${known}) / ${known}`;
  };
  const requests = firstOf(COUNTERS.map((name) => `sum(${rate(name)})`));
  const quantile = (q: number): string =>
    firstOf(HISTOGRAMS.map((name) => `histogram_quantile(${q}, sum by (le) (${rate(name)}))`));
  // Of several instances the fullest one counts: a mean would hide it.
  const highest = (queries: readonly string[]): string => firstOf(queries.map((query) => `max(${query})`));
  const up = `min(${fresh('up')})`;
  const probe = `min(${fresh('probe_success')})`;

  return {
    errorRate: firstOf([
      ...COUNTERS.map((name) => shareOf(name, STATUS_LABELS, '=~"5(..|xx|XX)"')),
      ...ERROR_COUNTERS.map((name) => `sum(${rate(name)}) / (${requests})`),
    ]),
    requestRate: requests,
    p50: quantile(0.5),
    p95: quantile(0.95),
    p99: quantile(0.99),
    cpu: highest([
      fresh('cpu_usage_ratio'),
      fresh('process_cpu_usage'),
      rate('process_cpu_seconds_total'),
      `${rate('container_cpu_usage_seconds_total')} / ignoring (cpu) group_left () (${fresh('container_spec_cpu_quota')} / ${fresh('container_spec_cpu_period')})`,
    ]),
    memory: highest([
      fresh('memory_usage_ratio'),
      fresh('process_memory_usage_ratio'),
      ...['process_memory_limit_bytes', 'memory_limit_bytes'].map(
        (limit) => `${fresh('process_resident_memory_bytes')} / (${fresh(limit)} > 0)`,
      ),
      `${fresh('container_memory_working_set_bytes')} / (${fresh('container_spec_memory_limit_bytes')} > 0)`,
    ]),
    queueDepth: firstOf(['queue_depth', 'queue_size', 'job_queue_depth'].map((name) => `sum(${fresh(name)})`)),
    // One place that is down, seen from inside or outside, is not well.
    health: `${probe} * ${up} or ${probe} or ${up}`,
    loginSuccess: firstOf(LOGINS.map((name) => shareOf(name, OUTCOME_LABELS, '=~"success|ok"'))),
  };
}

/** One query per metric: the configured one, with its `{{selector}}` and `{{range}}` filled in, or the default. */
export function queriesFor(scope: QueryScope, own: Queries): Record<MetricName, string> {
  // Functions as replacements, because `$&` in a selector would be a pattern.
  const fill = (text: string): string =>
    text.replaceAll('{{selector}}', () => scope.selector).replaceAll('{{range}}', () => `${scope.rangeMs}ms`);
  const filled = Object.entries(own).map(([metric, text]) => [metric, fill(text)] as const);
  return { ...defaultQueries(scope), ...Object.fromEntries(filled) };
}
