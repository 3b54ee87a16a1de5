/** What a script deployer is made of, and the few figures that tests and small machines turn. */
import type { Checkout } from './checkout';

export interface ScriptDeployerOptions {
  readonly service: string;
  readonly env: string;
  /** Name of this host, for sentences. */
  readonly host: string;
  /** Path of the script in the repository, or absolute on this host. */
  readonly script: string;
  /** Where the script comes from: the candidate (null), a protected ref, or a file on this host. */
  readonly scriptFrom: null | { readonly ref: string } | { readonly path: string };
  readonly checkout: Checkout;
  /** The commit that a ref names now, or null. */
  readonly resolve: (ref: string) => Promise<string | null>;
  /** State folder; everything of the environment lies in `<service>/<env>` below it. */
  readonly workDir: string;
  /** Absolute path of the environment file, or null. */
  readonly envFile: string | null;
  /** Path of the template in the repository that names the required keys, or null. */
  readonly envTemplate: string | null;
  /** Address of the environment, and its version endpoint: a path on it, a whole URL, or null. */
  readonly url: string;
  readonly versionPath: string | null;
  /** The worker's own environment; only PATH, HOME, LANG, TZ, TMPDIR, USER and SHELL of it reach a script. */
  readonly hostEnv: Readonly<Record<string, string | undefined>>;
  readonly tuning?: Partial<Tuning>;
}

export interface Tuning {
  /** Between SIGTERM and SIGKILL. */
  readonly killGraceMs: number;
  /** Beyond this much output only its end is kept. */
  readonly outputCapBytes: number;
  readonly pollMs: number;
  /** Time for `--check`, which may pull and boot the previous version. */
  readonly checkTimeoutMs: number;
  readonly statusTimeoutMs: number;
  readonly versionTimeoutMs: number;
  /** How many checkouts and jobs stay on disk. */
  readonly keep: number;
}

export const DEFAULT_TUNING: Tuning = {
  killGraceMs: 10_000,
  outputCapBytes: 16 * 1_048_576,
  pollMs: 250,
  checkTimeoutMs: 5 * 60_000,
  statusTimeoutMs: 10_000,
  versionTimeoutMs: 5_000,
  keep: 10,
};
