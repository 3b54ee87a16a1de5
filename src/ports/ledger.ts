import type { BugState, BugStatus, Severity } from '../domain/bug';
import type { DeploymentState } from '../domain/deployment';
import type { EnvironmentState } from '../domain/environment';
import type { LedgerEvent } from '../domain/events';
import type { Reading } from '../domain/reading';
import type { TokenState } from '../domain/token';
import type { Sample } from '../domain/watch';
import type { LogLine } from './deployer';

export interface Page<T> {
  readonly items: readonly T[];
  /** Opaque cursor of the next page, or null. */
  readonly next: string | null;
}

export interface BugFilter {
  readonly service: string | null;
  readonly status: readonly BugStatus[] | null;
  readonly severity: Severity | null;
  /** Words in title or description. */
  readonly q: string | null;
  readonly limit: number;
  readonly cursor: string | null;
}

/** An event as it stands in the chain. `seq` is the ledger's own order. */
export interface ChainedEvent {
  readonly seq: number;
  readonly event: LedgerEvent;
  readonly previousHash: string;
  readonly hash: string;
}

/** The end of the chain as it was at an instant, kept outside the ledger (6-faults E18). */
export interface Checkpoint {
  readonly seq: number;
  readonly hash: string;
  readonly at: number;
}

/** The first event at which the chain does not hold, and why. */
export interface ChainProblem {
  readonly seq: number;
  readonly problem: string;
}

export interface DeploymentFilter {
  readonly services: readonly string[];
  /** Null: all environments. */
  readonly env: string | null;
  readonly limit: number;
  readonly cursor: string | null;
}

export type StepState = 'intent' | 'done' | 'failed' | 'unknown';

/** One row of the deployment ledger, keyed by deployment and step (6-faults E1). */
export interface Step {
  readonly deployment: string;
  readonly step: string;
  readonly state: StepState;
  readonly fence: number;
  readonly attempt: number;
  /** Host that wrote the intent: elsewhere, no runner of it can be found. */
  readonly host: string;
  readonly proof: string | null;
  /** The step's result once settled, as JSON text; null before. */
  readonly result: string | null;
  readonly at: number;
}

/** What the answer to an idempotency key was. */
export type KeyAnswer =
  | { readonly state: 'new' }
  | { readonly state: 'pending'; readonly bug: string | null }
  | { readonly state: 'done'; readonly status: number; readonly body: string }
  | { readonly state: 'reused' };

/** The append-only record and its read models. Every write is idempotent. @throws Unavailable when it is away. */
export interface Ledger {
  /** Appends events once by id, chains them, and folds them into the read models in the same transaction. */
  append(events: readonly LedgerEvent[]): Promise<void>;

  bug(service: string, id: string): Promise<BugState | null>;
  /** Services that have a bug of this number. */
  bugServices(id: string): Promise<readonly string[]>;
  bugs(filter: BugFilter): Promise<Page<BugState>>;
  environment(service: string, env: string): Promise<EnvironmentState | null>;
  environments(): Promise<readonly EnvironmentState[]>;
  deployment(id: string): Promise<DeploymentState | null>;
  /** Newest first. */
  deployments(filter: DeploymentFilter): Promise<Page<DeploymentState>>;
  /** The token with this id or SHA-256 (hex), expired and revoked ones too. */
  token(by: 'id' | 'sha256', value: string): Promise<TokenState | null>;
  /** Tokens of a service, newest first, at most a thousand. */
  tokens(service: string): Promise<readonly TokenState[]>;
  /** Events of a subject, oldest first, at most `limit` newest. */
  timeline(service: string, subject: string, limit: number): Promise<readonly ChainedEvent[]>;
  /** Events after a sequence number, oldest first. */
  eventsAfter(seq: number, limit: number): Promise<readonly ChainedEvent[]>;
  hasEvent(id: string): Promise<boolean>;

  step(deployment: string, step: string): Promise<Step | null>;
  /** Writes `intent`. False when another attempt with a higher fence owns the step. */
  intend(step: Omit<Step, 'state' | 'proof' | 'result'>): Promise<boolean>;
  settle(
    deployment: string,
    step: string,
    state: Exclude<StepState, 'intent'>,
    proof: string,
    result: string | null,
    at: number,
  ): Promise<void>;

  /** A reading, a sample, or both; the first of an instant stays. */
  addSample(subject: string, at: number, reading: Reading | null, sample: Sample | null): Promise<void>;
  samples(
    subject: string,
    fromAt: number,
  ): Promise<readonly { readonly at: number; readonly reading: Reading | null; readonly sample: Sample | null }[]>;
  /** Drops what is older than an instant: only readings between deployments, which are no evidence of any. */
  forgetSamples(subject: string, before: number): Promise<void>;
  addLog(deployment: string, lines: readonly LogLine[]): Promise<void>;
  log(deployment: string, afterOffset: number, limit: number): Promise<readonly LogLine[]>;
  /** SHA-256 over the samples and over the log of a deployment, for its closing event. */
  digests(deployment: string): Promise<{ readonly samples: string; readonly log: string }>;

  /** Claims a key for caller and route; `reused` when the body's digest differs (kept 24 h). */
  claimKey(caller: string, route: string, key: string, digest: string, at: number): Promise<KeyAnswer>;
  answerKey(caller: string, route: string, key: string, status: number, body: string): Promise<void>;
  /** The next bug number of a service, remembered under the claimed key in the same transaction when there is one. */
  allocateBug(
    service: string,
    claimed: { readonly caller: string; readonly route: string; readonly key: string } | null,
  ): Promise<string>;

  /** The newest event's number and hash; number 0 before the first. */
  head(): Promise<Omit<Checkpoint, 'at'>>;
  /** Walks the whole hash chain, and holds it against checkpoints; null when it holds, else the first bad event. */
  verify(checkpoints?: readonly Checkpoint[]): Promise<ChainProblem | null>;
  ping(): Promise<void>;
  close(): Promise<void>;
}
