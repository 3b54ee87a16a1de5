import type { Target } from './deployment';
import type { AppliedFix, Passenger, Running } from './environment';
import type { EnvironmentPolicy, ServicePolicy, Strategy } from './policy';

/** One deployment: everything it needs, with the policy at its departure (3-architecture §3 rule 8). */
export interface DeploymentOrder {
  readonly id: string;
  readonly service: string;
  readonly env: string;
  readonly strategy: Strategy;
  readonly fence: number;
  /** When it left: the same order builds the same commit, whichever run of it asks (6-faults F38). */
  readonly departedAt: number;
  readonly passengers: readonly Passenger[];
  /** Fixes the environment keeps on top of its base (below production). */
  readonly kept: readonly AppliedFix[];
  /** What the environment runs now; null for a first deployment. */
  readonly running: Running | null;
  /** What the candidate is built on; null: the head of the main branch (first deployment). */
  readonly base: Target | null;
  readonly policy: EnvironmentPolicy;
  /** After this nothing may be touched any more; null: no slot binds it. */
  readonly leaveUntil: number | null;
  readonly mainline: ServicePolicy['fix']['mainline'];
  /** Where fixes are validated: what it holds decides X-22 and "aligned". */
  readonly validation: string;
  readonly zone: string;
  /** Revision of the service's policy at departure: what decisions on this deployment are signed for. */
  readonly revision: string;
  /** Public keys whose signatures count, as in the service's policy. */
  readonly signers: readonly string[];
}
