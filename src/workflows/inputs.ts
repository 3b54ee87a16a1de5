/** Start inputs of the workflows: a new run, or the state carried over by continue-as-new. */
import type { BugReport, BugState } from '../domain/bug';
import type { ServicePolicy } from '../domain/policy';
import type { EnvironmentState } from '../domain/environment';
import type { Actor } from '../domain/people';

/** What every long-lived run carries across continue-as-new besides its state (6-faults F35). */
export interface Carried {
  /** Number of the next event of this run. */
  readonly seq: number;
  /** Decision ids already taken, newest last, bounded: server-side dedupe does not cross runs. */
  readonly decisions: readonly string[];
}

export type BugInput =
  | {
      readonly kind: 'new';
      readonly report: BugReport;
      readonly reporter: Actor;
      readonly policy: ServicePolicy;
      readonly at: number;
    }
  | { readonly kind: 'continued'; readonly state: BugState; readonly policy: ServicePolicy; readonly carried: Carried };

export type EnvironmentInput =
  | { readonly kind: 'new'; readonly service: string; readonly env: string; readonly policy: ServicePolicy }
  | {
      readonly kind: 'continued';
      readonly state: EnvironmentState;
      readonly policy: ServicePolicy;
      /** `hint`: a deployment said to have ended; missing: none. */
      readonly carried: Carried & { readonly hint?: string | null };
    };
