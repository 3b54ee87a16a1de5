/** The verbs people use, and the shape of a decision: one vocabulary on all surfaces (4-interfaces §4). */
import type { BugStatus, Flow, Severity } from './bug';
import type { Actor, Role } from './people';

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

export const DEPLOYMENT_VERBS = ['continue', 'rollback', 'extend', 'take', 'abort'] as const;
export type DeploymentVerb = (typeof DEPLOYMENT_VERBS)[number];

/** A person's word to a deployment under way: an answer to its question, or its end. */
export interface DeploymentDecision {
  readonly id: string;
  readonly verb: DeploymentVerb;
  readonly actor: Actor | null;
  readonly signature: string | null;
  readonly reason: string | null;
  /** extend: by how many minutes. */
  readonly minutes: number | null;
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
export interface Action<V extends string = BugVerb> {
  readonly verb: V;
  readonly label: string;
  readonly allowed: boolean;
  readonly why: string | null;
}

/** Where and for whom a verb exists. */
export interface VerbRule {
  readonly label: string;
  readonly from: readonly BugStatus[];
  /** Roles that may; `approvers` follow the production environment's approval rule; `own` is checked by the verb. */
  readonly roles: readonly Role[] | 'approvers' | 'own';
  readonly needsReason: boolean;
}

/** One line per verb: the table itself. */
export const VERBS: Readonly<Record<BugVerb, VerbRule>> = {
  confirm: { label: 'Confirm', from: ['submitted'], roles: ['admin', 'manager'], needsReason: false },
  reject: { label: 'Reject', from: ['submitted'], roles: ['admin', 'manager'], needsReason: true },
  'attach-fix': {
    label: 'Attach fix',
    from: ['submitted', 'confirmed', 'planned', 'deployed_uat', 'pending_prod'],
    roles: ['admin', 'manager', 'senior', 'developer'],
    needsReason: false,
  },
  'approve-prod': { label: 'Approve PROD deploy', from: ['deployed_uat'], roles: 'approvers', needsReason: false },
  'fail-validation': {
    label: 'Fail validation',
    from: ['deployed_uat'],
    roles: ['admin', 'manager'],
    needsReason: true,
  },
  retry: {
    label: 'Retry',
    from: ['confirmed', 'planned'],
    roles: ['admin', 'manager', 'senior', 'developer', 'operator'],
    needsReason: false,
  },
  withdraw: {
    label: 'Withdraw',
    from: ['submitted', 'deployed_uat', 'pending_prod'],
    roles: 'own',
    needsReason: false,
  },
  close: {
    label: 'Close',
    from: ['submitted', 'confirmed', 'planned', 'deployed_uat', 'deployed_prod'],
    roles: ['admin', 'manager'],
    needsReason: true,
  },
};
