/** Bugs: report, list, show. */
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { type BugReport, type BugState } from '../../domain/bug';
import { evolveBug } from '../../domain/bug-evolve';
import { redactAll } from '../../domain/redact';
import { actorIn, readOnlySentence, serviceFor, visibleServices, type ApiService } from '../auth';
import { findBug } from '../find-bug';
import { json, operation, type ApiDeps, type Call, type Operation, type Reply } from '../operation';
import { ApiProblem } from '../problems';
import { bugSchema, bugSummarySchema, listBugsQuery, reportBugBody, type ReportBugBody } from '../schemas/bug';
import { listOf, name } from '../schemas/common';
import { viewBug, viewBugs } from '../views/bug';

export const bugParams = z.object({
  id: z
    .string()
    .regex(/^[1-9][0-9]{0,8}$/)
    .meta({ description: 'Bug number', example: '1' }),
});
/** Only needed where a number exists in more than one service. */
export const bugQuery = z.strictObject({ service: name.optional() });

const reportBug = operation({
  id: 'reportBug',
  method: 'post',
  path: '/v1/bugs',
  tag: 'Bugs',
  summary: 'Report a bug',
  access: 'people',
  body: reportBugBody,
  answers: {
    201: { description: 'The bug, `submitted`', schema: bugSchema },
    202: { description: 'Accepted; the ledger does not hold it yet (`recorded: false`)', schema: bugSchema },
  },
  problems: [403, 422],
  example: {
    body: { service: 'shop', title: 'Checkout shows the wrong total', severity: 'medium', foundIn: 'prod' },
  },
  handle: async (call) => {
    const { body, deps, caller, surface } = call;
    const service = reportedService(call);
    const actor = actorIn(caller, body.service, surface);
    const sentence = readOnlySentence(actor);
    if (sentence !== null) throw new ApiProblem('not-allowed', sentence);
    checkFoundIn(service, body.foundIn);
    const id = await deps.ledger.allocateBug(body.service, call.claim);
    const report = reportOf(id, body, service.policy.revision);
    const at = deps.now();
    await deps.conductor.reportBug(report, actor, service.policy, at);
    const location = `/v1/bugs/${id}?service=${body.service}`;
    const recorded = await untilRecorded(deps, body.service, id);
    const event = { kind: 'bug.reported', data: report, at, actor: actor.id, surface, reason: null } as const;
    const bug = await viewBug(call, service, recorded ?? evolveBug(null, event));
    const reply = recorded ? json(201, bug) : json(202, { ...bug, recorded: false });
    return { ...reply, location } as Reply;
  },
});

function reportedService({ deps, caller, body }: Call<unknown, unknown, ReportBugBody>): ApiService {
  if (deps.services.some(({ policy }) => policy.service === body.service)) {
    return serviceFor(deps.services, caller, body.service);
  }
  const names = visibleServices(deps.services, caller).map(({ policy }) => policy.service);
  const message = `there is no service ${body.service}; yours: ${names.join(', ')}`;
  throw new ApiProblem('invalid', `The report is not valid: ${message}.`, { errors: [{ path: 'service', message }] });
}

function checkFoundIn({ policy }: ApiService, foundIn: string): void {
  if (policy.ladder.includes(foundIn)) return;
  const message = `${policy.service} has no environment ${foundIn}; allowed: ${policy.ladder.join(', ')}`;
  throw new ApiProblem('invalid', `The report is not valid: ${message}.`, { errors: [{ path: 'foundIn', message }] });
}

/** Secrets that people paste with a stack trace go no further than this. */
function reportOf(id: string, body: ReportBugBody, revision: string): BugReport {
  return redactAll({
    id,
    service: body.service,
    title: body.title.trim(),
    description: body.description ?? null,
    severity: body.severity,
    foundIn: body.foundIn,
    evidence: {
      stack: body.evidence?.stack ?? null,
      url: body.evidence?.url ?? null,
      version: body.evidence?.version ?? null,
    },
    modules: body.modules ?? [],
    services: body.services ?? [],
    external: body.external ?? null,
    revision,
  });
}

/** Waits until the ledger holds the bug; null when it does not in time, or is away. */
async function untilRecorded({ ledger, limits }: ApiDeps, service: string, id: string): Promise<BugState | null> {
  const tries = Math.max(1, Math.ceil(limits.recordedWithinMs / limits.pollMs));
  for (let attempt = 0; attempt < tries; attempt++) {
    const state = await ledger.bug(service, id).catch(() => null);
    if (state !== null) return state;
    await sleep(limits.pollMs);
  }
  return null;
}

const listBugs = operation({
  id: 'listBugs',
  method: 'get',
  path: '/v1/bugs',
  tag: 'Bugs',
  summary: 'List bugs, newest first',
  access: 'people',
  query: listBugsQuery,
  answers: { 200: { description: 'A page of bugs', schema: listOf(bugSummarySchema) } },
  problems: [403, 404, 422],
  example: { query: { status: 'submitted', limit: '10' } },
  handle: async (call) => {
    const { query, deps, caller } = call;
    const only = query.service === undefined ? soleService(call) : serviceFor(deps.services, caller, query.service);
    const page = await deps.ledger.bugs({
      service: only?.policy.service ?? null,
      status: query.status ?? null,
      severity: query.severity ?? null,
      q: query.q ?? null,
      limit: query.limit,
      cursor: query.cursor ?? null,
    });
    const seen = page.items.filter(({ service }) => caller.roles.has(service));
    return json(200, { items: await viewBugs(call, seen), next: page.next });
  },
});

/** The one service a caller may see, or null when there are several: then the page is sieved. */
function soleService({ deps, caller }: Pick<Call, 'deps' | 'caller'>): ApiService | null {
  const visible = visibleServices(deps.services, caller);
  return visible.length === 1 ? (visible[0] ?? null) : null;
}

const showBug = operation({
  id: 'showBug',
  method: 'get',
  path: '/v1/bugs/{id}',
  tag: 'Bugs',
  summary: 'Show a bug: what it waits for, what comes next, what blocks it, and all that happened',
  access: 'people',
  params: bugParams,
  query: bugQuery,
  answers: { 200: { description: 'The bug', schema: bugSchema } },
  problems: [403, 404, 422],
  example: { params: { id: '1' } },
  handle: async (call) => {
    const { service, state } = await findBug(call.deps, call.caller, call.params.id, call.query.service);
    return json(200, await viewBug(call, service, state));
  },
});

export const bugOperations: readonly Operation[] = [reportBug, listBugs, showBug];
