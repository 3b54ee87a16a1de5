/** An environment as the API shows it. */
import { z } from 'zod';
import { ENVIRONMENT_VERBS } from '../../domain/verbs';
import { instant, name, pageQuery } from './common';

const runningSchema = z.object({
  version: z.string(),
  sha: z.string(),
  base: z.object({ version: z.string(), sha: z.string() }),
  deployment: z.string().nullable(),
  fixes: z.array(z.object({ bug: z.string(), head: z.string(), leaving: z.boolean() })),
  since: instant,
});

export const environmentSchema = z
  .object({
    service: z.string(),
    env: z.string(),
    url: z.string(),
    production: z.boolean(),
    validation: z.boolean().meta({ description: 'Whether fixes are validated here' }),
    running: runningSchema.nullable().meta({ description: 'null: not observed yet' }),
    lastGood: z
      .object({ version: z.string(), sha: z.string(), deployment: z.string().nullable() })
      .nullable()
      .meta({ description: 'Where a rollback goes' }),
    queue: z.array(
      z.object({
        id: z.string(),
        kind: z.enum(['rollback', 'hotfix', 'immediate', 'slot']),
        slot: z.enum(['T1', 'T2']).nullable(),
        bug: z.string().nullable(),
        title: z.string().nullable(),
        at: instant,
      }),
    ),
    current: z
      .object({ deployment: z.string(), startedAt: instant, bugs: z.array(z.string()) })
      .nullable()
      .meta({ description: 'The one deployment under way' }),
    slot: z
      .object({ kind: z.enum(['T1', 'T2']), at: instant, graceUntil: instant })
      .nullable()
      .meta({ description: 'The slot that the queue waits for' }),
    holds: z.array(z.object({ by: z.string(), reason: z.string(), at: instant })),
    unknown: z
      .object({ deployment: z.string(), reason: z.string(), at: instant })
      .nullable()
      .meta({ description: 'Set: nothing leaves until a person has looked (recheck)' }),
    actions: z.array(
      z.object({
        verb: z.enum(ENVIRONMENT_VERBS),
        label: z.string(),
        allowed: z.boolean(),
        why: z.string().nullable(),
      }),
    ),
    links: z.object({ board: z.string().nullable(), temporal: z.string().nullable() }),
    unattendedSince: instant.optional().meta({ description: 'Set: no worker takes work for it, and since when' }),
    recorded: z.boolean().optional(),
  })
  .meta({ id: 'Environment' });
export type Environment = z.infer<typeof environmentSchema>;

export const listEnvironmentsQuery = z.strictObject({ service: name.optional(), ...pageQuery });
