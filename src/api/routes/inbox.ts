/** What waits for the caller: bugs that one of their verbs would move, environments that need their eyes. */
import type { BugState, BugStatus } from '../../domain/bug';
import { awaitedVerbs } from '../../domain/bug-view';
import { visibleServices } from '../auth';
import { json, operation, type Call, type Operation } from '../operation';
import { pageOf } from '../paging';
import { listOf } from '../schemas/common';
import type { BugSummary } from '../schemas/bug';
import { inboxItemSchema, inboxQuery, type InboxItem } from '../schemas/inbox';
import type { Deployment } from '../schemas/deployment';
import type { Environment } from '../schemas/environment';
import { viewBugs } from '../views/bug';
import { viewDeployment } from '../views/deployment';
import { viewEnvironment } from '../views/environment';

/** Statuses in which a bug can wait for a person. */
const WAITING: readonly BugStatus[] = ['submitted', 'confirmed', 'planned', 'deployed_uat'];
/** Open bugs looked at, per service: beyond that an inbox is no help any more. */
const LOOKED_AT = 1_000;

const inbox = operation({
  id: 'inbox',
  method: 'get',
  path: '/v1/inbox',
  tag: 'Inbox',
  summary: 'What waits for you, the longest wait first',
  access: 'people',
  query: inboxQuery,
  answers: { 200: { description: 'A page of what waits', schema: listOf(inboxItemSchema) } },
  problems: [422],
  example: {},
  handle: async (call) => {
    const items = [...(await deploymentItems(call)), ...(await environmentItems(call)), ...(await bugItems(call))];
    const oldestFirst = items.sort((a, b) => (a.since < b.since ? -1 : 1));
    return json(
      200,
      pageOf(oldestFirst, call.query, ({ kind, service, id }) => `${kind}/${service}/${id}`),
    );
  },
});

async function bugItems(call: Call): Promise<readonly InboxItem[]> {
  const { ledger, services } = call.deps;
  const lists = await Promise.all(
    visibleServices(services, call.caller).map(({ policy }) =>
      ledger.bugs({
        service: policy.service,
        status: WAITING,
        severity: null,
        q: null,
        limit: LOOKED_AT,
        cursor: null,
      }),
    ),
  );
  const waiting = lists.flatMap(({ items }) => items).filter((state) => awaitedVerbs(state).length > 0);
  const seen = await viewBugs(call, waiting);
  return seen.flatMap((bug, index) => bugItem(bug, waiting[index]));
}

function bugItem(bug: BugSummary, state: BugState | undefined): readonly InboxItem[] {
  const awaited = state === undefined ? [] : awaitedVerbs(state);
  const verbs = bug.actions.filter(({ verb, allowed }) => allowed && awaited.includes(verb));
  if (verbs.length === 0) return [];
  const { id, service, title, status, waitingFor, statusAt } = bug;
  return [
    {
      ...{ kind: 'bug', service, id, title, status },
      what: waitingFor?.what ?? status,
      since: waitingFor?.since ?? statusAt,
      until: waitingFor?.until ?? null,
      verbs: verbs.map(({ verb, label }) => ({ verb, label })),
      href: `/v1/bugs/${id}?service=${service}`,
    },
  ];
}

/** Deployments whose watch asks, for whoever may answer. */
async function deploymentItems(call: Call): Promise<readonly InboxItem[]> {
  const { ledger, services } = call.deps;
  const visible = visibleServices(services, call.caller).map(({ policy }) => policy.service);
  const known = (await ledger.environments()).filter(({ service }) => visible.includes(service));
  const states = await Promise.all(
    known.flatMap(({ current }) => (current ? ledger.deployment(current.deployment) : [])),
  );
  return states.flatMap((state) => (state ? deploymentItem(viewDeployment(call, state)) : []));
}

function deploymentItem({ id, service, env, waitingFor, actions }: Deployment): readonly InboxItem[] {
  const verbs = actions.filter(({ verb, allowed }) => allowed && verb !== 'abort');
  if (waitingFor === null || verbs.length === 0) return [];
  return [
    {
      ...{ kind: 'deployment', service, id, status: 'asked' },
      title: `May ${id} stay on ${env}?`,
      what: waitingFor.what,
      since: waitingFor.since,
      until: waitingFor.until,
      verbs: verbs.map(({ verb, label }) => ({ verb, label })),
      href: `/v1/deployments/${id}`,
    },
  ];
}

async function environmentItems(call: Call): Promise<readonly InboxItem[]> {
  const known = await call.deps.ledger.environments();
  return visibleServices(call.deps.services, call.caller).flatMap((service) =>
    service.policy.ladder.flatMap((env) => {
      const state = known.find((each) => each.service === service.policy.service && each.env === env);
      return state ? environmentItem(viewEnvironment(call, service, env, state)) : [];
    }),
  );
}

function environmentItem({ service, env, unknown, actions }: Environment): readonly InboxItem[] {
  const recheck = actions.find(({ verb, allowed }) => verb === 'recheck' && allowed);
  if (unknown === null || recheck === undefined) return [];
  return [
    {
      ...{ kind: 'environment', service, id: env, status: 'unknown' },
      title: `${service} ${env} is in an unknown state`,
      what: `somebody who looks at ${env} after ${unknown.deployment}: ${unknown.reason}`,
      since: unknown.at,
      until: null,
      verbs: [{ verb: recheck.verb, label: recheck.label }],
      href: `/v1/environments/${service}/${env}`,
    },
  ];
}

export const inboxOperations: readonly Operation[] = [inbox];
