import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Bug, BugSummary } from '../api/schemas/bug';
import type { Deployment } from '../api/schemas/deployment';
import type { Person, Tokens } from './people';

/** The product said no, in its own words. */
export class Refused extends Error {
  override readonly name = 'Refused';
  constructor(
    readonly status: number,
    readonly code: string,
    sentence: string,
  ) {
    super(sentence);
  }
}

export interface Report {
  readonly service: string;
  readonly title: string;
  readonly description: string;
  readonly severity: 'low' | 'medium';
  readonly foundIn: string;
  readonly evidence: { readonly stack: string; readonly url: string; readonly version: string };
}

export interface Decision {
  readonly verb: string;
  readonly sha?: string;
  readonly reason?: string;
}

/** Tidegate's HTTP API as the demo's people use it; the demo knows no other way in. */
export interface DemoApi {
  report(as: Person, report: Report): Promise<Bug>;
  decide(as: Person, bug: string, decision: Decision): Promise<Bug>;
  bug(id: string): Promise<Bug>;
  /** Bugs that are still on their way. */
  openBugs(): Promise<readonly BugSummary[]>;
  deployment(id: string): Promise<Deployment>;
}

/** Statuses in which Flow 1 still goes on. */
const OPEN = 'submitted,confirmed,analyzing,planned,deployed_uat,pending_prod';
const ANSWER_MS = 30_000;
/** A database that was killed may be away for some seconds (`npm run topology -- --kill postgres`). */
const TRIES = 30;
const PAUSE_MS = 1_000;

/** Worth another try: the server is away for a moment, asks for patience, or its record does not hold a new bug yet (202). */
const isPassing = (status: number, reading: boolean): boolean =>
  status === 429 || status >= 502 || (reading && status === 404);

interface Posted {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export function connectApi(url: string, tokens: Tokens): DemoApi {
  /** One try; null where another one is worth it. */
  async function once(as: Person, path: string, posted: Posted | null): Promise<Response | null> {
    const headers = { authorization: `Bearer ${tokens[as]}`, ...posted?.headers };
    const body = posted && { method: 'POST', body: posted.body };
    const signal = AbortSignal.timeout(ANSWER_MS);
    const response = await fetch(new URL(path, url), { ...body, headers, signal });
    return isPassing(response.status, posted === null) ? null : response;
  }

  async function call<T>(as: Person, path: string, posted: Posted | null = null): Promise<T> {
    let cause: unknown = null;
    for (let attempt = 1; attempt <= TRIES; attempt += 1) {
      const response = await once(as, path, posted).catch((error: unknown) => {
        cause = error;
        return null;
      });
      if (response?.ok) return (await response.json()) as T;
      if (response) {
        const problem = (await response.json().catch(() => ({}))) as { code?: string; detail?: string };
        throw new Refused(response.status, problem.code ?? 'unknown', problem.detail ?? `${path}: ${response.status}`);
      }
      await sleep(PAUSE_MS);
    }
    throw new Error(`Tidegate does not answer at ${url}${path} after ${TRIES} tries`, { cause });
  }

  /** The same key on every try: a repeat after a lost answer is not a second report. */
  function post<T>(as: Person, path: string, body: unknown): Promise<T> {
    const headers = { 'content-type': 'application/json', 'idempotency-key': randomUUID() };
    return call<T>(as, path, { headers, body: JSON.stringify(body) });
  }

  return {
    report: (as, report) => post<Bug>(as, '/v1/bugs', report),
    decide: (as, bug, decision) => post<Bug>(as, `/v1/bugs/${bug}/decisions`, decision),
    bug: (id) => call<Bug>('dev', `/v1/bugs/${id}`),
    openBugs: async () =>
      (await call<{ items: readonly BugSummary[] }>('dev', `/v1/bugs?service=shop&limit=100&status=${OPEN}`)).items,
    deployment: (id) => call<Deployment>('dev', `/v1/deployments/${id}`),
  };
}
