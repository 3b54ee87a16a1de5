/** From an exposition to a reading: which names count as what. */
import type { Reading } from '../../domain/reading';
import type { Exposition, Series } from './exposition';

/**
 * Names are tried in order and the first that is there counts. The lists are what prom-client, Micrometer,
 * OpenTelemetry and the Prometheus clients of other languages use by default.
 */
const REQUESTS = [
  'http_requests_total',
  'http_server_requests_total',
  'http_request_duration_seconds_count',
  'http_server_requests_seconds_count',
  'http_server_request_duration_seconds_count',
];
const ERRORS = ['http_request_errors_total', 'http_requests_errors_total', 'http_errors_total'];
const DURATIONS = [
  'http_request_duration_seconds',
  'http_server_requests_seconds',
  'http_server_request_duration_seconds',
];
const STATUS_LABELS = ['status', 'code', 'status_code', 'http_status_code', 'http_response_status_code'];
const CPU_RATIOS = ['cpu_usage_ratio', 'process_cpu_usage'];
const CPU_SECONDS = ['process_cpu_seconds_total'];
const MEMORY_RATIOS = ['memory_usage_ratio', 'process_memory_usage_ratio'];
const MEMORY_BYTES = ['process_resident_memory_bytes'];
const MEMORY_LIMITS = ['process_memory_limit_bytes', 'memory_limit_bytes', 'container_spec_memory_limit_bytes'];
const QUEUES = ['queue_depth', 'queue_size', 'job_queue_depth'];
const LOGINS = ['login_attempts_total', 'logins_total'];
const OUTCOME_LABELS = ['result', 'outcome', 'status'];
const GOOD_OUTCOMES = ['success', 'ok'];

/** A value with an older time stamp of its own is history, not evidence (abuse 28). */
const STALE_MS = 5 * 60_000;

/** Everything that one look gives; processor seconds become a ratio only between two looks. */
export interface Look {
  readonly counters: Reading['counters'];
  readonly histogram: Reading['histogram'];
  readonly cpuRatio: number | null;
  readonly cpuSeconds: number | null;
  readonly memory: number | null;
  readonly queueDepth: number | null;
  readonly logins: { readonly tried: number; readonly good: number } | null;
}

export const EMPTY_LOOK: Look = {
  counters: null,
  histogram: null,
  cpuRatio: null,
  cpuSeconds: null,
  memory: null,
  queueDepth: null,
  logins: null,
};

type Find = (names: readonly string[]) => readonly Series[] | null;

/** Fresh, finite series of the first name that is there; an announced name without series gives an empty list. */
function finder(exposition: Exposition, now: number): Find {
  const present = new Set(exposition.series.map(({ name }) => name));
  const isFresh = ({ value, measuredAt }: Series): boolean =>
    Number.isFinite(value) && (measuredAt === null || now - measuredAt <= STALE_MS);
  return (names) => {
    const name = names.find((one) => present.has(one) || exposition.declared.has(one));
    if (name === undefined) return null;
    const fresh = exposition.series.filter((one) => one.name === name && isFresh(one));
    return fresh.length === 0 && present.has(name) ? null : fresh;
  };
}

const sum = (series: readonly Series[]): number => series.reduce((total, { value }) => total + value, 0);

/** Null for no series: a gauge that is only announced says nothing. */
const total = (series: readonly Series[] | null): number | null =>
  series === null || series.length === 0 ? null : sum(series);

function statusOf({ labels }: Series): string | null {
  const label = STATUS_LABELS.find((name) => labels[name] !== undefined);
  return label === undefined ? null : (labels[label] ?? null);
}

const isServerError = (status: string | null): boolean => status !== null && /^5(\d\d|xx)$/i.test(status);

/**
 * Errors are requests with a status of 500 or more, or a counter of their own. Requests of which nobody can say whether
 * they failed are no evidence: an error rate of zero would be a lie.
 */
function countersOf(find: Find): Reading['counters'] {
  const requests = find(REQUESTS);
  if (requests === null) return null;
  if (requests.some((one) => statusOf(one) !== null)) {
    return { requests: sum(requests), errors: sum(requests.filter((one) => isServerError(statusOf(one)))) };
  }
  const errors = find(ERRORS);
  if (errors !== null) return { requests: sum(requests), errors: sum(errors) };
  return sum(requests) === 0 ? { requests: 0, errors: 0 } : null;
}

const bound = (text: string | undefined): number => (text === '+Inf' ? Infinity : Number(text));

/** Buckets of all routes and methods added up, ascending. */
function histogramOf(find: Find): Reading['histogram'] {
  const buckets = find(DURATIONS.map((name) => `${name}_bucket`));
  if (buckets === null) return null;
  const counts = new Map<number, number>();
  for (const { labels, value } of buckets) {
    const le = bound(labels.le);
    if (!Number.isNaN(le)) counts.set(le, (counts.get(le) ?? 0) + value);
  }
  return [...counts].sort(([a], [b]) => a - b).map(([le, count]) => ({ le: le === Infinity ? null : le, count }));
}

/** Logins that nobody counted apart by their outcome are no evidence. */
function loginsOf(find: Find): Look['logins'] {
  const logins = find(LOGINS) ?? [];
  const outcomes = logins.map(({ labels }) => OUTCOME_LABELS.map((name) => labels[name]).find(Boolean));
  if (logins.length === 0 || outcomes.includes(undefined)) return null;
  const good = logins.filter((_, index) => GOOD_OUTCOMES.includes(outcomes[index] ?? ''));
  return { tried: sum(logins), good: sum(good) };
}

function memoryOf(find: Find): number | null {
  const ratio = total(find(MEMORY_RATIOS));
  if (ratio !== null) return ratio;
  const used = total(find(MEMORY_BYTES));
  const limit = total(find(MEMORY_LIMITS));
  return used === null || limit === null || limit <= 0 ? null : used / limit;
}

/** What an exposition says at an instant (epoch ms). */
export function look(exposition: Exposition, now: number): Look {
  const find = finder(exposition, now);
  return {
    counters: countersOf(find),
    histogram: histogramOf(find),
    cpuRatio: total(find(CPU_RATIOS)),
    cpuSeconds: total(find(CPU_SECONDS)),
    memory: memoryOf(find),
    queueDepth: total(find(QUEUES)),
    logins: loginsOf(find),
  };
}
