import type { Check, Target } from '../domain/deployment';
import type { Strategy } from '../domain/policy';

/** What the target itself says it runs. */
export type Observation =
  | {
      readonly state: 'running';
      readonly version: string | null;
      readonly sha: string | null;
      readonly deployment: string | null;
      readonly source: string;
    }
  | { readonly state: 'down'; readonly detail: string }
  | { readonly state: 'unclear'; readonly detail: string };

export interface DeployOrder {
  readonly deployment: string;
  readonly fence: number;
  readonly attempt: number;
  readonly strategy: Strategy;
  readonly to: Target;
  readonly previous: Target | null;
  /** `deploy` puts `to` there; `rollback` calls `--rollback --to … --sha …`. */
  readonly act: 'deploy' | 'rollback';
  readonly idleTimeoutMs: number;
  readonly timeoutMs: number;
}

export interface LogLine {
  /** Byte offset of the line in the output: the same line twice is one row. */
  readonly offset: number;
  readonly at: number;
  readonly text: string;
}

/** What an activity lends a long act: signs of life out, log out, cancellation in. */
export interface ActHooks {
  heartbeat(details: string): void;
  log(lines: readonly LogLine[]): Promise<void>;
  readonly signal: AbortSignal;
  now(): number;
}

export type ActResult =
  | {
      readonly outcome: 'exited';
      readonly code: number;
      readonly metadata: Readonly<Record<string, string>>;
      readonly tail: string;
    }
  | {
      readonly outcome: 'hung';
      readonly silentMs: number;
      readonly metadata: Readonly<Record<string, string>>;
      readonly tail: string;
    }
  | { readonly outcome: 'timed-out'; readonly metadata: Readonly<Record<string, string>>; readonly tail: string }
  /** The process is gone and left no exit code: only an observation can tell. */
  | { readonly outcome: 'lost'; readonly tail: string };

/** An act with the number that it has its environment by. */
export type NumberedAct = Pick<DeployOrder, 'deployment' | 'act' | 'fence'>;

/** An act on this host of which a process still lives, whether or not anybody follows it. */
export interface UnfinishedAct {
  readonly deployment: string;
  readonly act: DeployOrder['act'];
  readonly fence: number;
  /** When its time is up, epoch ms of this host. */
  readonly endsBy: number;
}

/** Puts candidates on one environment. One per environment, with that environment's credentials. */
export interface Deployer {
  /** Whether the previous version can be pulled and booted, the script exists, the lock works. Changes nothing. */
  check(order: DeployOrder): Promise<readonly Check[]>;
  /**
   * Acts, or adopts the act of an earlier worker with the same deployment id and act: the process outlives the worker.
   * @throws Busy (lock held by another deployment), Fenced (a higher fence was seen), BadPlan (no script), Unknown
   */
  act(order: DeployOrder, hooks: ActHooks): Promise<ActResult>;
  /** Whether this act was ever started on this host; a busy environment or a lost runner leaves it unstarted. */
  begun(order: DeployOrder): Promise<boolean>;
  /**
   * Keeps an act that never began from ever beginning on this host, also by a worker that was frozen right before it
   * (6-faults E1). False: it has begun, and is to be followed or stopped. @throws Unavailable when that cannot be told now
   */
  retire(order: NumberedAct): Promise<boolean>;
  /** What earlier workers left behind on this host, by pid, start time and boot: never a number that was reused. */
  unfinished(): Promise<readonly UnfinishedAct[]>;
  /**
   * Ends every process of an act, and keeps its number from beginning again: SIGTERM to the group, 10 s, SIGKILL; returns when none is left.
   * @throws Unknown when something cannot be ended
   */
  stop(deployment: string, act: DeployOrder['act']): Promise<void>;
  /** Version endpoint first, then `--status`. Never throws for a target that does not answer. */
  observe(): Promise<Observation>;
}
