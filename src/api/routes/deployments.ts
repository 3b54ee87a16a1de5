/** Deployments: list, show, log (whole, or followed as it grows), watch samples. */
import { z } from 'zod';
import type { DeploymentState } from '../../domain/deployment';
import { deploymentSubject, isDeploymentOf } from '../../domain/ids';
import { serviceFor, visibleServices, type Caller } from '../auth';
import { decideOnDeployment, type DeploymentPlace } from '../decide-deployment';
import { followLog, wholeLog } from '../log-stream';
import { json, operation, type ApiDeps, type Operation } from '../operation';
import { pageOf } from '../paging';
import { ApiProblem } from '../problems';
import { listOf } from '../schemas/common';
import { deploymentDecisionBody } from '../schemas/decision';
import {
  deploymentSchema,
  deploymentTakenSchema,
  listDeploymentsQuery,
  logQuery,
  sampleSchema,
  samplesQuery,
} from '../schemas/deployment';
import { viewDeployment, viewSample } from '../views/deployment';

const deploymentParams = z.object({
  id: z
    .string()
    .regex(/^[a-z0-9-]{1,100}$/)
    .meta({ example: 'shop-prod-1' }),
});
const example = { params: { id: 'shop-prod-1' } };

const listDeployments = operation({
  id: 'listDeployments',
  method: 'get',
  path: '/v1/deployments',
  tag: 'Deployments',
  summary: 'List deployments, newest first',
  access: 'people',
  query: listDeploymentsQuery,
  answers: { 200: { description: 'A page of deployments', schema: listOf(deploymentSchema) } },
  problems: [403, 404, 422],
  example: { query: { service: 'shop', env: 'prod' } },
  handle: async (call) => {
    const { deps, caller, query } = call;
    const wanted = query.service;
    const services =
      wanted === undefined ? visibleServices(deps.services, caller) : [serviceFor(deps.services, caller, wanted)];
    const page = await deps.ledger.deployments({
      services: services.map(({ policy }) => policy.service),
      env: query.env ?? null,
      limit: query.limit,
      cursor: query.cursor ?? null,
    });
    return json(200, { items: page.items.map((state) => viewDeployment(call, state)), next: page.next });
  },
});

const showDeployment = operation({
  id: 'showDeployment',
  method: 'get',
  path: '/v1/deployments/{id}',
  tag: 'Deployments',
  summary: 'Show a deployment with its phases, checks and verdict',
  access: 'people',
  params: deploymentParams,
  answers: { 200: { description: 'The deployment', schema: deploymentSchema } },
  problems: [403, 404],
  example,
  handle: async (call) => json(200, viewDeployment(call, await findDeployment(call.deps, call.caller, call.params.id))),
});

const decideDeployment = operation({
  id: 'decideDeployment',
  method: 'post',
  path: '/v1/deployments/{id}/decisions',
  tag: 'Deployments',
  summary: 'Answer what the watch of a deployment asks, take the question, or abort the deployment',
  access: 'people',
  params: deploymentParams,
  body: deploymentDecisionBody,
  answers: {
    200: { description: 'Decided, and in the ledger', schema: deploymentSchema },
    202: { description: 'Decided; the ledger does not hold it yet', schema: deploymentTakenSchema },
  },
  problems: [403, 404, 409, 422],
  example: {
    params: { id: 'shop-prod-2' },
    body: { verb: 'continue', reason: 'The drift is the new cache warming up' },
  },
  handle: async (call) => {
    const { deps, caller, params, body } = call;
    const place = await placeOf(deps, caller, params.id, body.verb === 'abort');
    const taken = await decideOnDeployment(call, place, body, call.seed);
    const fresh = taken.recorded ? await deps.ledger.deployment(params.id) : null;
    return fresh ? json(200, viewDeployment(call, fresh)) : json(202, taken);
  },
});

const deploymentLog = operation({
  id: 'deploymentLog',
  method: 'get',
  path: '/v1/deployments/{id}/log',
  tag: 'Deployments',
  summary: 'The log of a deployment with times; followed with ?follow=1 or Accept: text/event-stream',
  access: 'people',
  params: deploymentParams,
  query: logQuery,
  answers: {
    200: {
      description: 'Lines `<instant> <text>`; or events `line` (id: offset) and at last `end` with the verdict',
      text: ['text/plain', 'text/event-stream'],
    },
  },
  problems: [403, 404, 422],
  example,
  handle: async (call) => {
    const { deps, caller, params, query, req, res } = call;
    const state = await findDeployment(deps, caller, params.id);
    const follow = query.follow === '1' || req.accepts(['text/plain', 'text/event-stream']) === 'text/event-stream';
    if (follow) await followLog(call, state.id, query.after);
    else await wholeLog(deps.ledger, state.id, query.after, res);
    return { kind: 'written' };
  },
});

const deploymentSamples = operation({
  id: 'deploymentSamples',
  method: 'get',
  path: '/v1/deployments/{id}/samples',
  tag: 'Deployments',
  summary: 'What the watch measured, oldest first',
  access: 'people',
  params: deploymentParams,
  query: samplesQuery,
  answers: { 200: { description: 'A page of samples', schema: listOf(sampleSchema) } },
  problems: [403, 404, 422],
  example,
  handle: async ({ deps, caller, params, query }) => {
    const state = await findDeployment(deps, caller, params.id);
    const kept = await deps.ledger.samples(deploymentSubject(state.id), 0);
    const samples = kept.flatMap(({ sample }) => (sample === null ? [] : [viewSample(sample)]));
    return json(
      200,
      pageOf(samples, query, ({ at }) => at),
    );
  },
});

/** Whose deployment it is, by its id alone: an abort does not wait for a ledger that is away (abuse 16). */
async function placeOf(deps: ApiDeps, caller: Caller, id: string, withoutLedger: boolean): Promise<DeploymentPlace> {
  const [named] = deps.services.flatMap((service) =>
    service.policy.ladder
      .filter((env) => isDeploymentOf(service.policy.service, env, id))
      .map((env) => ({ service, env })),
  );
  if (!named) throw new ApiProblem('not-found', `There is no deployment ${id}.`);
  serviceFor(deps.services, caller, named.service.policy.service);
  const state = await findDeployment(deps, caller, id).catch((error: unknown) => {
    if (withoutLedger && !(error instanceof ApiProblem)) return null;
    throw error;
  });
  return { ...named, id, state };
}

async function findDeployment({ ledger, services }: ApiDeps, caller: Caller, id: string): Promise<DeploymentState> {
  const state = await ledger.deployment(id);
  if (state === null) throw new ApiProblem('not-found', `There is no deployment ${id}.`);
  serviceFor(services, caller, state.service);
  return state;
}

export const deploymentOperations: readonly Operation[] = [
  listDeployments,
  showDeployment,
  decideDeployment,
  deploymentLog,
  deploymentSamples,
];
