/** What a decision must say: strict bodies, and verbs by name (4-interfaces §4). */
import { z } from 'zod';
import { BUG_VERBS, DEPLOYMENT_VERBS, ENVIRONMENT_VERBS } from '../../domain/verbs';
import { bugSchema, flow, severity } from './bug';
import { name, problemSchema, sha, words } from './common';

const BATCH_VERBS = ['approve-prod', 'approve-uat-merge'] as const;

/** An enum whose refusal names what there is. */
function verbOf<const V extends readonly [string, ...string[]]>(verbs: V): z.ZodEnum<{ [K in V[number]]: K }> {
  return z.enum(verbs, { error: () => `is not a verb that is possible here; there are: ${verbs.join(', ')}` });
}

const reason = words(2_000).optional();

export const bugDecisionBody = z
  .strictObject({
    verb: verbOf(BUG_VERBS).meta({ example: 'approve-prod' }),
    sha: sha.optional().meta({ description: "The fix's head that the decision is for (X-21)" }),
    reason,
    severity: severity.optional().meta({ description: 'confirm: as what' }),
    foundIn: name.optional().meta({ description: 'confirm: where it was really found' }),
    flow: flow
      .optional()
      .meta({ description: 'confirm: the flow you expect; a mismatch is refused with the evidence' }),
    ref: words(200).optional().meta({ description: 'attach-fix: the branch that holds the fix' }),
  })
  .meta({ id: 'BugDecision' });
export type BugDecisionBody = z.infer<typeof bugDecisionBody>;

const bugNumber = z
  .union([z.string().regex(/^[1-9][0-9]{0,8}$/, { error: 'must be a bug number' }), z.int().min(1).max(999_999_999)])
  .transform(String);

export const batchBody = z
  .strictObject({
    verb: verbOf(BATCH_VERBS).meta({ example: 'approve-prod' }),
    ids: z
      .array(bugNumber)
      .min(1)
      .max(100)
      .meta({ override: { type: 'array', items: { type: ['string', 'integer'] } }, example: ['7', '8'] }),
    service: name.optional().meta({ description: 'Needed where a number exists in more than one service' }),
    shas: z
      .record(z.string(), sha)
      .optional()
      .meta({ description: 'Bug number to the head you saw; without it, the head that the ledger shows now' }),
    reason,
  })
  .meta({ id: 'BatchDecision' });
export type BatchBody = z.infer<typeof batchBody>;

export const batchAnswerSchema = z
  .object({
    id: z.string(),
    status: z.number().int().meta({ description: 'The status code this decision would have had alone' }),
    bug: bugSchema.nullable(),
    problem: problemSchema.omit({ requestId: true }).nullable(),
  })
  .meta({ id: 'BatchAnswer' });
export type BatchAnswer = z.infer<typeof batchAnswerSchema>;

export const environmentDecisionBody = z
  .strictObject({ verb: verbOf(ENVIRONMENT_VERBS).meta({ example: 'hold' }), reason })
  .meta({ id: 'EnvironmentDecision' });
export type EnvironmentDecisionBody = z.infer<typeof environmentDecisionBody>;

export const deploymentDecisionBody = z
  .strictObject({
    verb: verbOf(DEPLOYMENT_VERBS).meta({ example: 'continue' }),
    minutes: z.int().min(1).max(1_440).optional().meta({ description: 'extend: by how many minutes' }),
    reason,
  })
  .meta({ id: 'DeploymentDecision' });
export type DeploymentDecisionBody = z.infer<typeof deploymentDecisionBody>;
