/** Puts operations onto express: access, body, validation, idempotency, answer. */
import { randomUUID } from 'node:crypto';
import express, { Router, type Express, type Request, type RequestHandler, type Response } from 'express';
import { z } from 'zod';
import { scopeSentence, type Caller } from './auth';
import { createOnce, digestOf, idempotencyKey, seedOf, type Kept } from './idempotency';
import { locals, sendProblem, unauthorized } from './middleware';
import type { ApiDeps, Call, Operation, Reply } from './operation';
import { ApiProblem, invalidProblem } from './problems';

const BODY_LIMIT = 256 * 1024;
const NOBODY: Caller = { id: '', roles: new Map(), token: null };

/** `/v1/bugs/{id}` as express writes it. */
export const expressPath = (path: string): string => path.replace(/\{(\w+)\}/g, ':$1');

export function mountOperations(app: Express, operations: readonly Operation[], deps: ApiDeps): void {
  const once = createOnce(deps);
  const readBody = [requireJson, express.json({ limit: BODY_LIMIT, strict: true, type: isJson })];
  for (const operation of operations) {
    const before = [enter(operation), ...(operation.method === 'post' ? readBody : [])];
    app[operation.method](expressPath(operation.path), ...before, (req, res) =>
      answer(operation, deps, once, req, res),
    );
  }
  app.use(otherMethods(operations));
}

/** The gate in front of a call: a stranger's body is never read. */
function enter({ access, method, path }: Operation): RequestHandler {
  return (_req, res, next) => {
    const { caller } = locals(res);
    locals(res).operation = path;
    if (access === 'public') return next();
    if (!caller) return next(unauthorized(res, 'This needs a token of a known person: Authorization: Bearer tg_…'));
    const sentence = method === 'post' ? scopeSentence(caller) : null;
    next(sentence === null ? undefined : new ApiProblem('not-allowed', sentence));
  };
}

const isJson = (req: { readonly headers: Request['headers'] }): boolean =>
  /^application\/(json|[a-z0-9.-]+\+json)\s*(;|$)/i.test(req.headers['content-type'] ?? '');

const requireJson: RequestHandler = (req, _res, next) => {
  if (isJson(req)) return next();
  next(new ApiProblem('unsupported-type', 'Send the body as JSON: Content-Type: application/json.'));
};

/** Behind all calls: a path that exists answers every other method with what there is. */
function otherMethods(operations: readonly Operation[]): Router {
  const router = Router();
  for (const path of new Set(operations.map((operation) => operation.path))) {
    const methods = operations.filter((operation) => operation.path === path).map(({ method }) => method.toUpperCase());
    router.all(expressPath(path), otherMethod([...methods, ...(methods.includes('GET') ? ['HEAD'] : [])]));
  }
  return router;
}

function otherMethod(allowed: readonly string[]): RequestHandler {
  const methods = allowed.join(', ');
  return (req, _res, next) =>
    next(
      new ApiProblem('method-not-allowed', `${req.method} is not possible here; there is ${methods}.`, {
        headers: { Allow: methods },
      }),
    );
}

async function answer(
  operation: Operation,
  deps: ApiDeps,
  once: ReturnType<typeof createOnce>,
  req: Request,
  res: Response,
): Promise<void> {
  const input = validInput(operation, req);
  const caller = locals(res).caller ?? NOBODY;
  const key = operation.method === 'post' ? idempotencyKey(req.get('idempotency-key')) : null;
  const claim = key === null ? null : { caller: caller.id, route: `${req.method} ${req.path}`, key };
  const digest = digestOf([input.query, req.body]);
  const seed = claim === null ? randomUUID() : seedOf(claim, digest);
  const surface = req.get('x-tidegate-surface') === 'cli' ? ('cli' as const) : ('api' as const);
  const call: Call = { ...input, caller, surface, seed, claim, deps, req, res };
  if (claim === null) return send(res, await operation.handle(call));
  sendKept(res, await once(claim, digest, () => operation.handle(call)));
}

function validInput(operation: Operation, req: Request): Pick<Call, 'params' | 'query' | 'body'> {
  const { params, query = z.unknown(), body } = operation;
  const path = params?.safeParse(req.params);
  if (path?.success === false) throw new ApiProblem('not-found', 'There is nothing under this path.');
  return {
    params: path?.data,
    query: valid('query', query, req.query),
    body: body && valid('body', body, req.body),
  };
}

function valid(what: string, schema: z.ZodType, value: unknown): unknown {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw invalidProblem(what, parsed.error, schema instanceof z.ZodObject ? Object.keys(schema.shape) : []);
}

function send(res: Response, reply: Reply): void {
  switch (reply.kind) {
    case 'json':
      if (reply.location !== undefined) res.location(reply.location);
      res.status(reply.status).json(reply.body);
      return;
    case 'text':
      // Never sniffed into something that runs: helmet sends nosniff, and the type is ours.
      res.status(200).type(reply.type).send(reply.text);
      return;
    case 'written':
      return;
  }
}

function sendKept(res: Response, { status, body, location }: Kept): void {
  if (status >= 400) return sendProblem(res, status, body);
  if (location !== null) res.location(location);
  res.status(status).json(body);
}
