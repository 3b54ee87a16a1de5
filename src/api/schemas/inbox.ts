/** What waits for the caller, and the durable reports. */
import { z } from 'zod';
import { instant, pageQuery } from './common';

export const inboxItemSchema = z
  .object({
    kind: z.enum(['bug', 'environment', 'deployment']),
    service: z.string(),
    id: z.string().meta({ description: 'Bug number, environment name, or deployment id' }),
    title: z.string(),
    status: z.string(),
    what: z.string().meta({ description: 'What is waited for' }),
    since: instant,
    until: instant.nullable(),
    verbs: z.array(z.object({ verb: z.string(), label: z.string() })).meta({ description: 'What you can do' }),
    href: z.string().meta({ description: 'Where the API shows it' }),
  })
  .meta({ id: 'InboxItem' });
export type InboxItem = z.infer<typeof inboxItemSchema>;

export const inboxQuery = z.strictObject({ ...pageQuery });

export const reportEntrySchema = z.object({ name: z.string(), at: instant }).meta({ id: 'ReportEntry' });
export type ReportEntry = z.infer<typeof reportEntrySchema>;

export const reportSchema = z
  .object({
    name: z.string(),
    markdown: z.string(),
    evidence: z.unknown().meta({ description: 'The JSON evidence beside it', override: {} }),
  })
  .meta({ id: 'Report' });
export type Report = z.infer<typeof reportSchema>;

export const reportsQuery = z.strictObject({ ...pageQuery });
