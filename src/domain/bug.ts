/** A reported defect on its way to production: statuses, state, and how events change it (T-030 to T-034, X-06, X-07). */
import type { Role } from './people';
import type { Proof } from './proof';
import type { Breach } from './watch';

export const SEVERITIES = ['low', 'medium', 'high', 'critical'] as const;
export type Severity = (typeof SEVERITIES)[number];

export const FLOWS = ['flow1', 'flow2', 'hotfix'] as const;
export type Flow = (typeof FLOWS)[number];

/** The eleven statuses with their colours, in the order of the source (T-030, T-031). */
export const STATUS_COLOURS = {
  submitted: 'grey',
  confirmed: 'blue',
  analyzing: 'purple',
  planned: 'indigo',
  deployed_uat: 'cyan',
  pending_prod: 'yellow',
  deployed_prod: 'green',
  pending_uat_merge: 'purple',
  uat_merged: 'teal',
  closed: 'emerald',
  rejected: 'red',
} as const;
export type BugStatus = keyof typeof STATUS_COLOURS;
export const BUG_STATUSES = Object.keys(STATUS_COLOURS) as readonly BugStatus[];

export interface Evidence {
  readonly stack: string | null;
  readonly url: string | null;
  readonly version: string | null;
}

/** What a report says; the reporter is the event's actor. */
export interface BugReport {
  readonly id: string;
  readonly service: string;
  readonly title: string;
  readonly description: string | null;
  readonly severity: Severity;
  /** The environment it was found in (`found_in_env`, X-32). */
  readonly foundIn: string;
  readonly evidence: Evidence;
  readonly modules: readonly string[];
  readonly services: readonly string[];
  /** A key in somebody's tracker, or null. */
  readonly external: string | null;
  /** Revision of the policy it was reported under: its run keeps that policy (3-architecture §3 rule 8). */
  readonly revision: string;
}

/** The fix of one bug: the commits of its branch since it left the main line. */
export interface Fix {
  readonly ref: string;
  /** The fix's head SHA: what approvals name. */
  readonly head: string;
  /** The commit the branch starts from: `base..head` are the fix's commits. */
  readonly base: string;
  /** Patch ids of the commits, oldest first; a picked commit must equal one of them. */
  readonly patchIds: readonly string[];
  readonly files: readonly string[];
  /** Author e-mails of the commits, for four-eyes. */
  readonly authors: readonly string[];
  readonly diff: string | null;
}

export interface Suspect {
  readonly file: string;
  readonly line: number | null;
  readonly commit: string | null;
  readonly author: string | null;
  readonly at: number | null;
  readonly subject: string | null;
  readonly why: string;
}

/** The written root cause and fix plan (T-011). */
export interface Analysis {
  readonly provider: string;
  readonly hypothesis: string;
  readonly plan: readonly string[];
  readonly confidence: 'low' | 'medium' | 'high';
  readonly suspects: readonly Suspect[];
  readonly evidence: readonly string[];
}

export interface Approval {
  readonly by: string;
  readonly roles: readonly Role[];
  readonly at: number;
  /** The fix's head it was given for. */
  readonly sha: string;
  /** What PROD ran when it was given. */
  readonly productionSha: string | null;
  readonly reason: string | null;
  readonly proof: Proof;
}

/** What the validation environment ran when the fix arrived there: the thing a person validates. */
export interface Validation {
  readonly deployment: string;
  readonly version: string;
  readonly sha: string;
  readonly fixHead: string;
  /** Other fixes present and not yet on production: "UAT also holds #7". */
  readonly alsoHolds: readonly string[];
}

export interface Blocked {
  readonly what: string;
  readonly whoCanLift: string;
  readonly files: readonly string[];
}

/** Where the bug is booked: which environment, which slot, when it leaves. */
export interface Booking {
  readonly env: string;
  readonly slot: 'T1' | 'T2' | null;
  readonly at: number | null;
  /** How late the slot may still run; null where no slot is waited for. */
  readonly graceUntil: number | null;
  /** The same instant in words, with date and zone: `2026-11-20 22:00 Asia/Bangkok`. */
  readonly label: string | null;
  /** The request in the environment's queue, once it is to ride; null while the slot is still ahead. */
  readonly request: string | null;
}

export interface BugState extends BugReport {
  readonly status: BugStatus;
  readonly flow: Flow | null;
  readonly reporter: string;
  readonly reportedAt: number;
  /** When the present status began. */
  readonly statusAt: number;
  readonly confirmedBy: string | null;
  readonly fix: Fix | null;
  readonly analysis: Analysis | null;
  readonly validation: Validation | null;
  readonly approvals: readonly Approval[];
  readonly booking: Booking | null;
  readonly blocked: Blocked | null;
  readonly deployments: readonly string[];
  /** Production's version once the fix is there, and what validation still holds besides ("aligned" only when empty). */
  readonly shipped: { readonly version: string; readonly sha: string; readonly alsoHolds: readonly string[] } | null;
  readonly endedAt: number | null;
}

/** What happened to a bug; `at`, `actor` and `reason` stand in the ledger's envelope. */
export type BugEvent =
  | { readonly kind: 'bug.reported'; readonly data: BugReport }
  | {
      readonly kind: 'bug.confirmed';
      readonly data: {
        readonly flow: Flow | null;
        readonly severity: Severity;
        readonly foundIn: string;
        readonly evidence: readonly string[];
        readonly booking: Booking | null;
      };
    }
  | { readonly kind: 'bug.rejected'; readonly data: Record<string, never> }
  | { readonly kind: 'bug.closed'; readonly data: Record<string, never> }
  | { readonly kind: 'bug.withdrawn'; readonly data: Record<string, never> }
  | { readonly kind: 'bug.fix-attached'; readonly data: { readonly fix: Fix; readonly booking: Booking | null } }
  | { readonly kind: 'bug.analysis-started'; readonly data: Record<string, never> }
  | {
      readonly kind: 'bug.planned';
      readonly data: { readonly analysis: Analysis | null; readonly fix: Fix | null; readonly booking: Booking | null };
    }
  | { readonly kind: 'bug.booked'; readonly data: { readonly booking: Booking | null } }
  | { readonly kind: 'bug.blocked'; readonly data: Blocked }
  | { readonly kind: 'bug.retried'; readonly data: { readonly flow: Flow | null; readonly booking: Booking | null } }
  | { readonly kind: 'bug.deployed-uat'; readonly data: { readonly validation: Validation } }
  | {
      readonly kind: 'bug.approved';
      readonly data: { readonly approval: Approval; readonly missing: number; readonly booking: Booking | null };
    }
  | { readonly kind: 'bug.approval-withdrawn'; readonly data: { readonly by: string } }
  | { readonly kind: 'bug.validation-failed'; readonly data: Record<string, never> }
  | {
      readonly kind: 'bug.deployed-prod';
      readonly data: {
        readonly deployment: string;
        readonly version: string;
        readonly sha: string;
        readonly alsoHolds: readonly string[];
      };
    }
  | {
      readonly kind: 'bug.returned';
      readonly data: {
        readonly to: BugStatus;
        readonly deployment: string | null;
        readonly blocked: Blocked;
        readonly breach: Breach | null;
      };
    }
  | {
      readonly kind: 'bug.moved';
      readonly data: { readonly from: number | null; readonly booking: Booking; readonly why: string };
    };

/**
 * The round of a bug's gate: a decision signed in an earlier status counts no more (5-quality §2). An instant, not a
 * counter, so that a run begun anew never comes back to an old round.
 */
export const bugRound = ({ statusAt }: BugState): number => statusAt;

/** Statuses of which a run ends; Flow 1 ends at `deployed_prod`, Flow 2 goes on from there (T-033). */
export function isEnded(state: BugState): boolean {
  return state.endedAt !== null;
}
