/** The watch of one environment as it stands in the file. */
import { z } from 'zod';
import { METRICS } from '../domain/watch';
import { duration, httpUrl, name, secretReference, urlPath, whole, words } from './scalars';
import { section } from './zod-problems';

const watchRule = section({
  id: name,
  metric: z.enum(METRICS),
  kind: z.enum(['absolute', 'relative', 'multiple']),
  operator: z.enum(['>', '>=', '<', '<=']),
  bound: z.number({ error: 'a number' }),
  consecutive: whole(1, 60).optional(),
  class: z.enum(['hard', 'soft', 'notify', 'page']),
});

export const RULE_PRESETS = ['default', 's-050', 't-181', 's-135'] as const;

const RULES = `${RULE_PRESETS.join(', ')}, or a list of rules`;
const preset = z.enum(RULE_PRESETS);
const rules = z
  .array(z.union([preset, watchRule], { error: `${RULE_PRESETS.join(', ')}, or a rule` }))
  .min(1, { error: 'a list with at least one rule' });

const soft = section({
  ask: duration.optional().describe('How long people have to answer a soft breach; default 15m'),
  otherwise: z
    .enum(['continue', 'rollback'])
    .optional()
    .describe('What counts when nobody answers; default rollback in production, continue below'),
  escalate: duration.optional().describe('When more people hear of it; default 5m, never longer than ask'),
  extend: duration.optional().describe('By how much people may make the window longer, in all; default: the window'),
});

const SELECTOR = 'label matchers without braces, such as job="shop",env="prod"';
const MATCHER = /\s*(?!__name__)[A-Za-z_]\w*\s*(=|!=|=~|!~)\s*"([^"\\\n]|\\.)*"\s*/.source;
const selector = z.string({ error: SELECTOR }).regex(new RegExp(`^${MATCHER}(,${MATCHER})*$`), { error: SELECTOR });

const PROMETHEUS = 'an http(s) address, or a section with url and selector';
const prometheus = section({
  url: httpUrl.describe('Address without /api/v1'),
  selector: selector.optional().describe('Whose series; default: instance="<host:port of the environment>"'),
  range: duration.optional().describe('How far a rate looks back, four scrapes at least; default: every'),
  queries: z
    .partialRecord(z.enum(METRICS), words)
    .optional()
    .describe('PromQL per metric, one series each; {{selector}} and {{range}} are filled in'),
  token: secretReference.optional().describe('Bearer token'),
  basic: section({ user: words, password: secretReference }).optional(),
});

const METRICS_PATH = 'a path that begins with "/", or an http(s) address';
export const watch = section({
  window: duration.optional().describe('Default 15m, in production 60m (X-02)'),
  every: duration.optional(),
  baseline: duration.optional(),
  noData: duration.optional(),
  errors: whole(1, 60).optional().describe('Unanswered questions in a row that count as missing evidence; default 3'),
  miniWindow: duration.optional().describe('Watch after a rollback; default 5m, never longer than the window'),
  soft: soft.optional().describe('How people are asked about a soft breach (A-052)'),
  shortReason: words.optional().describe('Why a window below the floor of 10m is right here'),
  source: z.union(
    [
      section({ scrape: z.union([urlPath, httpUrl], { error: METRICS_PATH }) }),
      section({ prometheus: z.union([httpUrl, prometheus], { error: PROMETHEUS }) }),
    ],
    { error: '{ scrape: path } or { prometheus: address }' },
  ),
  rules: z
    .union([preset, rules], { error: RULES })
    .optional()
    .describe('A rule takes the place of an earlier one with its id'),
});
