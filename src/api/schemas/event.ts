/** The feed of what happens, as it is asked for and as one event of it looks. */
import { z } from 'zod';
import { instant, name } from './common';

export const eventsQuery = z.strictObject({
  service: name.optional(),
  after: z.coerce
    .number()
    .int()
    .min(0)
    .max(Number.MAX_SAFE_INTEGER)
    .optional()
    .meta({ description: 'Events after this number; without it only what happens from now on' }),
  follow: z
    .enum(['0', '1'])
    .default('1')
    .meta({ description: '0: end after what is there, instead of waiting for more' }),
});

/** `words` is the event as a sentence; the data behind it stands in the noun that `subject` names. */
export const feedEventSchema = z
  .object({
    seq: z.number().int(),
    at: instant,
    service: z.string(),
    subject: z.string().meta({ description: '`bug/7`, `env/prod`, `deploy/shop-prod-12`, `token/…`' }),
    kind: z.string(),
    words: z.string(),
    actor: z.string(),
    surface: z.string(),
    reason: z.string().nullable(),
  })
  .meta({ id: 'FeedEvent' });
export type FeedEvent = z.infer<typeof feedEventSchema>;
