/** A place where a service runs, and the single queue in front of it (3-architecture §3, X-17, X-23). */
import type { Fix, Severity } from './bug';
import type { Verdict } from './deployment';
import type { Proof } from './proof';
import type { SlotKind } from './slots';

/** A fix that an environment carries on top of its base. */
export interface AppliedFix {
  readonly bug: string;
  readonly fix: Fix;
  /** Taken off by `fail-validation`: the running build still has it, the next candidate is built without it. */
  readonly leaving: boolean;
}

/** What an environment runs. `base` is the released version its build stands on; `version` may add `+bug.7`. */
export interface Running {
  readonly version: string;
  readonly sha: string;
  readonly base: { readonly version: string; readonly sha: string };
  readonly deployment: string | null;
  /** Fixes on top of the base, not yet in the base. */
  readonly fixes: readonly AppliedFix[];
  readonly since: number;
}

/** One fix that asks for a place on a train. */
export interface Passenger {
  readonly bug: string;
  readonly title: string;
  readonly severity: Severity;
  readonly modules: readonly string[];
  readonly fix: Fix;
  /** Who let it through and on what: null below production. */
  readonly approvals: readonly {
    readonly by: string;
    readonly at: number;
    readonly sha: string;
    readonly productionSha: string | null;
    readonly proof: Proof;
  }[];
}

export const REQUEST_KINDS = ['rollback', 'hotfix', 'immediate', 'slot'] as const;
export type RequestKind = (typeof REQUEST_KINDS)[number];

/** A request in an environment's queue. Order of departure: rollback, hotfix, immediate, slot. */
export interface DeployRequest {
  /** Caller's id: the same id twice is one request. */
  readonly id: string;
  readonly kind: RequestKind;
  readonly slot: SlotKind | null;
  readonly passenger: Passenger | null;
  /** When it was asked for: for a slot, in time means strictly before the cutoff (T-025). */
  readonly at: number;
  /** The departure its asker was told last; null where no slot is waited for. */
  readonly told: number | null;
  /** That departure in words, with date and zone. */
  readonly label: string | null;
  /** Whether people have heard that it is queued (T-012). */
  readonly announced: boolean;
  /** Workflow to tell about moves and the end. */
  readonly replyTo: string;
}

/** The one deployment under way. */
export interface Current {
  readonly deployment: string;
  readonly requests: readonly DeployRequest[];
  readonly startedAt: number;
  readonly fence: number;
  readonly slotKey: string | null;
  /** After this a slot's train may not touch anything any more; null: no slot binds it. */
  readonly leaveUntil: number | null;
}

/**
 * An environment's gate has one round: hold, resume and recheck are about the moment, and an id is taken once. What a
 * train brings is bound to its own bug's round.
 */
export const ENVIRONMENT_ROUND = 0;

export interface EnvironmentState {
  readonly service: string;
  readonly env: string;
  readonly revision: string;
  readonly running: Running | null;
  /** When somebody last looked what really runs here; null: nobody has yet. */
  readonly observedAt: number | null;
  /** The last deployment that was committed: where a rollback goes. */
  readonly lastGood: { readonly version: string; readonly sha: string; readonly deployment: string | null } | null;
  readonly queue: readonly DeployRequest[];
  readonly current: Current | null;
  readonly nextNumber: number;
  /** Fencing token: only grows (E3). */
  readonly fence: number;
  /** The slot the queue waits for. */
  readonly slot: {
    readonly kind: SlotKind;
    readonly key: string;
    readonly at: number;
    /** A request made at or after this instant does not board (T-025). */
    readonly cutoffAt: number;
    readonly graceUntil: number;
  } | null;
  /** Slot occurrences that already departed, newest last, bounded. */
  readonly departedSlots: readonly string[];
  /** Requests whose ride has ended, newest last, bounded: a repeat of one is no new request. */
  readonly endedRequests: readonly string[];
  readonly holds: readonly { readonly by: string; readonly reason: string; readonly at: number }[];
  /** Why nothing may leave until a person looked: an unknown state after a failed rollback. */
  readonly unknown: { readonly deployment: string; readonly reason: string; readonly at: number } | null;
}

/** What outlives a run that was ended from outside: everything but what is asked of the world again. */
export type Remembered = Pick<
  EnvironmentState,
  'queue' | 'current' | 'slot' | 'departedSlots' | 'endedRequests' | 'holds' | 'unknown' | 'lastGood'
>;

export type EnvironmentEvent =
  | {
      readonly kind: 'environment.configured';
      readonly data: { readonly service: string; readonly env: string; readonly revision: string };
    }
  | {
      readonly kind: 'environment.observed';
      readonly data: {
        readonly running: Running | null;
        readonly source: string;
        readonly nextNumber: number;
        readonly fence: number;
        /** What an earlier run of this environment knew, when this run begins anew; null: nothing, or not at its beginning. */
        readonly restored: Remembered | null;
      };
    }
  | { readonly kind: 'environment.requested'; readonly data: { readonly request: DeployRequest } }
  | { readonly kind: 'environment.announced'; readonly data: { readonly requests: readonly string[] } }
  | { readonly kind: 'environment.request-withdrawn'; readonly data: { readonly request: string } }
  | {
      readonly kind: 'environment.slot-planned';
      readonly data: {
        readonly slot: EnvironmentState['slot'];
        readonly label: string | null;
        readonly why: string | null;
      };
    }
  | { readonly kind: 'environment.departed'; readonly data: { readonly current: Current } }
  | {
      readonly kind: 'environment.arrived';
      readonly data: {
        readonly deployment: string;
        readonly verdict: Verdict;
        readonly running: Running | null;
        readonly committed: boolean;
        readonly unknown: string | null;
      };
    }
  | {
      readonly kind: 'environment.base-advanced';
      readonly data: {
        readonly base: { readonly version: string; readonly sha: string };
        readonly shipped: readonly string[];
      };
    }
  | { readonly kind: 'environment.fix-dropped'; readonly data: { readonly bug: string } }
  | { readonly kind: 'environment.held'; readonly data: Record<string, never> }
  | { readonly kind: 'environment.resumed'; readonly data: Record<string, never> }
  | {
      readonly kind: 'environment.rechecked';
      readonly data: { readonly running: Running | null; readonly sentence: string };
    };
