/** What stands around every call: request ids, log lines and figures, rate limits, and the one error handler. */
import { randomUUID } from 'node:crypto';
import type { ErrorRequestHandler, Request, RequestHandler, Response } from 'express';
import { ipKeyGenerator, rateLimit } from 'express-rate-limit';
import type { Logger } from 'pino';
import { Counter, Histogram, type Registry } from 'prom-client';
import { TidegateFailure } from '../domain/failures';
import type { Caller, Door } from './auth';
import { ApiProblem, problemBody } from './problems';

/** What middleware leaves on a response for the call; typed in one place. */
interface Locals {
  requestId?: string;
  caller?: Caller | null;
  /** Why the token that came opens nothing, when there is more to say than that nobody knows it. */
  tokenProblem?: string | null;
  /** Path of the operation, for figures: never the path as called, which has no end of values. */
  operation?: string;
}
export const locals = (res: Response): Locals => res.locals as Locals;

export const requestId: RequestHandler = (req, res, next) => {
  const given = req.get('x-request-id');
  const id = given !== undefined && /^[A-Za-z0-9._-]{1,64}$/.test(given) ? given : randomUUID();
  locals(res).requestId = id;
  res.set('X-Request-Id', id);
  next();
};

/** One log line and one observation per answer. Headers and bodies are never logged. */
export function observe(logger: Logger, registry: Registry): RequestHandler {
  const labelNames = ['method', 'path', 'status'] as const;
  const seconds = new Histogram({
    name: 'tidegate_http_request_seconds',
    help: 'Time from request to answer, in seconds',
    labelNames,
    buckets: [0.005, 0.02, 0.1, 0.5, 2, 10],
    registers: [registry],
  });
  const refusals = new Counter({
    name: 'tidegate_http_problems_total',
    help: 'Answers of 400 and above',
    labelNames,
    registers: [registry],
  });
  return (req, res, next) => {
    const startedAt = process.hrtime.bigint();
    res.once('close', () => {
      const took = Number(process.hrtime.bigint() - startedAt) / 1e9;
      const { requestId, operation = 'unknown', caller } = locals(res);
      const labels = { method: req.method, path: operation, status: String(res.statusCode) };
      seconds.observe(labels, took);
      if (res.statusCode >= 400) refusals.inc(labels);
      logger.info({ requestId, ...labels, caller: caller?.id ?? null, ms: Math.round(took * 1000) }, 'answered');
    });
    next();
  };
}

/** Finds out who calls; whether that is needed is the operation's matter. */
export function identify(door: Door): RequestHandler {
  return async (req, res, next) => {
    const { caller, problem } = await door(req.get('authorization'));
    locals(res).caller = caller;
    locals(res).tokenProblem = problem;
    next();
  };
}

/** The sentence for whoever needs to be somebody and is not. */
export const unauthorized = (res: Response, otherwise: string): ApiProblem =>
  new ApiProblem('unauthorized', locals(res).tokenProblem ?? otherwise);

/** Stands before any work on a token: a flood from one address costs no look at the ledger. */
export const limitAddress = (perMinute: number): RequestHandler => limit(perMinute, (req) => address(req));

/** Counts per token; without a good one per address, so that guessing tokens is slow. */
export const limitRate = (perMinute: number): RequestHandler =>
  limit(perMinute, (req, res) => {
    const { caller } = locals(res);
    if (!caller) return address(req);
    return caller.token ? `token ${caller.token.id}` : `person ${caller.id}`;
  });

const address = (req: Request): string => `address ${ipKeyGenerator(req.ip ?? '')}`;

function limit(perMinute: number, keyGenerator: (req: Request, res: Response) => string): RequestHandler {
  return rateLimit({
    windowMs: 60_000,
    limit: perMinute,
    standardHeaders: 'draft-8',
    legacyHeaders: false,
    keyGenerator,
    handler: (_req, _res, next) =>
      next(new ApiProblem('too-many', `More than ${perMinute} requests in a minute: wait, then go on (Retry-After).`)),
  });
}

/** Express' own failures and the failures of the world as problems; everything else is our mistake. */
export function asProblem(error: unknown): ApiProblem {
  if (error instanceof ApiProblem) return error;
  if (error instanceof TidegateFailure) return failureProblem(error);
  if (error instanceof URIError) return new ApiProblem('malformed', 'The path cannot be decoded: check its % signs.');
  const { type, status } = (error ?? {}) as { readonly type?: unknown; readonly status?: unknown };
  if (type === 'entity.too.large') return new ApiProblem('too-large', 'The body is larger than 256 kB.');
  if (type === 'entity.parse.failed') return new ApiProblem('malformed', 'The body is not valid JSON.');
  if (type === 'charset.unsupported' || type === 'encoding.unsupported') {
    return new ApiProblem('unsupported-type', 'The body must be JSON in UTF-8, plain or compressed with gzip.');
  }
  if (typeof status === 'number' && status >= 400 && status < 500) {
    return new ApiProblem('malformed', 'The request cannot be read.');
  }
  return new ApiProblem('internal', 'Something went wrong here; nothing is known to be lost. Tell us the request id.');
}

function failureProblem(failure: TidegateFailure): ApiProblem {
  if (failure.kind === 'Unavailable') return new ApiProblem('unavailable', failure.message);
  // The ledger's word for a cursor it never gave out.
  if (failure.kind === 'BadRef') return new ApiProblem('invalid', failure.message);
  return new ApiProblem('internal', failure.message);
}

/** Seconds after which a try at something that was not reachable makes sense. */
const RETRY_AFTER = '5';

export function answerProblems(logger: Logger): ErrorRequestHandler {
  return (error: unknown, req: Request, res: Response, next) => {
    const problem = asProblem(error);
    const { requestId = '' } = locals(res);
    if (problem.status >= 500) logger.error({ err: error, requestId, path: req.path }, problem.message);
    // Too late for a problem: express closes the connection.
    if (res.headersSent) return next(error);
    if (problem.code === 'unavailable') res.set('Retry-After', RETRY_AFTER);
    if (problem.code === 'unauthorized') res.set('WWW-Authenticate', 'Bearer realm="tidegate"');
    sendProblem(res, problem.status, problemBody(problem), problem.extras.headers);
  };
}

/** A problem as the response's last word, with the id under which the log has it. */
export function sendProblem(
  res: Response,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  res.status(status).set(headers).type('application/problem+json');
  res.send(JSON.stringify({ ...(body as object), requestId: locals(res).requestId ?? '' }));
}
