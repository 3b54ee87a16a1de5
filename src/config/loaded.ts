/** What a config file means, in four parts: policy, calendar, people, and the wiring that drivers need. */
import type { Role } from '../domain/people';
import type { ApprovalRule, Calendar, ServicePolicy } from '../domain/policy';
import type { MetricName } from '../domain/watch';
import type { Secret } from './secrets';

export interface Person {
  readonly id: string;
  readonly roles: readonly Role[];
  /** Numeric Telegram user id, or null. */
  readonly telegram: number | null;
  /** SHA-256 (hex, small letters) of the bearer token; null: this person has none. */
  readonly tokenSha256: string | null;
}

interface Polled {
  /** Time between two looks at the target. */
  readonly everyMs: number;
}

export type DeployWiring =
  | {
      readonly driver: 'script';
      /** Path inside the checkout. */
      readonly script: string;
      readonly scriptFrom: ScriptOrigin;
    }
  | {
      readonly driver: 'command';
      readonly run: readonly string[];
      readonly rollback: readonly string[] | null;
      readonly status: readonly string[] | null;
      /** Regular expressions with one group, read from the output. */
      readonly id: string | null;
      readonly url: string | null;
    }
  | ({ readonly driver: 'git-push'; readonly branch: string; readonly owned: boolean } & Polled)
  | ({
      readonly driver: 'github-actions';
      readonly repository: string;
      readonly workflow: string;
      readonly token: Secret | null;
    } & Polled)
  | { readonly driver: 'manual'; readonly checklist: readonly string[] };

/** Where the deploy script comes from: the candidate, a protected ref, or an absolute path on this machine. */
export type ScriptOrigin =
  | { readonly from: 'candidate' }
  | { readonly from: 'ref'; readonly ref: string }
  | { readonly from: 'path'; readonly path: string };

export type MetricsWiring =
  | { readonly source: 'scrape'; readonly url: string }
  | {
      readonly source: 'prometheus';
      readonly url: string;
      /** Label matchers of the environment's series, without braces. */
      readonly selector: string;
      /** How far a rate looks back; null: one interval. */
      readonly rangeMs: number | null;
      readonly queries: Readonly<Partial<Record<MetricName, string>>>;
      readonly login: PrometheusLogin | null;
    };

/** Null in place of a secret only where secrets were not asked for. */
export type PrometheusLogin =
  | { readonly kind: 'bearer'; readonly token: Secret | null }
  | { readonly kind: 'basic'; readonly user: string; readonly password: Secret | null };

/** Everything a worker of this environment needs beyond the policy. Paths are absolute unless said otherwise. */
export interface EnvironmentWiring {
  readonly name: string;
  readonly url: string;
  readonly deploy: DeployWiring;
  readonly envFile: string | null;
  /** Path inside the checkout that names the variables the environment file must have; null without one. */
  readonly envTemplate: string | null;
  readonly health:
    { readonly kind: 'get'; readonly url: string } | { readonly kind: 'script'; readonly script: string };
  /** Answers JSON with `version`, `sha` and `deployment`. */
  readonly versionUrl: string;
  readonly metrics: MetricsWiring;
  /** The file the smoke checks came from; null when they stand in the config. */
  readonly smokeFile: string | null;
  /** Values of the `${env:NAME}` that stand in smoke checks, by the reference as written. */
  readonly smokeSecrets: Readonly<Record<string, Secret>>;
  readonly rollbackProof: readonly ('check' | 'boot')[];
  readonly traffic: 'script' | 'nginx';
}

export interface ModelWiring {
  readonly url: string;
  readonly name: string;
  readonly key: Secret | null;
}

interface ProviderWiring {
  readonly command: readonly string[] | null;
  readonly model: ModelWiring | null;
}

type Statuses = { readonly statuses: Readonly<Record<string, string>> };

export type TrackerWiring =
  | { readonly kind: 'none' }
  | ({ readonly kind: 'file'; readonly path: string } & Statuses)
  | ({ readonly kind: 'github'; readonly repository: string; readonly token: Secret | null } & Statuses)
  | ({
      readonly kind: 'jira';
      readonly url: string;
      readonly project: string;
      readonly token: Secret | null;
    } & Statuses)
  | ({ readonly kind: 'linear'; readonly team: string; readonly token: Secret | null } & Statuses);

export interface Wiring {
  /** Folder of the config file: relative paths start here. */
  readonly baseDir: string;
  /** Address or absolute path of the git repository. */
  readonly repoUrl: string;
  readonly reportsDir: string;
  readonly environments: Readonly<Record<string, EnvironmentWiring>>;
  readonly fix: ProviderWiring;
  readonly analysis: ProviderWiring;
  readonly notify: {
    readonly telegram: { readonly token: Secret | null; readonly chat: number } | null;
    readonly slack: { readonly webhook: Secret | null } | null;
    readonly pager: { readonly webhook: Secret | null } | null;
  };
  readonly tracker: TrackerWiring;
  readonly gate: {
    readonly criteria: string | null;
    readonly tests: string | null;
    readonly perf: string | null;
    readonly implementationReports: string | null;
    readonly restrictions: string | null;
  };
  readonly migrations: {
    readonly dir: string;
    readonly up: readonly string[];
    readonly down: readonly string[];
    readonly backup: readonly string[] | null;
  } | null;
  readonly flags: { readonly staleAfterMs: number };
  /** The rule inside each freeze, by the freeze's name (X-10, T-207). */
  readonly freezeApprovals: Readonly<Record<string, ApprovalRule>>;
}

/** One service as configured. Secrets are in `wiring` alone, wrapped so that printing shows none. */
export interface LoadedService {
  /** Absolute path of the config file. */
  readonly file: string;
  readonly policy: ServicePolicy;
  readonly calendar: Calendar;
  readonly people: readonly Person[];
  readonly wiring: Wiring;
  /** What is unusual and was acknowledged in the file, one sentence each. */
  readonly acknowledged: readonly string[];
}
