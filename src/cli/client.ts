/** The HTTP API from the command line: one way to ask, one way to fail. */
import { randomUUID } from 'node:crypto';
import type { ProblemBody } from '../api/schemas/common';
import { CliFailure, EXIT, problemFailure } from './exit';

/** Longer than the API itself waits for Temporal or the ledger. */
const ANSWER_MS = 60_000;
/** Tries of one request when the connection breaks: a POST carries a key, so a repeat is harmless. */
const TRIES = 3;

type Query = Readonly<Record<string, string | number | undefined>>;

export interface ApiClient {
  readonly url: string;
  /** @throws CliFailure with the problem's own sentence */
  get<T>(path: string, query?: Query): Promise<T>;
  post<T>(path: string, body: unknown, query?: Query): Promise<T>;
  text(path: string, query?: Query): Promise<string>;
  /** Server-sent events until the server ends the stream. */
  events(path: string, query?: Query): AsyncGenerator<ServerEvent>;
  /** The status alone, whatever it is; null when nobody answers. */
  probe(path: string): Promise<{ readonly status: number; readonly body: unknown } | null>;
}

export interface ServerEvent {
  readonly event: string;
  readonly data: unknown;
}

export function createClient(url: string, token: string | null): ApiClient {
  const headers = { 'X-Tidegate-Surface': 'cli', ...(token !== null && { Authorization: `Bearer ${token}` }) };

  const send = async (path: string, query: Query, init: RequestInit): Promise<Response> => {
    const response = await patiently(url, () => fetch(addressOf(url, path, query), { ...init, redirect: 'error' }));
    if (response.ok) return response;
    throw problemFailure({ ...(await problemOf(response)), status: response.status });
  };
  const get = (path: string, query: Query): Promise<Response> =>
    send(path, query, { headers, signal: AbortSignal.timeout(ANSWER_MS) });

  return {
    url,
    get: async <T>(path: string, query: Query = {}) => jsonOf<T>(await get(path, query)),
    post: async <T>(path: string, body: unknown, query: Query = {}) =>
      jsonOf<T>(
        await send(path, query, {
          method: 'POST',
          headers: { ...headers, 'Content-Type': 'application/json', 'Idempotency-Key': randomUUID() },
          body: JSON.stringify(body),
          signal: AbortSignal.timeout(ANSWER_MS),
        }),
      ),
    text: async (path, query = {}) => (await get(path, query)).text(),
    events: async function* (path, query = {}) {
      const response = await send(path, query, { headers: { ...headers, Accept: 'text/event-stream' } });
      if (response.body) yield* eventsOf(response.body);
    },
    probe: async (path) => {
      try {
        const response = await fetch(addressOf(url, path, {}), { headers, signal: AbortSignal.timeout(5_000) });
        return { status: response.status, body: await response.json().catch(() => null) };
      } catch {
        return null;
      }
    },
  };
}

function addressOf(url: string, path: string, query: Query): URL {
  const address = new URL(`${url}${path}`);
  for (const [key, value] of Object.entries(query)) {
    if (value !== undefined) address.searchParams.set(key, String(value));
  }
  return address;
}

async function patiently(url: string, ask: () => Promise<Response>): Promise<Response> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await ask();
    } catch (error) {
      const refused = String((error as { cause?: { code?: unknown } }).cause?.code) === 'ECONNREFUSED';
      if (attempt < TRIES && !refused && !(error instanceof DOMException)) continue;
      throw new CliFailure(
        EXIT.error,
        `The API does not answer at ${url}: start it (tidegate up), or say where it is (--url, TIDEGATE_URL).`,
        { code: 'unavailable' },
      );
    }
  }
}

async function jsonOf<T>(response: Response): Promise<T> {
  try {
    // The shape is the API's own schema, checked where it is written.
    return (await response.json()) as T;
  } catch {
    throw new CliFailure(EXIT.error, `${response.url} did not answer with JSON: is that Tidegate's API?`);
  }
}

async function problemOf(response: Response): Promise<Partial<ProblemBody>> {
  return (await response.json().catch(() => ({}))) as Partial<ProblemBody>;
}

async function* eventsOf(body: ReadableStream<Uint8Array>): AsyncGenerator<ServerEvent> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of body) {
    rest += decoder.decode(chunk, { stream: true });
    const frames = rest.split('\n\n');
    rest = frames.pop() ?? '';
    for (const frame of frames) {
      const event = /^event: (.*)$/m.exec(frame)?.[1];
      const data = /^data: (.*)$/m.exec(frame)?.[1];
      if (event !== undefined && data !== undefined) yield { event, data: JSON.parse(data) as unknown };
    }
  }
}
