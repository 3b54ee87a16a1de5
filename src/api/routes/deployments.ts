/** Deployments: list, show, log (whole, or followed as it grows), watch samples. */
import { z } from 'zod';
import type { DeploymentState } from '../../domain/deployment';
import { deploymentSubject } from '../../domain/ids';
import { serviceFor, visibleServices, type Caller } from '../auth';
import { followLog, wholeLog } from '../log-stream';
import { json, operation, type ApiDeps, type Operation } from '../operation';
import { pageOf } from '../paging';
import { ApiProblem } from '../problems';
import { listOf } from '../schemas/common';
import { deploymentSchema, listDeploymentsQuery, logQuery, sampleSchema, samplesQuery } from '../schemas/deployment';
import { viewDeployment, viewSample } from '../views/deployment';

/** Newest deployments of one service that a list reaches back to. */
const REACH = 1_000;

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
  handle: async ({ deps, caller, query }) => {
    const wanted = query.service;
    const services =
      wanted === undefined ? visibleServices(deps.services, caller) : [serviceFor(deps.services, caller, wanted)];
    const lists = await Promise.all(
      services.map(({ policy }) => deps.ledger.deployments(policy.service, query.env ?? null, REACH)),
    );
    const newest = lists.flat().sort((a, b) => b.startedAt - a.startedAt || (a.id < b.id ? 1 : -1));
    const page = pageOf(newest, query, ({ id }) => id);
    return json(200, { items: page.items.map((state) => viewDeployment(deps, state)), next: page.next });
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
  handle: async ({ deps, caller, params }) =>
    json(200, viewDeployment(deps, await findDeployment(deps, caller, params.id))),
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
  handle: async ({ deps, caller, params, query, req, res }) => {
    const state = await findDeployment(deps, caller, params.id);
    const follow = query.follow === '1' || req.accepts(['text/plain', 'text/event-stream']) === 'text/event-stream';
    if (follow) await followLog(deps, state.id, query.after, req, res);
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

async function findDeployment({ ledger, services }: ApiDeps, caller: Caller, id: string): Promise<DeploymentState> {
  const state = await ledger.deployment(id);
  if (state === null) throw new ApiProblem('not-found', `There is no deployment ${id}.`);
  serviceFor(services, caller, state.service);
  return state;
}

export const deploymentOperations: readonly Operation[] = [
  listDeployments,
  showDeployment,
  deploymentLog,
  deploymentSamples,
];
