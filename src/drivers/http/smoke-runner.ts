/** Smoke checks over real HTTP (T-186, A-040). */
import type { SmokeResult } from '../../domain/deployment';
import type { SmokeCase } from '../../domain/policy';
import { redactKnown } from '../../domain/redact';
import type { SmokeRunner } from '../../ports/smoke-runner';
import { cleanText } from '../text';
import { fetchLimited, type FetchAnswer } from './fetch-limited';
import { firstDifference } from './json-subset';

export interface SmokeOptions {
  /** Address of the environment; the paths of the cases are relative to it. */
  readonly url: string;
  /** Hosts that may be asked besides the environment's own (`host` or `host:port`). */
  readonly allowedHosts: readonly string[];
  /** Values of the `${env:NAME}` in headers and bodies, by the reference as written; they appear in no result. */
  readonly secrets?: Readonly<Record<string, string>>;
  readonly maxBytes?: number;
}

type Values = Parameters<SmokeRunner['run']>[1];

const MAX_BYTES = 1_048_576;

function fill(text: string, values: Values, encode: (value: string) => string = (value) => value): string {
  return text.replace(/\{\{\s*(version|sha|deployment)\s*\}\}/g, (_, name: keyof Values) => encode(values[name]));
}

type Filler = (text: string) => string;

function fillDeep(value: unknown, filled: Filler): unknown {
  if (typeof value === 'string') return filled(value);
  if (Array.isArray(value)) return value.map((item) => fillDeep(item, filled));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, fillDeep(item, filled)]));
}

/** What only the target may see is filled in last: nothing that a secret holds is a placeholder. */
function fillSecret(text: string, values: Values, { secrets = {} }: SmokeOptions): string {
  return fill(text, values).replace(/\$\{env:\w+\}/g, (reference) => secrets[reference] ?? reference);
}

/** Text goes as it is, anything else as JSON. */
function bodyOf(smoke: SmokeCase, filler: Filler): { readonly body: string | null; readonly type: string | null } {
  if (smoke.body === null || smoke.body === undefined) return { body: null, type: null };
  const filled = fillDeep(smoke.body, filler);
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
    return firstDifference(
      fillDeep(smoke.expect.json, (text) => fill(text, values)),
      JSON.parse(answer.body),
    );
  } catch {
    return 'the body is not JSON';
  }
}

async function ask(smoke: SmokeCase, values: Values, options: SmokeOptions, signal: AbortSignal): Promise<FetchAnswer> {
  const filler: Filler = (text) => fillSecret(text, values, options);
  const { body, type } = bodyOf(smoke, filler);
  const headers = Object.fromEntries(Object.entries(smoke.headers).map(([name, value]) => [name, filler(value)]));
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
  const known = Object.values(options.secrets ?? {});
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
    const wrong = complaint(smoke, answer, values);
    if (wrong === null) return result(answer.status, null);
    // A sentence shows the beginning of a long value only: half a secret would be known no more.
    const shown = complaint(smoke, { ...answer, body: redactKnown(answer.body, known) }, values);
    return result(answer.status, shown ?? redactKnown(wrong, known));
  } catch (error) {
    return result(null, redactKnown(error instanceof Error ? error.message : String(error), known));
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
