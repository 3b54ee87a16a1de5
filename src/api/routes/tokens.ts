/**
 * Tokens of people, beside those of the config: scoped, expiring, taken back at once (6-faults abuse 13). Whoever will
 * use one makes it; here comes its SHA-256 alone, so that no answer, log or kept idempotency key ever holds a token.
 */
import { z } from 'zod';
import type { Actor } from '../../domain/people';
import { tokenSubject } from '../../domain/ids';
import type { TokenEvent, TokenState } from '../../domain/token';
import type { Refusal } from '../../domain/verbs';
import { actorIn, serviceFor, visibleServices } from '../auth';
import { reasonOf, refused } from '../decide';
import { digestOf } from '../idempotency';
import { json, operation, type Call, type Operation } from '../operation';
import { pageOf } from '../paging';
import { ApiProblem } from '../problems';
import { iso, listOf } from '../schemas/common';
import {
  listTokensQuery,
  makeTokenBody,
  tokenDecisionBody,
  tokenId,
  tokenSchema,
  type MakeTokenBody,
  type Token,
} from '../schemas/token';

const MINUTE = 60_000;
const ID_LENGTH = 12;

const makeToken = operation({
  id: 'makeToken',
  method: 'post',
  path: '/v1/tokens',
  tag: 'Tokens',
  summary: 'Let a token in: for a person, a service and a time, known by its SHA-256',
  access: 'people',
  body: makeTokenBody,
  answers: { 201: { description: 'It opens from now on', schema: tokenSchema } },
  problems: [403, 404, 422],
  example: {
    body: { service: 'shop', person: 'dev', scope: 'read', sha256: 'c0ffee'.padEnd(64, '0'), minutes: 43_200 },
  },
  handle: async (call) => {
    const { deps, caller, body } = call;
    const id = digestOf(['token', call.seed]).slice(0, ID_LENGTH);
    const actor = actorIn(caller, serviceFor(deps.services, caller, body.service).policy.service, call.surface);
    if (!actor.roles.includes('admin')) {
      const sentence = `Tokens of ${body.service} are made by its admins; ${actor.id} is not one of them.`;
      await refuse(call, { id, service: body.service }, actor, { verb: 'make-token', reason: null }, sentence);
    }
    const { service, person, scope, sha256 } = body;
    const expiresAt = await checkedEnd(call, id);
    const data = { id, service, person, scope, sha256, expiresAt };
    await record(call, data, actor, null, { kind: 'token.made', data });
    return json(201, view(await tokenWith(call, id), deps.now()));
  },
});

/** When it ends. @throws ApiProblem invalid */
async function checkedEnd({ deps, caller, body }: Call<unknown, unknown, MakeTokenBody>, id: string): Promise<number> {
  const people = deps.services.find(({ policy }) => policy.service === body.service)?.people ?? [];
  const ids = people.map((person) => person.id);
  if (!ids.includes(body.person)) {
    throw wrong('person', `${body.service} has nobody called ${body.person}; there are: ${ids.join(', ')}`);
  }
  const known = await deps.ledger.token('sha256', body.sha256);
  if ((known && known.id !== id) || people.some(({ tokenSha256 }) => tokenSha256 === body.sha256)) {
    throw wrong('sha256', 'this token was given before: make another one');
  }
  const expiresAt = deps.now() + body.minutes * MINUTE;
  const own = caller.token?.expiresAt ?? Number.POSITIVE_INFINITY;
  if (expiresAt <= own) return expiresAt;
  throw wrong('minutes', `no token outlasts the one it is made with, which ends at ${iso(own)}`);
}

const wrong = (path: string, message: string): ApiProblem =>
  new ApiProblem('invalid', `The token is not valid. ${path}: ${message}.`, { errors: [{ path, message }] });

const listTokens = operation({
  id: 'listTokens',
  method: 'get',
  path: '/v1/tokens',
  tag: 'Tokens',
  summary: 'List tokens, newest first: your own; for admins and auditors all of the service',
  access: 'people',
  query: listTokensQuery,
  answers: { 200: { description: 'A page of tokens', schema: listOf(tokenSchema) } },
  problems: [403, 404, 422],
  example: { query: { service: 'shop' } },
  handle: async ({ deps, caller, query }) => {
    const services =
      query.service === undefined
        ? visibleServices(deps.services, caller)
        : [serviceFor(deps.services, caller, query.service)];
    const lists = await Promise.all(services.map(({ policy }) => deps.ledger.tokens(policy.service)));
    const seesAll = (service: string): boolean =>
      (caller.roles.get(service) ?? []).some((role) => role === 'admin' || role === 'auditor');
    const seen = lists.flat().filter(({ service, person }) => person === caller.id || seesAll(service));
    const page = pageOf(seen, query, ({ id }) => id);
    return json(200, { items: page.items.map((token) => view(token, deps.now())), next: page.next });
  },
});

const decideToken = operation({
  id: 'decideToken',
  method: 'post',
  path: '/v1/tokens/{id}/decisions',
  tag: 'Tokens',
  summary: 'Take a token back: from this answer on it opens nothing, and its open streams end',
  access: 'people',
  params: z.object({ id: tokenId }),
  body: tokenDecisionBody,
  answers: { 200: { description: 'It is revoked', schema: tokenSchema } },
  problems: [403, 404, 422],
  example: { params: { id: '6b6f1d2a9c3b' }, body: { verb: 'revoke', reason: 'The laptop was stolen' } },
  handle: async (call) => {
    const { deps, caller, params, body } = call;
    const token = await tokenWith(call, params.id);
    const actor = actorIn(caller, serviceFor(deps.services, caller, token.service).policy.service, call.surface);
    const reason = reasonOf(body.reason);
    if (actor.id !== token.person && !actor.roles.includes('admin')) {
      const sentence = `Token ${token.id} is taken back by ${token.person} or an admin of ${token.service}.`;
      await refuse(call, token, actor, { verb: body.verb, reason }, sentence);
    }
    await record(call, token, actor, reason, { kind: 'token.revoked', data: {} });
    return json(200, view(await tokenWith(call, token.id), deps.now()));
  },
});

type Place = Pick<TokenState, 'id' | 'service'>;

async function tokenWith({ deps }: Pick<Call, 'deps'>, id: string): Promise<TokenState> {
  const token = await deps.ledger.token('id', id);
  if (token) return token;
  throw new ApiProblem('not-found', `There is no token ${id}: GET /v1/tokens lists them.`);
}

/** The record is what makes and ends a token: nothing is done that is not in it. */
async function record(
  { deps }: Pick<Call, 'deps'>,
  { id, service }: Place,
  { id: actor, surface }: Actor,
  reason: string | null,
  event: TokenEvent,
): Promise<void> {
  const stamp = { at: deps.now(), actor, surface, reason };
  await deps.ledger.append([{ ...event, ...stamp, id: `${event.kind}/${id}`, service, subject: tokenSubject(id) }]);
}

function refuse(
  { deps, seed }: Pick<Call, 'deps' | 'seed'>,
  { id, service }: Place,
  actor: Actor,
  wish: { readonly verb: string; readonly reason: string | null },
  sentence: string,
): Promise<never> {
  const refusal: Refusal = { code: 'not-allowed', sentence, presentSha: null, possible: [] };
  return refused(deps, { service, subject: tokenSubject(id), decision: { id: seed, ...wish }, actor }, refusal);
}

function view(token: TokenState, now: number): Token {
  const { id, service, person, scope, madeAt, madeBy, expiresAt, revoked } = token;
  const state = revoked ? 'revoked' : now >= expiresAt ? 'expired' : 'valid';
  const made = { madeAt: iso(madeAt), madeBy, expiresAt: iso(expiresAt) };
  const ended = { revokedAt: revoked && iso(revoked.at), revokedBy: revoked?.by ?? null };
  return { id, service, person, scope, state, ...made, ...ended };
}

export const tokenOperations: readonly Operation[] = [makeToken, listTokens, decideToken];
