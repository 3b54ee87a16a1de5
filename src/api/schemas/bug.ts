/** A bug as the API shows it, and what a report must say (4-interfaces §4). */
import { z } from 'zod';
import { BUG_STATUSES, FLOWS, SEVERITIES, STATUS_COLOURS } from '../../domain/bug';
import { ROLES, SURFACES } from '../../domain/people';
import { BUG_VERBS } from '../../domain/verbs';
import { instant, name, pageQuery, text, words } from './common';

export const severity = z.enum(SEVERITIES);
export const flow = z.enum(FLOWS);
export const bugStatus = z.enum(BUG_STATUSES);

/** A link that a browser may follow: never `javascript:`. */
const webAddress = text(2_000).refine((value) => /^https?:\/\/[^\s]+$/i.test(value), {
  error: 'must be an http or https address',
});

export const reportBugBody = z
  .strictObject({
    service: name.meta({ example: 'shop' }),
    title: words(200).meta({ example: 'Checkout shows the wrong total' }),
    description: text(10_000).optional(),
    severity: severity.meta({ example: 'medium' }),
    foundIn: name.meta({ description: 'The environment it was found in', example: 'prod' }),
    evidence: z
      .strictObject({
        stack: text(20_000).optional().meta({ description: 'Stack trace, as it was logged' }),
        url: webAddress.optional(),
        version: text(100).optional(),
      })
      .optional(),
    modules: z.array(words(100)).max(50).optional(),
    services: z.array(words(100)).max(50).optional(),
    external: text(200).optional().meta({ description: "Key in somebody's tracker" }),
  })
  .meta({ id: 'BugReport' });
export type ReportBugBody = z.infer<typeof reportBugBody>;

/** `submitted,confirmed` or the parameter given twice. */
const statusList = z
  .union([z.string(), z.array(z.string())])
  .transform((value) => [value].flat().flatMap((part) => part.split(',')))
  .pipe(z.array(bugStatus));

export const listBugsQuery = z.strictObject({
  service: name.optional(),
  status: statusList.optional().meta({
    description: 'One status, or several divided by commas',
    override: { type: 'string' },
  }),
  severity: severity.optional(),
  q: words(200).optional().meta({ description: 'Words of title or description' }),
  ...pageQuery,
});

export const actionSchema = z.object({
  verb: z.enum(BUG_VERBS),
  label: z.string(),
  allowed: z.boolean(),
  why: z.string().nullable().meta({ description: 'Why not: the sentence a refusal would carry' }),
});

const approvalSchema = z.object({
  by: z.string(),
  roles: z.array(z.enum(ROLES)),
  at: instant,
  sha: z.string().meta({ description: "The fix's head it was given for (X-21)" }),
  productionSha: z.string().nullable(),
  reason: z.string().nullable(),
});

const fixSchema = z.object({
  ref: z.string(),
  head: z.string().meta({ description: 'What an approval names (X-21)' }),
  base: z.string(),
  files: z.array(z.string()),
  changesScript: z.array(z.string()).meta({ description: 'Deploy scripts that this fix changes' }),
  authors: z.array(z.string()),
  diff: z.string().nullable(),
});

const suspectSchema = z.object({
  file: z.string(),
  line: z.number().nullable(),
  commit: z.string().nullable(),
  author: z.string().nullable(),
  at: instant.nullable(),
  subject: z.string().nullable(),
  why: z.string(),
});

const analysisSchema = z.object({
  provider: z.string(),
  hypothesis: z.string(),
  plan: z.array(z.string()),
  confidence: z.enum(['low', 'medium', 'high']),
  suspects: z.array(suspectSchema),
  evidence: z.array(z.string()),
});

const deploymentOfBug = z.object({
  id: z.string(),
  env: z.string().nullable(),
  version: z.string().nullable(),
  verdict: z.string().nullable(),
  startedAt: instant.nullable(),
  endedAt: instant.nullable(),
});

export const timelineEntry = z.object({
  at: instant,
  kind: z.string(),
  words: z.string().meta({ description: 'What happened, in human words' }),
  actor: z.string(),
  surface: z.enum(SURFACES),
  reason: z.string().nullable(),
});

const bugFields = {
  id: z.string().meta({ example: '7' }),
  service: z.string(),
  title: z.string(),
  description: z.string().nullable(),
  severity,
  foundIn: z.string(),
  evidence: z.object({ stack: z.string().nullable(), url: z.string().nullable(), version: z.string().nullable() }),
  modules: z.array(z.string()),
  services: z.array(z.string()),
  external: z.string().nullable(),
  reporter: z.string(),
  reportedAt: instant,
  confirmedBy: z.string().nullable(),
  flow: flow.nullable(),
  status: bugStatus,
  statusColour: z.enum(Object.values(STATUS_COLOURS)),
  statusAt: instant,
  endedAt: instant.nullable(),
  waitingFor: z.object({ who: z.string(), what: z.string(), since: instant, until: instant.nullable() }).nullable(),
  nextEvent: z.object({ what: z.string(), at: instant.nullable() }).nullable(),
  blockedBy: z.object({ what: z.string(), whoCanLift: z.string() }).nullable(),
  fix: fixSchema.nullable(),
  analysis: analysisSchema.nullable(),
  validation: z
    .object({ deployment: z.string(), version: z.string(), sha: z.string(), alsoHolds: z.array(z.string()) })
    .nullable()
    .meta({ description: 'What ran for validation when the fix arrived there' }),
  approvals: z.array(approvalSchema),
  deployments: z.array(deploymentOfBug),
  shipped: z.object({ version: z.string(), sha: z.string(), alsoHolds: z.array(z.string()) }).nullable(),
  actions: z.array(actionSchema),
  links: z.object({ board: z.string().nullable(), temporal: z.string().nullable() }),
  recorded: z
    .boolean()
    .optional()
    .meta({ description: 'false with 202: the run has it, the ledger not yet; a repeat is harmless' }),
};

/** A row of a list: everything but the timeline. */
export const bugSummarySchema = z.object(bugFields).meta({ id: 'BugSummary' });
export type BugSummary = z.infer<typeof bugSummarySchema>;

export const bugSchema = z.object({ ...bugFields, timeline: z.array(timelineEntry) }).meta({ id: 'Bug' });
export type Bug = z.infer<typeof bugSchema>;
