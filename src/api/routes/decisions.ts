/** Decisions on bugs: one at a time, or a batch with one answer per bug. */
import { TidegateFailure } from '../../domain/failures';
import { decideOnBug } from '../decide';
import { findBug } from '../find-bug';
import { digestOf } from '../idempotency';
import { json, operation, type Call, type Operation } from '../operation';
import { ApiProblem, problemBody } from '../problems';
import { bugSchema } from '../schemas/bug';
import { listOf } from '../schemas/common';
import { batchAnswerSchema, batchBody, bugDecisionBody, type BatchAnswer, type BatchBody } from '../schemas/decision';
import { bugParams, bugQuery } from './bugs';

const decideBug = operation({
  id: 'decideBug',
  method: 'post',
  path: '/v1/bugs/{id}/decisions',
  tag: 'Bugs',
  summary: 'Decide on a bug',
  access: 'people',
  params: bugParams,
  query: bugQuery,
  body: bugDecisionBody,
  answers: {
    200: { description: 'Decided, and in the ledger', schema: bugSchema },
    202: { description: 'Decided; the ledger does not hold it yet (`recorded: false`)', schema: bugSchema },
  },
  problems: [403, 404, 409, 422, 423],
  example: { params: { id: '1' }, body: { verb: 'confirm', severity: 'low' } },
  handle: async (call) => {
    const { service, state } = await findBug(call.deps, call.caller, call.params.id, call.query.service);
    const { status, body } = await decideOnBug(call, service, state, call.body, call.seed);
    return json(status, body);
  },
});

const decideBatch = operation({
  id: 'decideBatch',
  method: 'post',
  path: '/v1/decisions',
  tag: 'Bugs',
  summary: 'Approve several bugs at once; each has its own answer',
  access: 'people',
  body: batchBody,
  answers: { 200: { description: 'One answer per id, in the order asked', schema: listOf(batchAnswerSchema) } },
  problems: [422],
  example: { body: { verb: 'approve-prod', ids: ['1', '2'] } },
  handle: async (call) => {
    const items: BatchAnswer[] = [];
    // One after the other: each is a decision of its own, and a flood of updates helps nobody.
    for (const id of new Set(call.body.ids)) items.push(await answerFor(call, id));
    const final = items.every(({ status }) => status !== 202 && status < 500);
    return { kind: 'json', status: 200, body: { items, next: null }, final };
  },
});

async function answerFor(call: Call<unknown, unknown, BatchBody>, id: string): Promise<BatchAnswer> {
  try {
    const { status, bug } = await decideOne(call, id);
    return { id, status, bug, problem: null };
  } catch (error) {
    const problem = asProblem(error);
    if (problem === null) throw error;
    return { id, status: problem.status, bug: null, problem: problemBody(problem) };
  }
}

async function decideOne(
  call: Call<unknown, unknown, BatchBody>,
  id: string,
): Promise<{ status: number; bug: BatchAnswer['bug'] }> {
  const { verb, shas, reason, service: wanted } = call.body;
  if (verb === 'approve-uat-merge') {
    throw new ApiProblem('invalid', 'approve-uat-merge is not possible yet: there is approve-prod.');
  }
  const { service, state } = await findBug(call.deps, call.caller, id, wanted);
  const sha = shas?.[id] ?? state.fix?.head;
  const wish = { verb, ...(sha && { sha }), ...(reason && { reason }) };
  const { status, body } = await decideOnBug(call, service, state, wish, digestOf([call.seed, id]).slice(0, 32));
  return { status, bug: body };
}

/** What one id's answer may be; anything else fails the whole batch, which is harmless to repeat. */
function asProblem(error: unknown): ApiProblem | null {
  if (error instanceof ApiProblem) return error;
  if (error instanceof TidegateFailure && error.kind === 'Unavailable')
    return new ApiProblem('unavailable', error.message);
  return null;
}

export const decisionOperations: readonly Operation[] = [decideBug, decideBatch];
