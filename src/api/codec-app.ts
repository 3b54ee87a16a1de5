/** Temporal's codec-server protocol for people with a token: its UI and CLI show payloads through this (6-faults E13). */
import express, { type Express, type RequestHandler, type Response } from 'express';
import helmet from 'helmet';
import type { Logger } from 'pino';
import { Registry } from 'prom-client';
import { z } from 'zod';
import type { Role } from '../domain/people';
import { configDoor, type ApiService, type Caller } from './auth';
import { answerProblems, identify, limitRate, locals, observe, requestId } from './middleware';
import { ApiProblem, invalidProblem } from './problems';

/** A payload as protobuf writes it in JSON: all bytes are base64. */
const wirePayload = z.strictObject({
  metadata: z.record(z.string(), z.base64()).default({}),
  data: z.base64().default(''),
});
const wireBody = z.strictObject({ payloads: z.array(wirePayload).max(5_000) });
export type WirePayload = z.infer<typeof wirePayload>;

/** The codec as this surface needs it; who may ask is decided here. */
export interface PayloadDesk {
  /** The run that a payload says it belongs to; null: it is not sealed, and stays as it is. */
  owner(payload: WirePayload): string | null;
  /** What is in it, or a payload that says why it cannot be opened. */
  open(payload: WirePayload): WirePayload;
  seal(payload: WirePayload, workflowId: string): WirePayload;
}

export interface CodecDeps {
  readonly services: readonly ApiService[];
  readonly desk: PayloadDesk;
  readonly namespace: string;
  /** The one page that a browser may ask from: Temporal's UI. */
  readonly origin: string;
  readonly logger: Logger;
}

/** Who may read what runs say; and who may write as an operator does. */
const READERS: readonly Role[] = ['admin', 'operator', 'auditor'];
const WRITERS: readonly Role[] = ['admin', 'operator'];
/** Which run a message is for: Temporal's CLI sends it with --codec-header, its UI cannot. */
const WORKFLOW_HEADER = 'x-tidegate-workflow';
const BODY_LIMIT = 8 * 1024 * 1024;
const PER_MINUTE = 1_200;
const NONE: Caller = { id: '', roles: new Map(), token: null };

export function createCodecApp(deps: CodecDeps): Express {
  const app = express();
  app.disable('x-powered-by');
  app.use(requestId, observe(deps.logger, new Registry()), helmet(), shared(deps.origin));
  app.use(identify(configDoor(deps.services)), limitRate(PER_MINUTE), known, ours(deps.namespace));
  app.use(express.json({ limit: BODY_LIMIT, strict: true }));
  app.post('/decode', (req, res) => decode(deps, req.body, res));
  app.post('/encode', (req, res) => encode(deps, req.body, req.get(WORKFLOW_HEADER), res));
  app.use((req, _res, next) =>
    next(new ApiProblem('not-found', `There is no ${req.method} ${req.path.slice(0, 100)}: POST /decode or /encode.`)),
  );
  app.use(answerProblems(deps.logger));
  return app;
}

/** Lets the page of Temporal's UI read the answers, and no other page. */
function shared(origin: string): RequestHandler {
  return (req, res, next) => {
    res.vary('Origin');
    if (req.get('origin') === origin) {
      res.set({
        'Access-Control-Allow-Origin': origin,
        'Access-Control-Allow-Credentials': 'true',
        'Access-Control-Allow-Methods': 'POST',
        'Access-Control-Allow-Headers': `authorization, content-type, x-namespace, ${WORKFLOW_HEADER}`,
        'Cross-Origin-Resource-Policy': 'cross-origin',
      });
    }
    if (req.method !== 'OPTIONS') return next();
    res.status(204).end();
  };
}

const known: RequestHandler = (_req, res, next) => {
  if (locals(res).caller) return next();
  next(new ApiProblem('unauthorized', 'Payloads are shown to known people only: Authorization: Bearer tg_…'));
};

function ours(namespace: string): RequestHandler {
  return (req, _res, next) => {
    const asked = req.get('x-namespace') ?? namespace;
    if (asked === namespace) return next();
    next(
      new ApiProblem(
        'not-found',
        `This codec server is for the namespace ${namespace}, not for ${asked.slice(0, 100)}.`,
      ),
    );
  };
}

/** `bug/shop/1`, `env/shop/prod` and `deploy/shop/prod/…` name their service (4-interfaces §8). */
const serviceOf = (workflowId: string): string => workflowId.split('/')[1] ?? '';

const may = (caller: Caller, roles: readonly Role[], workflowId: string): boolean =>
  (caller.roles.get(serviceOf(workflowId)) ?? []).some((role) => roles.includes(role));

function decode({ desk, logger }: CodecDeps, body: unknown, res: Response): void {
  const caller = locals(res).caller ?? NONE;
  const owners = new Set<string>();
  const payloads = payloadsOf(body).map((payload) => {
    const owner = desk.owner(payload);
    if (owner === null) return payload;
    if (!may(caller, READERS, owner)) throw notTheirs(caller, owner, READERS);
    owners.add(owner);
    return desk.open(payload);
  });
  // Reading what runs say is an act of a person: who read which run stays on the log.
  if (owners.size > 0) logger.info({ caller: caller.id, runs: [...owners], payloads: payloads.length }, 'decoded');
  locals(res).operation = '/decode';
  res.json({ payloads });
}

function encode({ desk, logger }: CodecDeps, body: unknown, workflowId: string | undefined, res: Response): void {
  const caller = locals(res).caller ?? NONE;
  if (workflowId === undefined) {
    throw new ApiProblem(
      'invalid',
      'Messages are sealed for one run: name it, --codec-header X-Tidegate-Workflow=bug/shop/1. Temporal’s UI cannot do that; use tidegate, or cancel the run there.',
    );
  }
  if (!may(caller, WRITERS, workflowId)) throw notTheirs(caller, workflowId, WRITERS);
  const payloads = payloadsOf(body).map((payload) => desk.seal(payload, workflowId));
  logger.info({ caller: caller.id, runs: [workflowId], payloads: payloads.length }, 'encoded');
  locals(res).operation = '/encode';
  res.json({ payloads });
}

function payloadsOf(body: unknown): readonly WirePayload[] {
  const parsed = wireBody.safeParse(body);
  if (parsed.success) return parsed.data.payloads;
  throw invalidProblem('body', parsed.error, ['payloads']);
}

const notTheirs = ({ id }: Caller, workflowId: string, roles: readonly Role[]): ApiProblem =>
  new ApiProblem(
    'no-access',
    `${id} may not do that for ${workflowId.slice(0, 100)}: it takes ${roles.join(' or ')} of its service.`,
  );
