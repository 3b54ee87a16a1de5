/** Every activity, as the workflows see them: thin, over ports (3-architecture §1). */
import type { Analysis, Booking, BugReport, Fix, Severity } from '../domain/bug';
import type { Candidate, Check, DeploymentState, SmokeResult, Target } from '../domain/deployment';
import type { Settled } from '../domain/deployment-question';
import type { DeployRequest, EnvironmentState, Running } from '../domain/environment';
import type { LedgerEvent, Message } from '../domain/events';
import type { FlowChoice } from '../domain/flow';
import type { SlotAnswer, SlotKind } from '../domain/slots';
import type { Baseline, WatchVerdict } from '../domain/watch';
import type { DeploymentOrder } from '../domain/deployment-order';
import type { SlotQuestion } from '../ports/calendars';

/** Step 0's answer, with the T1 the bug would leave at; null when no flow was chosen (T-004, X-17). */
export interface Assessment {
  readonly choice: FlowChoice;
  readonly booking: Booking | null;
}

export interface ApprovalFacts {
  /** Where the fix's branch stands now; null when the branch is gone and the commits are too. */
  readonly head: string | null;
  /** Whether the validation environment still holds this very fix. */
  readonly onValidation: boolean;
  /** What production runs. */
  readonly productionSha: string | null;
  /** The next T2 that the approval makes. */
  readonly booking: Booking;
}

export interface Suspension {
  readonly requests: readonly string[];
  readonly until: number | null;
  readonly freeze: string | null;
}

/** How a step that acts on the world ended. */
export type ActEnd =
  | {
      readonly outcome: 'done';
      readonly checks: readonly Check[];
      readonly metadata: Readonly<Record<string, string>>;
      readonly proof: string;
    }
  /** Nothing was touched: the checks say why. */
  | { readonly outcome: 'refused'; readonly checks: readonly Check[]; readonly reason: string }
  | {
      readonly outcome: 'failed';
      readonly checks: readonly Check[];
      readonly metadata: Readonly<Record<string, string>>;
      readonly reason: string;
    }
  /** Whether it happened cannot be told: a person must look, nothing is guessed. */
  | { readonly outcome: 'unknown'; readonly checks: readonly Check[]; readonly reason: string };

export interface DeploymentLook {
  readonly run: 'open' | 'closed' | 'missing';
  /** Whether its script was ever about to run: the deployment ledger holds an intent (6-faults F28). */
  readonly begun: boolean;
  /** What the ledger says of it. */
  readonly recorded: DeploymentState | null;
}

export interface EnvironmentLook {
  readonly running: Running | null;
  /** Where that is known from, in words. */
  readonly source: string;
  /** Whether the target itself answered. */
  readonly answered: boolean;
  readonly nextNumber: number;
  readonly fence: number;
  /** What the ledger knows of the environment; null: nothing. */
  readonly known: EnvironmentState | null;
}

export interface PreflightEnd {
  readonly checks: readonly Check[];
  /** Whether its script was begun by an earlier run of this deployment: then only its own end may be judged (F38). */
  readonly begun: boolean;
  readonly baseline: Baseline | null;
}

export interface WatchOrder {
  readonly deployment: string;
  readonly service: string;
  readonly env: string;
  readonly windowMs: number;
  /** When the window began: the workflow's clock. */
  readonly startedAt: number;
  readonly baseline: Baseline | null;
  readonly policy: DeploymentOrder['policy']['watch'];
  /** What must still answer at the end (6-faults F24), and the deployment that put it there; absent: nobody looks. */
  readonly serves?: { readonly target: Target; readonly deployment: string | null };
  /** What people said of soft rules so far; null: nobody is asked, only a hard breach ends the window early. */
  readonly settled: readonly Settled[] | null;
}

export interface CommitEnd {
  /** Other fixes that validation holds and production does not. */
  readonly alsoHolds: readonly string[];
  /** What the mainline rule did, or the duty it left. */
  readonly mainline: string;
}

export interface Activities {
  /** Appends events to the ledger and refreshes the reports on disk that they concern. */
  record(events: readonly LedgerEvent[]): Promise<void>;
  /** Step 0 for a bug as it stands (T-001 to T-007, X-15, X-17), with its next T1. */
  assess(bug: BugReport, severity: Severity, foundIn: string, at: number): Promise<Assessment>;
  /** The fix on a branch, or null when there is none with commits of its own. */
  findFix(service: string, ref: string): Promise<Fix | null>;
  approvalFacts(bug: BugReport, fix: Fix, at: number): Promise<ApprovalFacts>;
  /** The public keys that this worker's own settings trust: what a run asks when a key is newer than itself. */
  signers(service: string): Promise<readonly string[]>;
  /** The next slot, with its instant in words: date, time and zone. */
  nextSlot(question: SlotQuestion): Promise<SlotAnswer & { readonly label: string }>;
  /** The next slot of a kind for a bug, in the words people read. */
  nextBooking(bug: BugReport, env: string, slot: SlotKind, after: number): Promise<Booking>;
  /** Requests that a freeze of their modules holds back now, and until when the first of these freezes lasts. */
  suspended(service: string, env: string, requests: readonly DeployRequest[], at: number): Promise<Suspension>;
  /** Whether `sha` holds every patch that `other` has. */
  holds(service: string, sha: string, other: string): Promise<boolean>;
  /** Root cause, plan, and the fix when the provider finds one (T-011). */
  analyse(bug: BugReport, fix: Fix | null): Promise<{ readonly analysis: Analysis | null; readonly fix: Fix | null }>;
  /** Whether a deployment's run is still open: asked after a long silence, never relied on otherwise. */
  describeDeployment(service: string, env: string, deployment: string): Promise<DeploymentLook>;
  buildCandidate(order: DeploymentOrder, at: number): Promise<Candidate>;
  commitDeployment(order: DeploymentOrder, candidate: Candidate, at: number): Promise<CommitEnd>;
  tell(message: Message): Promise<void>;
  /** What an environment really runs (ledger, ref, version endpoint). */
  observeEnvironment(service: string, env: string, at: number): Promise<EnvironmentLook>;
  preflight(order: DeploymentOrder, at: number): Promise<PreflightEnd>;
  deployCandidate(order: DeploymentOrder, candidate: Candidate): Promise<ActEnd>;
  rollBack(order: DeploymentOrder, candidate: Candidate, to: Target): Promise<ActEnd>;
  runSmoke(order: DeploymentOrder, target: Target, deployment: string): Promise<readonly SmokeResult[]>;
  /**
   * Watches until the window's end or a breach; resumes at the last sample in the ledger.
   * @throws Unknown when something else answers by then: somebody deployed by hand (6-faults F24)
   */
  watchWindow(order: WatchOrder): Promise<WatchVerdict>;
}
