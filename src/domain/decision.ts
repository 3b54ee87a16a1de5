/** placeholder types; see below */
import type { BugStatus, Flow, Severity } from './bug';
import type { Actor } from './people';

export const BUG_VERBS = [
  'confirm',
  'reject',
  'attach-fix',
  'approve-prod',
  'fail-validation',
  'retry',
  'withdraw',
  'close',
] as const;
export type BugVerb = (typeof BUG_VERBS)[number];

/** A person's decision on a bug, as it travels; nulls where the verb needs nothing. */
export interface BugDecision {
  /** Caller-made id: the same decision twice is one (3-architecture §3 rule 3). */
  readonly id: string;
  readonly verb: BugVerb;
  /** null: an unsigned message from Temporal's UI. */
  readonly actor: Actor | null;
  /** Signature by the API over the canonical decision ("2 of 4"); carried from the first day. */
  readonly signature: string | null;
  readonly sha: string | null;
  readonly reason: string | null;
  readonly severity: Severity | null;
  readonly foundIn: string | null;
  readonly flow: Flow | null;
  readonly ref: string | null;
}

export const ENVIRONMENT_VERBS = ['hold', 'resume', 'recheck'] as const;
export type EnvironmentVerb = (typeof ENVIRONMENT_VERBS)[number];

export interface EnvironmentDecision {
  readonly id: string;
  readonly verb: EnvironmentVerb;
  readonly actor: Actor | null;
  readonly signature: string | null;
  readonly reason: string | null;
}

export type RefusalCode = 'not-allowed' | 'wrong-state' | 'stale' | 'frozen' | 'invalid' | 'unavailable';

/** Why not, in the one sentence that every surface shows. */
export interface Refusal {
  readonly code: RefusalCode;
  readonly sentence: string;
  /** The present head of the fix, for `stale`. */
  readonly presentSha: string | null;
  /** Verbs that are possible in this state for this actor. */
  readonly possible: readonly string[];
}

export type Ruling = { readonly allowed: true } | { readonly allowed: false; readonly refusal: Refusal };

/** A verb as a surface offers it. */
export interface Action {
  readonly verb: BugVerb;
  readonly label: string;
  readonly allowed: boolean;
  readonly why: string | null;
}

export type { BugStatus };
