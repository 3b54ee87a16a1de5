/** One HTTP request with a limit on everything: hosts, redirects, time and size (5-quality §2, abuse 27). */
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { TidegateFailure } from '../../domain/failures';
import { guardedLookup, isNeverAsked } from './addresses';

export interface FetchLimits {
  /** For the whole exchange: connection, redirects and body. */
  readonly timeoutMs: number;
  readonly maxBytes: number;
  /** `host` or `host:port` that may be asked; redirects elsewhere are refused. */
  readonly allowedHosts: readonly string[];
}

export interface FetchRequest extends FetchLimits {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | null;
  /** False: a redirect is the answer. */
  readonly followRedirects?: boolean;
  readonly signal?: AbortSignal;
}

export interface FetchAnswer {
  readonly url: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** Why there is no answer; `details.cause` of the Unavailable that is thrown. */
export type FetchFailureCause =
  'refused' | 'timeout' | 'cancelled' | 'too-large' | 'not-allowed' | 'redirects' | 'network';

const MAX_REDIRECTS = 5;
const NEVER_ASKED = 'it leads to a link-local address, where no service of ours lives';
const checkedLookup = guardedLookup();

/** The cause of a failure that fetchLimited threw; `network` for anything else. */
export function fetchFailureCause(error: unknown): FetchFailureCause {
  return error instanceof TidegateFailure ? (error.details.cause as FetchFailureCause) : 'network';
}

function noAnswer(url: URL | string, cause: FetchFailureCause, why: string): TidegateFailure {
  return new TidegateFailure('Unavailable', `${String(url)} gave no answer: ${why}.`, { cause });
}

function parseAllowed(url: string | URL, allowedHosts: readonly string[]): URL {
  if (!URL.canParse(String(url))) throw noAnswer(url, 'not-allowed', 'that is no URL');
  const parsed = new URL(url);
  if (parsed.protocol !== 'http:' && parsed.protocol !== 'https:') {
    throw noAnswer(url, 'not-allowed', `only http and https are asked, not ${parsed.protocol.slice(0, -1)}`);
  }
  if (parsed.username !== '' || parsed.password !== '') {
    throw noAnswer(parsed.host, 'not-allowed', 'a URL with a user name in it is not asked');
  }
  if (!allowedHosts.includes(parsed.host) && !allowedHosts.includes(parsed.hostname)) {
    throw noAnswer(
      url,
      'not-allowed',
      `the host ${parsed.host} is not allowed here (allowed: ${allowedHosts.join(', ')})`,
    );
  }
  if (isNeverAsked(parsed.hostname)) throw noAnswer(url, 'not-allowed', NEVER_ASKED);
  return parsed;
}

/** Node words a refused connection to a name with several addresses as an AggregateError that carries the code. */
function explain(url: URL, error: NodeJS.ErrnoException, request: FetchRequest, timeout: AbortSignal): TidegateFailure {
  if (error instanceof TidegateFailure) return error;
  if (request.signal?.aborted) return noAnswer(url, 'cancelled', 'the request was cancelled');
  // In the middle of a body the error itself says only that the connection was reset.
  if (timeout.aborted) {
    return noAnswer(url, 'timeout', `nothing came within ${request.timeoutMs} ms`);
  }
  if (error.code === 'EADDRNOTALLOWED') return noAnswer(url, 'not-allowed', NEVER_ASKED);
  if (error.code === 'ECONNREFUSED')
    return noAnswer(url, 'refused', 'the connection was refused; nothing listens there');
  return noAnswer(url, 'network', error.code ?? error.message);
}

async function readBody(url: URL, response: IncomingMessage, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBytes) {
      response.destroy();
      throw noAnswer(url, 'too-large', `the answer is larger than ${maxBytes} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function open(url: URL, request: FetchRequest, signal: AbortSignal): Promise<IncomingMessage> {
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
  const body = request.body ?? null;
  return new Promise((resolve, reject) => {
    // No shared agent: a connection kept from before a restart would fail the first question after it.
    const sent = send(url, {
      agent: false,
      lookup: checkedLookup,
      method: request.method ?? 'GET',
      headers: { accept: '*/*', 'user-agent': 'tidegate', connection: 'close', ...request.headers },
      signal,
    });
    sent.on('response', resolve).on('error', reject);
    sent.end(body ?? undefined);
  });
}

function redirectTarget(response: IncomingMessage): string | null {
  const status = response.statusCode ?? 0;
  return [301, 302, 303, 307, 308].includes(status) ? (response.headers.location ?? null) : null;
}

/**
 * Asks a URL within its limits; any status is an answer.
 * @throws Unavailable when there is none; `fetchFailureCause` tells why
 */
export async function fetchLimited(address: string | URL, request: FetchRequest): Promise<FetchAnswer> {
  const timeout = AbortSignal.timeout(request.timeoutMs);
  const signal = request.signal ? AbortSignal.any([request.signal, timeout]) : timeout;
  let url = parseAllowed(address, request.allowedHosts);
  let current = request;
  for (let hop = 0; hop <= MAX_REDIRECTS; hop += 1) {
    try {
      const response = await open(url, current, signal);
      const next = request.followRedirects === false ? null : redirectTarget(response);
      if (next === null) {
        const body = await readBody(url, response, request.maxBytes);
        return { url: url.href, status: response.statusCode ?? 0, headers: response.headers, body };
      }
      response.destroy();
      if (!URL.canParse(next, url.href)) throw noAnswer(url, 'redirects', 'it redirects to something that is no URL');
      url = parseAllowed(new URL(next, url), request.allowedHosts);
      // As browsers do: after 301 to 303 the next question is a GET without a body.
      if (response.statusCode !== 307 && response.statusCode !== 308)
        current = { ...current, method: 'GET', body: null };
    } catch (error) {
      throw explain(url, error as NodeJS.ErrnoException, request, timeout);
    }
  }
  throw noAnswer(url, 'redirects', `it redirects more than ${MAX_REDIRECTS} times`);
}
