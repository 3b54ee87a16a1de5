/** Shapes that every call shares: instants, lists, problems. One zod schema serves validation, types and OpenAPI. */
import { z } from 'zod';

/** An instant as JSON carries it. */
export const instant = z.iso
  .datetime()
  .meta({ description: 'ISO-8601, UTC', example: '2026-11-20T13:00:00.000Z', id: 'Instant' });

/** ISO-8601 UTC of epoch ms. */
export const iso = (at: number): string => new Date(at).toISOString();
export const isoOrNull = (at: number | null): string | null => (at === null ? null : iso(at));

/** Text that people typed: no NUL and no half characters, which some stores and wires would change silently. */
export const text = (max: number): z.ZodType<string, string> =>
  z
    .string()
    .max(max)
    .refine((value) => !/\0|\p{Surrogate}/u.test(value), { error: 'must be whole Unicode text without NUL' });

/** Text that must say something. */
export const words = (max: number): z.ZodType<string, string> =>
  text(max).refine((value) => value.trim() !== '', { error: 'must not be empty' });

/** A service, environment or module: the grammar of the config file. */
export const name = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,30}$/, { error: 'must be a name: small letters, digits and dashes' });

/** A commit, whole or abbreviated to at least seven digits. */
export const sha = z
  .string()
  .regex(/^[0-9a-fA-F]{7,64}$/, { error: 'must be a commit SHA of 7 to 64 hex digits' })
  .meta({ example: '4f6f1d2a9c3b5e7d8f0a1b2c3d4e5f60718293a4' });

export const pageQuery = {
  limit: z.coerce.number().int().min(1).max(100).default(50).meta({ description: 'Items per page, 1 to 100' }),
  cursor: z.string().min(1).max(500).optional().meta({ description: 'The `next` of the page before' }),
};

/** A list: `next` is the cursor of the next page, or null. */
export function listOf<T extends z.ZodType>(
  item: T,
): z.ZodObject<{ items: z.ZodArray<T>; next: z.ZodNullable<z.ZodString> }> {
  return z.object({ items: z.array(item), next: z.string().nullable() });
}

export const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.number().int(),
    detail: z.string().meta({ description: 'The sentence: what, where, what is allowed, what to do next' }),
    code: z.string().meta({ description: 'Stable word for programs', example: 'wrong-state' }),
    errors: z
      .array(z.object({ path: z.string(), message: z.string() }))
      .optional()
      .meta({ description: 'Each mistake of the input, with where it stands' }),
    presentSha: z.string().nullable().optional().meta({ description: 'With `stale`: the present head of the fix' }),
    possible: z.array(z.string()).optional().meta({ description: 'Verbs that the caller could use now' }),
    requestId: z.string(),
  })
  .meta({ id: 'Problem', description: 'RFC 9457 problem details' });
export type ProblemBody = z.infer<typeof problemSchema>;
