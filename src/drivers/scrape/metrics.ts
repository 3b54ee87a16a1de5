/** The measured side of an environment, read straight from its own metrics endpoint (source `scrape`). */
import { TidegateFailure } from '../../domain/failures';
import type { Reading } from '../../domain/reading';
import { fetchLimited, type FetchLimits } from '../http/fetch-limited';
import type { AskHealth } from '../http/health';
import { parseExposition } from './exposition';
import { EMPTY_LOOK, look, type Look } from './reading';

export interface ScrapeOptions {
  readonly url: string;
  /** Path of the metrics in Prometheus text, or a whole URL. */
  readonly path: string;
  readonly health: AskHealth;
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 5_000;
const MAX_BYTES = 8 * 1_048_576;

/** Below this distance the counter's own granularity is larger than what is measured. */
const MIN_CPU_SPAN_MS = 500;

interface CpuPoint {
  readonly at: number;
  readonly seconds: number;
  readonly ratio: number | null;
}

/** Share of one processor between two looks; null at the first one and after a restart of the target. */
function cpuBetween(before: CpuPoint | null, seconds: number, at: number): CpuPoint {
  if (before !== null && at - before.at < MIN_CPU_SPAN_MS && seconds >= before.seconds) return before;
  const spent = before === null ? -1 : seconds - before.seconds;
  return { at, seconds, ratio: before === null || spent < 0 ? null : spent / ((at - before.at) / 1_000) };
}

async function scrape(url: URL, limits: FetchLimits, now: number): Promise<Look | TidegateFailure> {
  try {
    const answer = await fetchLimited(url, { ...limits, headers: { accept: 'text/plain; version=0.0.4' } });
    if (answer.status === 200) return look(parseExposition(answer.body), now);
    return new TidegateFailure('Unavailable', `GET ${url.href} answered ${answer.status}, expected metrics with 200.`);
  } catch (error) {
    if (error instanceof TidegateFailure) return error;
    throw error;
  }
}

/**
 * Reads metrics and health together. A target whose metrics do not come but whose health was asked gives a reading of
 * nulls that is healthy or not: a service that is down must count as unhealthy, not as a question unasked.
 *
 * `cpu` is a gauge of the target (`cpu_usage_ratio`, `process_cpu_usage`) or the share of one processor between two
 * readings of `process_cpu_seconds_total`, so the first reading of a worker has none.
 *
 * @throws Unavailable when neither metrics nor health can be told; "no data" is a reading of nulls
 */
export function createScrapeReader(options: ScrapeOptions): (now: number) => Promise<Reading> {
  const metricsUrl = new URL(options.path, options.url);
  const limits: FetchLimits = {
    timeoutMs: options.timeoutMs ?? TIMEOUT_MS,
    maxBytes: MAX_BYTES,
    allowedHosts: [metricsUrl.host],
  };
  let cpu: CpuPoint | null = null;

  return async (now) => {
    const [scraped, healthy] = await Promise.all([scrape(metricsUrl, limits, now), options.health()]);
    if (scraped instanceof TidegateFailure && healthy === null) throw scraped;
    const seen = scraped instanceof TidegateFailure ? EMPTY_LOOK : scraped;
    if (seen.cpuSeconds !== null) cpu = cpuBetween(cpu, seen.cpuSeconds, now);
    return {
      at: now,
      counters: seen.counters,
      histogram: seen.histogram,
      gauges: {
        cpu: seen.cpuRatio ?? (seen.cpuSeconds === null ? null : (cpu?.ratio ?? null)),
        memory: seen.memory,
        queueDepth: seen.queueDepth,
      },
      logins: seen.logins,
      healthy,
    };
  };
}
