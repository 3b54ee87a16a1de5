/** One question to the HTTP API of a Prometheus, or of what speaks like it (Thanos, Mimir, VictoriaMetrics). */
import { TidegateFailure } from '../../domain/failures';
import { fetchLimited, type FetchAnswer } from '../http/fetch-limited';
import { cleanText } from '../text';

export interface PrometheusApi {
  /** Address, with a path before `/api/v1` where there is one. */
  readonly url: string;
  /** Value of the `Authorization` header, asked for at each question; null: none. */
  readonly authorization: (() => string) | null;
  readonly timeoutMs: number;
}

export interface RangeQuery {
  readonly query: string;
  /** Epoch ms, both inclusive. */
  readonly start: number;
  readonly end: number;
  readonly stepMs: number;
}

/** Values by instant (epoch ms); an instant without evidence is not there. */
export type Values = ReadonlyMap<number, number>;

const MAX_BYTES = 8 * 1_048_576;
const MAX_WORDS = 200;
/** Remarks on the wording of a query, which leave nothing out of its answer. */
const HARMLESS = /^PromQL (info|warning)/;

type Json = Readonly<Record<string, unknown>>;

const isRecord = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function failed(api: PrometheusApi, what: string): TidegateFailure {
  return new TidegateFailure('Unavailable', cleanText(`Prometheus at ${api.url} ${what.slice(0, MAX_WORDS)}`));
}

function parse(text: string): Json | null {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : null;
  } catch {
    return null;
  }
}

/** The data of a whole answer: an error, and an answer that says it is only part of the truth, are none. */
function dataOf(api: PrometheusApi, answer: FetchAnswer): Json {
  const body = parse(answer.body);
  if (typeof body?.error === 'string') throw failed(api, `answered ${answer.status}: ${body.error}`);
  if (answer.status !== 200) throw failed(api, `answered ${answer.status}, expected 200`);
  const warnings = Array.isArray(body?.warnings) ? body.warnings.map(String) : [];
  const partial = warnings.find((warning) => !HARMLESS.test(warning));
  if (partial !== undefined) throw failed(api, `gave only part of an answer: ${partial}`);
  if (body?.status === 'success' && isRecord(body.data)) return body.data;
  throw failed(api, 'answered 200, but not as Prometheus does');
}

/** What is no number (NaN, infinite) is no evidence. */
function valuesOf(api: PrometheusApi, { resultType, result }: Json, query: string): Values {
  if (resultType !== 'matrix' || !Array.isArray(result)) throw failed(api, 'answered 200, but not with a matrix');
  if (result.length > 1) throw failed(api, `gave ${result.length} series where one is meant; aggregate: ${query}`);
  const [series] = result as readonly unknown[];
  const points: unknown = isRecord(series) ? series.values : [];
  if (!Array.isArray(points)) throw failed(api, 'answered 200, but with a series that has no values');
  const pairs = points.map((point: unknown) => {
    const [seconds, text] = Array.isArray(point) ? (point as readonly unknown[]) : [];
    if (typeof seconds !== 'number' || typeof text !== 'string') throw failed(api, 'gave a value that is no pair');
    return [Math.round(seconds * 1000), text.trim() === '' ? NaN : Number(text)] as const;
  });
  return new Map(pairs.filter(([, value]) => Number.isFinite(value)));
}

/**
 * Asks for one series over a range.
 * @throws Unavailable when there is no whole answer: not reachable, starting, refused, redirected, partial, too large
 */
export async function queryRange(api: PrometheusApi, { query, start, end, stepMs }: RangeQuery): Promise<Values> {
  const address = new URL(`${api.url}/api/v1/query_range`);
  const form = new URLSearchParams({
    query,
    start: String(start / 1000),
    end: String(end / 1000),
    step: `${stepMs}ms`,
    timeout: `${api.timeoutMs}ms`,
  });
  const answer = await fetchLimited(address, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      accept: 'application/json',
      ...(api.authorization ? { authorization: api.authorization() } : {}),
    },
    body: form.toString(),
    timeoutMs: api.timeoutMs,
    maxBytes: MAX_BYTES,
    allowedHosts: [address.host],
    // A credential that follows a redirect is a credential given away.
    followRedirects: false,
  });
  return valuesOf(api, dataOf(api, answer), query);
}
