/** `tidegate.yaml`: the one schema of the whole file (4-interfaces §2). Its JSON Schema is `tidegate.schema.json`. */
import { z } from 'zod';
import { ROLES } from '../domain/people';
import { WEEKDAYS } from '../domain/slots';
import {
  branchPattern,
  command,
  cron,
  duration,
  email,
  filePath,
  httpUrl,
  insidePath,
  localDate,
  name,
  personId,
  ref,
  repoUrl,
  secretReference,
  timeOfDay,
  truth,
  whole,
  words,
  zone,
} from './scalars';
import { approvalRule, environment } from './schema-environment';
import { section, unionError } from './zod-problems';

const slot = section({
  at: timeOfDay,
  days: z
    .array(z.enum(WEEKDAYS))
    .min(1, { error: `a list of ${WEEKDAYS.join(', ')}` })
    .optional(),
  cutoff: duration.optional().describe('How long before the slot decisions stop counting for it'),
  grace: duration.optional().describe('How late a missed slot may still run; default 60m (X-19)'),
});

const person = section({
  roles: z.array(z.enum(ROLES)).min(1, { error: `a list of ${ROLES.join(', ')}` }),
  telegram: whole(1, Number.MAX_SAFE_INTEGER).optional().describe('Numeric Telegram user id'),
  emails: z
    .array(email)
    .min(1, { error: 'a list of e-mail addresses' })
    .optional()
    .describe('Addresses this person commits under; without it, whoever commits as <id>@… counts as this person'),
  token: secretReference.optional().describe('Reference to the SHA-256 (hex) of the person’s bearer token'),
});

const freezeScope = {
  name: words,
  environments: z.array(name).min(1, { error: 'a list of environments' }).optional(),
  modules: z.array(words).min(1, { error: 'a list of modules' }).optional(),
  reason: words.optional(),
  owner: personId.optional(),
  approvals: approvalRule.optional(),
};
const FREEZE_ALLOWED = 'name with from and to (dates), or name with cron and for (a duration)';
const freeze = z.union(
  [
    section({ ...freezeScope, from: localDate, to: localDate.describe('The whole of this local day is included') }),
    section({ ...freezeScope, cron, for: duration }),
  ],
  { error: FREEZE_ALLOWED },
);

const model = section({ url: httpUrl, name: words, key: secretReference.optional() });

const notify = section({
  telegram: section({
    token: secretReference,
    chat: z.int({ error: 'a whole number: the id of the chat' }),
  }).optional(),
  slack: section({ webhook: secretReference.optional() }).optional(),
  pager: section({ webhook: secretReference.optional() }).optional(),
});

export const TRACKERS = ['file', 'github', 'jira', 'linear'] as const;
const statuses = z.record(words, words).optional().describe('The tracker’s name for each of our ticket states (X-06)');
const tracker = z.discriminatedUnion(
  'kind',
  [
    section({ kind: z.literal('file'), path: filePath, statuses }),
    section({ kind: z.literal('github'), repository: words, token: secretReference, statuses }),
    section({ kind: z.literal('jira'), url: httpUrl, project: words, token: secretReference, statuses }),
    section({ kind: z.literal('linear'), team: words, token: secretReference, statuses }),
  ],
  { error: unionError('kind', TRACKERS) },
);

const gateFile = filePath.nullable().optional();

const VERSION_ALLOWED = '1, the version of this format';

export const configFile = section({
  version: z.literal(1, { error: VERSION_ALLOWED }),
  service: name,
  repo: section({
    url: repoUrl,
    main: ref.optional(),
    versionFile: insidePath.optional(),
    changelog: insidePath.optional(),
  }),
  timezone: zone,
  slots: section({
    t1: slot.describe('When confirmed fixes leave for the environments below production'),
    t2: slot.describe('When approved fixes leave for production'),
    allowShortGap: truth.optional().describe('Acknowledges less than 1h between T1 and T2 (X-11)'),
  }),
  people: z.record(personId, person),
  environments: z.record(name, environment).describe('Ladder order; the last is production'),
  train: section({
    mode: z.enum(['together', 'one-by-one']).optional(),
    onFailure: z.enum(['isolate', 'drop-all']).optional(),
    isolate: section({ tries: whole(0, 9).optional(), for: duration.optional() }).optional(),
  }).optional(),
  freezes: z.array(freeze).optional(),
  fix: section({
    provider: z.enum(['branch', 'command', 'model']).optional(),
    pattern: branchPattern.optional(),
    mainline: z.enum(['merge', 'pull-request', 'duty']).optional(),
    command: command.optional(),
    model: model.optional(),
  }).optional(),
  analysis: section({
    provider: z.enum(['git', 'model', 'command', 'none']).optional(),
    command: command.optional(),
    model: model.optional(),
  }).optional(),
  notify: notify.optional(),
  tracker: tracker.optional(),
  gate: section({
    criteria: gateFile,
    tests: gateFile,
    perf: gateFile,
    implementationReports: gateFile,
    restrictions: gateFile,
  }).optional(),
  migrations: section({ dir: insidePath, up: command, down: command, backup: command.optional() }).optional(),
  flags: section({ staleAfter: duration.optional().describe('After full rollout; default 30d (P-040)') }).optional(),
  reports: section({ dir: filePath.optional() }).optional(),
});

/** The file as written, checked but without defaults. */
export type ConfigFile = z.infer<typeof configFile>;

/** JSON Schema of the file, for editors (`tidegate config schema`). */
export function configSchema(): Record<string, unknown> {
  return {
    $id: 'tidegate.schema.json',
    title: 'tidegate.yaml',
    ...z.toJSONSchema(configFile, { io: 'input', unrepresentable: 'any' }),
  };
}
