/** Smoke checks over real HTTP (T-186, A-040). */
import type { SmokeResult } from '../../domain/deployment';
import type { SmokeCase } from '../../domain/policy';
import type { SmokeRunner } from '../../ports/smoke-runner';
import { cleanText } from '../text';
import { fetchLimited, type FetchAnswer } from './fetch-limited';
import { firstDifference } from './json-subset';

export interface SmokeOptions {
  /** Address of the environment; the paths of the cases are relative to it. */
  readonly url: string;
  /** Hosts that may be asked besides the environment's own (`host` or `host:port`). */
  readonly allowedHosts: readonly string[];
  readonly maxBytes?: number;
}

type Values = Parameters<SmokeRunner['run']>[1];

const MAX_BYTES = 1_048_576;

function fill(text: string, values: Values, encode: (value: string) => string = (value) => value): string {
  return text.replace(/\{\{\s*(version|sha|deployment)\s*\}\}/g, (_, name: keyof Values) => encode(values[name]));
}

function fillDeep(value: unknown, values: Values): unknown {
  if (typeof value === 'string') return fill(value, values);
  if (Array.isArray(value)) return value.map((item) => fillDeep(item, values));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, fillDeep(item, values)]));
}

/** Text goes as it is, anything else as JSON. */
function bodyOf(smoke: SmokeCase, values: Values): { readonly body: string | null; readonly type: string | null } {
  if (smoke.body === null || smoke.body === undefined) return { body: null, type: null };
  const filled = fillDeep(smoke.body, values);
  return typeof filled === 'string'
    ? { body: filled, type: 'text/plain; charset=utf-8' }
    : { body: JSON.stringify(filled), type: 'application/json' };
}

/** What an answer lacks, as a sentence; null when it is as expected. */
function complaint(smoke: SmokeCase, answer: FetchAnswer, values: Values): string | null {
  if (answer.status !== smoke.expect.status) return `answered ${answer.status}, expected ${smoke.expect.status}`;
  if (smoke.expect.contains !== null) {
    const wanted = fill(smoke.expect.contains, values);
    if (!answer.body.includes(wanted)) return `the body does not contain ${JSON.stringify(wanted)}`;
  }
  if (smoke.expect.json === null || smoke.expect.json === undefined) return null;
  try {
    return firstDifference(fillDeep(smoke.expect.json, values), JSON.parse(answer.body));
  } catch {
    return 'the body is not JSON';
  }
}

async function ask(smoke: SmokeCase, values: Values, options: SmokeOptions, signal: AbortSignal): Promise<FetchAnswer> {
  const { body, type } = bodyOf(smoke, values);
  const headers = Object.fromEntries(Object.entries(smoke.headers).map(([name, value]) => [name, fill(value, values)]));
  const url = new URL(fill(smoke.path, values, encodeURIComponent), options.url);
  return fetchLimited(url, {
    method: smoke.method,
    headers: type === null ? headers : { 'content-type': type, ...headers },
    body,
    timeoutMs: smoke.timeoutMs,
    maxBytes: options.maxBytes ?? MAX_BYTES,
    allowedHosts: [new URL(options.url).host, ...options.allowedHosts],
    followRedirects: smoke.expect.status < 300 || smoke.expect.status > 399,
    signal,
  });
}

async function runCase(
  smoke: SmokeCase,
  values: Values,
  options: SmokeOptions,
  signal: AbortSignal,
): Promise<SmokeResult> {
  const began = performance.now();
  const result = (status: number | null, wrong: string | null): SmokeResult => ({
    name: smoke.name,
    ok: wrong === null,
    status,
    ms: Math.round(performance.now() - began),
    detail: cleanText(`${smoke.method} ${smoke.path}: ${wrong ?? `answered ${status} as expected`}`),
  });
  if (signal.aborted) return result(null, 'not asked; the time for all smoke checks together is over');
  try {
    const answer = await ask(smoke, values, options, signal);
    return result(answer.status, complaint(smoke, answer, values));
  } catch (error) {
    return result(null, error instanceof Error ? error.message : String(error));
  }
}

/**
 * Runs cases one after the other, each once: a second try would hide that the first one failed.
 * Time for all together (A-040: five minutes) comes through the signal; cases it cuts off are failed ones with the reason.
 */
export function createHttpSmokeRunner(options: SmokeOptions): SmokeRunner {
  return {
    async run(cases, values, signal) {
      const results: SmokeResult[] = [];
      for (const smoke of cases) results.push(await runCase(smoke, values, options, signal));
      return results;
    },
  };
}
