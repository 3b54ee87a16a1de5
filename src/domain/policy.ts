/**
 * The resolved configuration as plain data: no optionals, no secrets, instants and durations in ms.
 * It goes into workflow inputs, so a run keeps the policy it began with (3-architecture §3 rule 8).
 */
import type { Severity } from './bug';
import type { Role } from './people';
import type { FreezeRule, SlotRule } from './slots';
import type { WatchRule } from './watch';

export const STRATEGIES = ['all-at-once', 'canary', 'blue-green', 'manual'] as const;
export type Strategy = (typeof STRATEGIES)[number];

/** How many distinct people with which roles must approve. */
export interface ApprovalRule {
  readonly count: number;
  readonly roles: readonly Role[];
  /** Four-eyes: neither the reporter nor an author of the fix counts. */
  readonly notRequester: boolean;
}

/** One HTTP smoke check; `{{version}}`, `{{sha}}` and `{{deployment}}` in strings are filled from the candidate. */
export interface SmokeCase {
  readonly name: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Path on the environment's URL, or an absolute URL on an allowed host. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
  readonly expect: {
    readonly status: number;
    /** Subset the JSON body must contain, compared deeply; null: not checked. */
    readonly json: unknown;
    /** Text the body must contain; null: not checked. */
    readonly contains: string | null;
  };
  readonly timeoutMs: number;
}

/** The watch of one environment. */
export interface WatchPolicy {
  readonly windowMs: number;
  readonly everyMs: number;
  /** Length of the window before the deployment that samples are compared with. */
  readonly baselineMs: number;
  readonly rules: readonly WatchRule[];
  /** What missing evidence means here: hard in production, soft below. */
  readonly missing: 'hard' | 'soft';
  /** No data within this time from the start of the window is a breach (A-051: 3 min). */
  readonly noDataMs: number;
  /** As many questions in a row that the source did not answer are missing evidence; fewer are waited out. */
  readonly errorLimit: number;
  /** Length of the mini watch after a rollback (A-061: 5 min). */
  readonly miniWindowMs: number;
  readonly soft: SoftPolicy;
}

/** How a soft breach is asked about (A-052, "timed soft breach" of 1-product). */
export interface SoftPolicy {
  /** How long people have for an answer. */
  readonly askMs: number;
  /** What counts when nobody answers. */
  readonly otherwise: 'continue' | 'rollback';
  /** After this more people hear of it, unless somebody has taken it. */
  readonly escalateMs: number;
  /** By how much people may make a window longer, in all. */
  readonly extendMs: number;
}

export interface DeployPolicy {
  readonly driver: 'script' | 'command' | 'git-push' | 'github-actions' | 'manual';
  /** Silence longer than this is a hang. */
  readonly idleTimeoutMs: number;
  readonly timeoutMs: number;
  /** The deploy script's path in the repository, where the candidate brings its own; absent: pinned, or no script. */
  readonly script?: string;
}

export interface EnvironmentPolicy {
  readonly name: string;
  /** Position on the ladder, 0 first. */
  readonly position: number;
  readonly production: boolean;
  readonly url: string;
  readonly strategies: readonly Strategy[];
  readonly deploy: DeployPolicy;
  readonly approvals: {
    readonly default: ApprovalRule;
    readonly freeze: ApprovalRule;
    /** Rules of single severities, in place of the default one; absent: the default one for all. */
    readonly severity?: Readonly<Partial<Record<Severity, ApprovalRule>>>;
  };
  readonly smoke: readonly SmokeCase[];
  readonly watch: WatchPolicy;
}

export interface TrainPolicy {
  readonly mode: 'together' | 'one-by-one';
  readonly onFailure: 'isolate' | 'drop-all';
  readonly isolate: { readonly tries: number; readonly forMs: number };
}

export interface ServicePolicy {
  readonly service: string;
  /** Digest of the resolved config; approvals and runs name it. */
  readonly revision: string;
  readonly zone: string;
  /** Environment names in ladder order. */
  readonly ladder: readonly string[];
  /** Where fixes are validated: the one before the last. */
  readonly validation: string;
  /** The last of the ladder. */
  readonly production: string;
  readonly environments: Readonly<Record<string, EnvironmentPolicy>>;
  readonly repo: { readonly main: string; readonly versionFile: string; readonly changelog: string };
  readonly train: TrainPolicy;
  readonly fix: {
    readonly provider: 'branch' | 'command' | 'model';
    /** Branch name with `{{bug}}`, e.g. `fix/{{bug}}`. */
    readonly pattern: string;
    readonly mainline: 'merge' | 'pull-request' | 'duty';
  };
  readonly analysis: { readonly provider: 'git' | 'model' | 'command' | 'none' };
  /** Public keys (Ed25519, hex) of the APIs whose signatures count (6-faults E8). */
  readonly signers: readonly string[];
  /** E-mail addresses that people commit under, in small letters, of those who list any: who wrote a fix. */
  readonly emails: Readonly<Record<string, readonly string[]>>;
}

/** What is always live: read from the worker's present config, never from a run's input. */
export interface Calendar {
  readonly service: string;
  readonly zone: string;
  readonly t1: SlotRule;
  readonly t2: SlotRule;
  readonly freezes: readonly FreezeRule[];
}

/** The environment policy by name; an unknown name is a mistake of ours, never of a user (the edges check it). */
export function environmentPolicy(policy: ServicePolicy, env: string): EnvironmentPolicy {
  const found = policy.environments[env];
  if (!found) throw new Error(`service ${policy.service} has no environment ${env}`);
  return found;
}
