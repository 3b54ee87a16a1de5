/** Environments: list, show, decide. */
import { z } from 'zod';
import { environmentQueue } from '../../domain/ids';
import { serviceFor, visibleServices, type ApiService, type Caller } from '../auth';
import { decideOnEnvironment } from '../decide';
import { json, operation, type ApiDeps, type Operation } from '../operation';
import { pageOf } from '../paging';
import { ApiProblem } from '../problems';
import { iso, listOf, name } from '../schemas/common';
import { environmentDecisionBody } from '../schemas/decision';
import { environmentSchema, listEnvironmentsQuery, type Environment } from '../schemas/environment';
import { viewEnvironment } from '../views/environment';

const environmentParams = z.object({ service: name, env: name });
const path = '/v1/environments/{service}/{env}';
const example = { params: { service: 'shop', env: 'prod' } };

const listEnvironments = operation({
  id: 'listEnvironments',
  method: 'get',
  path: '/v1/environments',
  tag: 'Environments',
  summary: 'List environments in ladder order, service by service',
  access: 'people',
  query: listEnvironmentsQuery,
  answers: { 200: { description: 'A page of environments', schema: listOf(environmentSchema) } },
  problems: [403, 404, 422],
  example: { query: { service: 'shop' } },
  handle: async (call) => {
    const { deps, caller, query } = call;
    const wanted = query.service;
    const services =
      wanted === undefined ? visibleServices(deps.services, caller) : [serviceFor(deps.services, caller, wanted)];
    const known = await deps.ledger.environments();
    const all = services.flatMap((service) =>
      service.policy.ladder.map((env) => {
        const state = known.find((each) => each.service === service.policy.service && each.env === env);
        return viewEnvironment(call, service, env, state ?? null);
      }),
    );
    const page = pageOf(all, query, ({ service, env }) => `${service}/${env}`);
    return json(200, { ...page, items: await Promise.all(page.items.map((each) => attended(deps, each))) });
  },
});

/** With the word that nobody works for it, where that is so: its slot waits within its grace, and says nothing itself. */
async function attended({ queues }: ApiDeps, environment: Environment): Promise<Environment> {
  const since = await queues?.idleSince(environmentQueue(environment.service, environment.env));
  return since === undefined || since === null ? environment : { ...environment, unattendedSince: iso(since) };
}

const showEnvironment = operation({
  id: 'showEnvironment',
  method: 'get',
  path,
  tag: 'Environments',
  summary: 'Show an environment: what runs there and what waits in front of it',
  access: 'people',
  params: environmentParams,
  answers: { 200: { description: 'The environment', schema: environmentSchema } },
  problems: [403, 404],
  example,
  handle: async (call) => {
    const { service, env } = environmentOf(call.deps, call.caller, call.params);
    const state = await call.deps.ledger.environment(service.policy.service, env);
    return json(200, await attended(call.deps, viewEnvironment(call, service, env, state)));
  },
});

const decideEnvironment = operation({
  id: 'decideEnvironment',
  method: 'post',
  path: `${path}/decisions`,
  tag: 'Environments',
  summary: 'Hold an environment, let it go on, or look again after an unknown state',
  access: 'people',
  params: environmentParams,
  body: environmentDecisionBody,
  answers: {
    200: { description: 'Decided, and in the ledger', schema: environmentSchema },
    202: { description: 'Decided; the ledger does not hold it yet (`recorded: false`)', schema: environmentSchema },
  },
  problems: [403, 404, 409, 422],
  example: { ...example, body: { verb: 'hold', reason: 'The database is being moved' } },
  handle: async (call) => {
    const { service, env } = environmentOf(call.deps, call.caller, call.params);
    const { status, body } = await decideOnEnvironment(call, service, env, call.body, call.seed);
    return json(status, body);
  },
});

function environmentOf(
  { services }: ApiDeps,
  caller: Caller,
  params: { readonly service: string; readonly env: string },
): { readonly service: ApiService; readonly env: string } {
  const service = serviceFor(services, caller, params.service);
  const { ladder } = service.policy;
  if (ladder.includes(params.env)) return { service, env: params.env };
  throw new ApiProblem(
    'not-found',
    `${params.service} has no environment ${params.env}; there are: ${ladder.join(', ')}.`,
  );
}

export const environmentOperations: readonly Operation[] = [listEnvironments, showEnvironment, decideEnvironment];
