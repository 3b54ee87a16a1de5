/** What is known of a case after it ended: plain data, from which the checks judge. */
import type { DeploymentState } from '../../src/domain/deployment';
import type { EnvironmentState } from '../../src/domain/environment';
import type { LedgerEvent } from '../../src/domain/events';
import type { Effect, Stage } from './case-folder';
import type { CaseSpec } from './plan';

/** A command that somebody was told is taken. */
export interface Acknowledged {
  readonly what: string;
  readonly at: number;
  /** Whether the record holds it, asked of the ledger and of the histories. */
  readonly kept: (facts: Pick<Facts, 'events' | 'runs'>) => boolean;
}

export interface RunFacts {
  readonly workflowId: string;
  readonly status: string;
  /** Of the pending workflow task; 0 when none is pending. */
  readonly taskAttempt: number;
  /** The whole history as JSON. */
  readonly history: string;
}

export interface Observed {
  readonly version: string;
  readonly sha: string;
  readonly deployment: string;
}

export interface Facts {
  readonly spec: CaseSpec;
  /** How the case's deployments may end; `Unproven` is a rollback that nothing has verified, `open` no verdict at all. */
  readonly allowed: readonly string[];
  readonly ended: boolean;
  /** Why the case itself went wrong, when it did. */
  readonly problem: string | null;
  readonly effects: readonly Effect[];
  readonly deployments: readonly DeploymentState[];
  readonly environments: readonly EnvironmentState[];
  /** What each environment serves now. */
  readonly observed: Readonly<Record<Stage, Observed>>;
  /** What each environment served at the beginning. */
  readonly firstSha: string;
  readonly events: readonly LedgerEvent[];
  readonly runs: readonly RunFacts[];
  readonly acknowledged: readonly Acknowledged[];
  /** Places where the canary was found. */
  readonly leaks: readonly string[];
  readonly chain: string | null;
  readonly logProblems: readonly string[];
  readonly orphans: readonly string[];
}
