/** One rung of the ladder as it stands in the file (4-interfaces §2). */
import { z } from 'zod';
import { SEVERITIES } from '../domain/bug';
import { ROLES } from '../domain/people';
import { STRATEGIES } from '../domain/policy';
import {
  capture,
  command,
  duration,
  filePath,
  httpUrl,
  insidePath,
  ref,
  secretReference,
  truth,
  urlPath,
  whole,
  words,
} from './scalars';
import { smoke } from './schema-smoke';
import { watch } from './schema-watch';
import { section, unionError } from './zod-problems';

const times = { idleTimeout: duration.optional(), timeout: duration.optional() };

export const DEPLOY_DRIVERS = ['script', 'command', 'git-push', 'github-actions', 'manual'] as const;

const SCRIPT_FROM = 'a protected branch or tag, or a path on this machine that begins with "./", "../" or "/"';
const deploy = z.discriminatedUnion(
  'driver',
  [
    section({
      driver: z.literal('script'),
      script: insidePath,
      scriptFrom: z
        .union([ref, z.string().regex(/^(\.{0,2}\/)[^\0\n]+$/, { error: SCRIPT_FROM })], { error: SCRIPT_FROM })
        .optional()
        .describe('Where the script comes from instead of the candidate: a protected ref, or a path'),
      ...times,
    }),
    section({
      driver: z.literal('command'),
      run: command,
      rollback: command.optional(),
      status: command.optional(),
      id: capture.optional(),
      url: capture.optional(),
      ...times,
    }),
    section({
      driver: z.literal('git-push'),
      branch: ref,
      owned: truth.optional().describe('The branch belongs to Tidegate and may be moved back with a lease'),
      every: duration.optional(),
      ...times,
    }),
    section({
      driver: z.literal('github-actions'),
      repository: z.string().regex(/^[\w.-]+\/[\w.-]+$/, { error: 'owner/name of a GitHub repository' }),
      workflow: z.string().regex(/^[\w.-]+\.ya?ml$/, { error: 'the file name of a workflow, such as deploy.yml' }),
      token: secretReference,
      every: duration.optional(),
      ...times,
    }),
    section({
      driver: z.literal('manual'),
      checklist: z.array(words).min(1, { error: 'a list with at least one step' }),
      ...times,
    }),
  ],
  { error: unionError('driver', DEPLOY_DRIVERS) },
);

/** Whatever is left out is taken from the rule that the product ships. */
export const approvalRule = section({
  count: whole(0, 9).optional(),
  roles: z
    .array(z.enum(ROLES))
    .min(1, { error: `a list of ${ROLES.join(', ')}` })
    .optional(),
  notRequester: truth.optional(),
});

export const environment = section({
  url: httpUrl.describe('Where the environment answers'),
  strategies: z
    .array(z.enum(STRATEGIES))
    .min(1, { error: `a list of ${STRATEGIES.join(', ')}` })
    .optional(),
  deploy,
  envFile: filePath.optional().describe('Variables for the deploy script, checked against envTemplate'),
  envTemplate: insidePath.optional(),
  health: z
    .union([section({ get: urlPath }), section({ script: insidePath })], { error: '{ get: path } or { script: path }' })
    .optional(),
  version: section({ get: urlPath })
    .optional()
    .describe('Where the target says what it runs: JSON with version, sha, deployment'),
  rollback: section({
    proof: z.array(z.enum(['check', 'boot'])).min(1, { error: 'a list of check, boot' }),
  }).optional(),
  approvals: section({
    default: approvalRule.optional(),
    freeze: approvalRule.optional(),
    severity: z.partialRecord(z.enum(SEVERITIES), approvalRule).optional(),
  }).optional(),
  smoke: smoke.optional(),
  traffic: z.enum(['script', 'nginx']).optional().describe('Who splits traffic for canary and blue-green'),
  watch,
});

export type EnvironmentInput = z.infer<typeof environment>;
export type ApprovalRuleInput = z.infer<typeof approvalRule>;
