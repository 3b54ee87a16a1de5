/** Tokens as they are made, shown and taken back. The token itself never comes here: only its SHA-256. */
import { z } from 'zod';
import { TOKEN_LASTS_DAYS, TOKEN_SCOPES } from '../../domain/token';
import { instant, name, pageQuery, words } from './common';

const MINUTES_A_DAY = 1_440;

export const tokenId = z
  .string()
  .regex(/^[0-9a-f]{12}$/)
  .meta({ description: 'As the list gives it', example: '6b6f1d2a9c3b' });

export const makeTokenBody = z
  .strictObject({
    service: name.meta({ example: 'shop' }),
    person: z.string().min(1).max(100).meta({ description: 'One of the people of the service', example: 'dev' }),
    scope: z.enum(TOKEN_SCOPES).meta({ description: '`read` looks; `decide` does what the person may do' }),
    sha256: z
      .string()
      .regex(/^[0-9a-f]{64}$/, { error: 'must be the SHA-256 of the token in 64 small hex digits' })
      .meta({ description: 'Of the whole token, `tg_` included, of 256 random bits' }),
    minutes: z
      .int()
      .min(1)
      .max(TOKEN_LASTS_DAYS * MINUTES_A_DAY, { error: `must be at most ${TOKEN_LASTS_DAYS} days` })
      .meta({ description: `How long it lasts, at most ${TOKEN_LASTS_DAYS} days` }),
  })
  .meta({ id: 'NewToken' });
export type MakeTokenBody = z.infer<typeof makeTokenBody>;

export const listTokensQuery = z.strictObject({ service: name.optional(), ...pageQuery });

export const tokenDecisionBody = z
  .strictObject({
    verb: z.enum(['revoke'], { error: 'is not a verb that is possible here; there is: revoke' }),
    reason: words(2_000).optional(),
  })
  .meta({ id: 'TokenDecision' });

export const tokenSchema = z
  .object({
    id: tokenId,
    service: z.string(),
    person: z.string(),
    scope: z.enum(TOKEN_SCOPES),
    state: z.enum(['valid', 'expired', 'revoked']),
    madeAt: instant,
    madeBy: z.string(),
    expiresAt: instant,
    revokedAt: instant.nullable(),
    revokedBy: z.string().nullable(),
  })
  .meta({ id: 'Token' });
export type Token = z.infer<typeof tokenSchema>;
