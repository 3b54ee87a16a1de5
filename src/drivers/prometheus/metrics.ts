/** The measured side of an environment, asked of a Prometheus that scrapes it (source `prometheus`). */
import { withEnoughRequests } from '../../domain/reading';
import { emptySample, METRICS, type Sample } from '../../domain/watch';
import type { Metrics } from '../../ports/metrics';
import type { AskHealth } from '../http/health';
import { queryRange, type PrometheusApi, type Values } from './api';
import { queriesFor, type Queries } from './queries';

export interface PrometheusOptions {
  /** Address of the Prometheus, without `/api/v1`. */
  readonly url: string;
  /** Label matchers of the environment's series, without braces. */
  readonly selector: string;
  /** How far a rate looks back; null: as far as the samples are apart. Less than two scrapes gives no rate. */
  readonly rangeMs: number | null;
  /** PromQL of single metrics in place of the default; each gives one series. */
  readonly queries: Queries;
  /** Value of the `Authorization` header, or null. */
  readonly authorization: (() => string) | null;
  /** The target's own word, because Prometheus may be the one who is wrong. */
  readonly health: AskHealth;
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 10_000;

/** Well only when nobody says otherwise. */
function worse(one: number | null, other: boolean | null): number | null {
  if (other === null) return one;
  return Math.min(one ?? 1, Number(other));
}

function gridOf(after: number, until: number, everyMs: number): readonly number[] {
  const count = Math.max(0, Math.floor((until - after) / everyMs));
  return Array.from({ length: count }, (_, index) => after + (index + 1) * everyMs);
}

/**
 * Samples are asked at instants that lie whole intervals after the last one, so that a worker that was away, or a
 * Prometheus that was, loses no minute of a window. Counter resets are Prometheus' own business (`rate`); a series that
 * ended, went stale or became NaN gives null. Any question without a whole answer makes the sample `unanswered`:
 * half of the evidence would look like all of it.
 */
export function createPrometheusMetrics(options: PrometheusOptions): Metrics {
  const api: PrometheusApi = { ...options, timeoutMs: options.timeoutMs ?? TIMEOUT_MS };

  const ask = async (grid: readonly number[], stepMs: number): Promise<readonly Sample[]> => {
    const [start, end] = [grid[0] ?? 0, grid.at(-1) ?? 0];
    const rangeMs = options.rangeMs ?? stepMs;
    const queries = queriesFor({ selector: options.selector, rangeMs }, options.queries);
    const answers = await Promise.all(
      METRICS.map(async (metric) => {
        const values = await queryRange(api, { query: queries[metric], start, end, stepMs });
        return [metric, values] as const;
      }),
    );
    return grid.map((at) => withEnoughRequests(sampleAt(at, answers), rangeMs));
  };

  return {
    async samples({ after, until, everyMs }) {
      const grid = gridOf(after, until, everyMs);
      if (grid.length === 0) return [];
      const [asked, healthy] = await Promise.all([
        ask(grid, everyMs).catch((error: unknown) => (error instanceof Error ? error.message : String(error))),
        options.health(),
      ]);
      if (typeof asked === 'string') return [emptySample(until, worse(null, healthy), asked)];
      // Only the newest sample is of now, and so is the target's own word.
      return asked.map((sample, index) =>
        index === asked.length - 1 ? { ...sample, health: worse(sample.health, healthy) } : sample,
      );
    },
  };
}

function sampleAt(at: number, answers: readonly (readonly [keyof Sample, Values])[]): Sample {
  const values = answers.map(([metric, series]) => [metric, series.get(at) ?? null] as const);
  return { ...emptySample(at, null, null), ...Object.fromEntries(values) };
}
