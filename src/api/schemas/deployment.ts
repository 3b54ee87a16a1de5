/** A deployment as the API shows it, with its log and its watch samples. */
import { z } from 'zod';
import { PHASES, VERDICTS } from '../../domain/deployment';
import { ANSWERS } from '../../domain/deployment-question';
import { ROLES, SURFACES } from '../../domain/people';
import { STRATEGIES } from '../../domain/policy';
import { DEPLOYMENT_VERBS } from '../../domain/verbs';
import { METRICS } from '../../domain/watch';
import { instant, name, pageQuery } from './common';

const target = z.object({ version: z.string(), sha: z.string() });
const smoke = z.array(
  z.object({
    name: z.string(),
    ok: z.boolean(),
    status: z.number().nullable(),
    ms: z.number(),
    detail: z.string(),
  }),
);

const hand = z.object({ by: z.string(), surface: z.enum(SURFACES), at: instant, reason: z.string().nullable() });
const question = z.object({
  rule: z.string(),
  sentence: z.string().meta({ description: 'Metric, multiple and T+ (A-054)' }),
  who: z.array(z.enum(ROLES)).meta({ description: 'Roles that may let it stay' }),
  since: instant,
  until: instant.meta({ description: 'The deadline' }),
  otherwise: z.enum(['continue', 'rollback']).meta({ description: 'What counts without an answer' }),
  owner: hand.nullable().meta({ description: 'Who has taken it' }),
  escalatedAt: instant.nullable(),
  answer: hand.extend({ verb: z.enum(ANSWERS), minutes: z.number().nullable(), byDefault: z.boolean() }).nullable(),
});

export const deploymentSchema = z
  .object({
    id: z.string().meta({ example: 'shop-prod-12' }),
    service: z.string(),
    env: z.string(),
    production: z.boolean(),
    strategy: z.enum(STRATEGIES),
    bugs: z.array(z.object({ id: z.string(), title: z.string(), head: z.string() })),
    previous: target.nullable(),
    candidate: target
      .extend({
        base: target,
        aboard: z.array(z.string()),
        left: z.array(z.object({ bug: z.string(), cause: z.string(), reason: z.string(), files: z.array(z.string()) })),
        changes: z.array(z.string()),
        scriptChanged: z.boolean(),
      })
      .nullable(),
    startedAt: instant,
    endedAt: instant.nullable(),
    phase: z.enum(PHASES).nullable(),
    phases: z.array(
      z.object({
        phase: z.enum(PHASES),
        startedAt: instant,
        endedAt: instant.nullable(),
        ok: z.boolean().nullable(),
        detail: z.string(),
      }),
    ),
    checks: z.array(z.object({ name: z.string(), ok: z.boolean(), detail: z.string() })),
    smoke,
    metadata: z.record(z.string(), z.string()),
    question: question.nullable().meta({ description: 'What the watch asks right now' }),
    questions: z.array(question).meta({ description: 'All that the watch asked, with the answers' }),
    abort: hand.nullable().meta({ description: 'Who stopped it' }),
    actions: z.array(
      z.object({
        verb: z.enum(DEPLOYMENT_VERBS),
        label: z.string(),
        allowed: z.boolean(),
        why: z.string().nullable(),
      }),
    ),
    waitingFor: z
      .object({ who: z.string(), what: z.string(), since: instant, until: instant })
      .nullable()
      .meta({ description: 'Whom it waits for; null: for nobody' }),
    breach: z
      .object({
        rule: z.string(),
        metric: z.enum(METRICS),
        class: z.enum(['hard', 'soft', 'notify', 'page']),
        value: z.number().nullable(),
        baseline: z.number().nullable(),
        multiple: z.number().nullable(),
        afterMs: z.number(),
        sentence: z.string(),
      })
      .nullable(),
    verdict: z.enum(VERDICTS).nullable(),
    reason: z.string().nullable(),
    rollback: z.object({ to: target, verified: z.boolean(), smoke, detail: z.string() }).nullable(),
    evidence: z.object({ samples: z.string(), log: z.string() }).nullable().meta({ description: 'SHA-256 digests' }),
    links: z.object({ board: z.string().nullable(), temporal: z.string().nullable() }),
  })
  .meta({ id: 'Deployment' });
export type Deployment = z.infer<typeof deploymentSchema>;

export const deploymentTakenSchema = z
  .object({
    id: z.string(),
    service: z.string(),
    env: z.string(),
    stage: z.string().meta({ description: 'How far it is, as its run says' }),
    recorded: z.boolean().meta({ description: 'Whether the ledger holds the decision' }),
  })
  .meta({ id: 'DeploymentTaken' });
export type DeploymentTaken = z.infer<typeof deploymentTakenSchema>;

export const listDeploymentsQuery = z.strictObject({ service: name.optional(), env: name.optional(), ...pageQuery });

const value = z.number().nullable();
export const sampleSchema = z
  .object({
    at: instant,
    values: z.object({
      errorRate: value,
      requestRate: value,
      p50: value,
      p95: value,
      p99: value,
      cpu: value,
      memory: value,
      queueDepth: value,
      health: value,
      loginSuccess: value,
    }),
    unanswered: z.string().nullable().meta({ description: 'Why the source of the metrics could not be asked' }),
  })
  .meta({ id: 'Sample', description: 'Rates per second, latencies in seconds, ratios 0 to 1; null: no evidence' });
export type Sample = z.infer<typeof sampleSchema>;

export const samplesQuery = z.strictObject({ ...pageQuery });
export const logQuery = z.strictObject({
  follow: z.enum(['0', '1']).optional().meta({ description: '1: server-sent events until the deployment ends' }),
  after: z.coerce.number().int().min(-1).optional().meta({ description: 'Only lines after this offset' }),
});

/** What the `line` event of a followed log carries; the event id is the offset. */
export const logLineSchema = z.object({ offset: z.number().int(), at: instant, text: z.string() });
export type LogLineBody = z.infer<typeof logLineSchema>;
