/** A person's bearer token as the record knows it: what it may do, until when, and whether it was taken back. */
import type { Stamp } from './events';

/** `read` looks; `decide` does what its person may do. */
export const TOKEN_SCOPES = ['read', 'decide'] as const;
export type TokenScope = (typeof TOKEN_SCOPES)[number];

/** The longest that a token may last (6-faults abuse 13). */
export const TOKEN_LASTS_DAYS = 90;

/** Of the token itself only the SHA-256 is ever known here. */
export interface TokenGrant {
  readonly id: string;
  readonly service: string;
  readonly person: string;
  readonly scope: TokenScope;
  /** Hex, small letters. */
  readonly sha256: string;
  /** Epoch ms; from this instant on it opens nothing. */
  readonly expiresAt: number;
}

export interface TokenState extends TokenGrant {
  readonly madeAt: number;
  readonly madeBy: string;
  readonly revoked: { readonly at: number; readonly by: string } | null;
}

export type TokenEvent =
  | { readonly kind: 'token.made'; readonly data: TokenGrant }
  | { readonly kind: 'token.revoked'; readonly data: Record<string, never> };

/** The next state. A token that was taken back stays so. @throws Error for an event of a token nobody made */
export function evolveToken(state: TokenState | null, event: TokenEvent & Stamp): TokenState {
  switch (event.kind) {
    case 'token.made':
      return state ?? { ...event.data, madeAt: event.at, madeBy: event.actor, revoked: null };
    case 'token.revoked':
      if (state === null) throw new Error('token.revoked before token.made');
      return { ...state, revoked: state.revoked ?? { at: event.at, by: event.actor } };
  }
}

/** Why it opens nothing at an instant, in one sentence; null while it does. */
export function tokenProblem({ id, revoked, expiresAt }: TokenState, now: number): string | null {
  const another = 'Ask an admin for another: tidegate auth token.';
  if (revoked) return `Token ${id} was revoked by ${revoked.by} at ${new Date(revoked.at).toISOString()}. ${another}`;
  if (now >= expiresAt) return `Token ${id} has expired at ${new Date(expiresAt).toISOString()}. ${another}`;
  return null;
}
