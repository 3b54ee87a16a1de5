import type { Fix } from '../domain/bug';
import type { LeftBehind, Target } from '../domain/deployment';
import type { Passenger } from '../domain/environment';

export interface Commit {
  readonly sha: string;
  readonly subject: string;
  readonly author: string;
  readonly patchId: string | null;
}

/** What each side holds that the other lacks, by patch id; Tidegate's version commits count for neither. */
export interface Difference {
  readonly onlyLeft: readonly Commit[];
  readonly onlyRight: readonly Commit[];
}

export interface CandidateOrder {
  readonly deployment: string;
  readonly env: string;
  /** What the candidate is built on. */
  readonly base: Target;
  /** Version the candidate carries: a patch bump for production, build metadata below. */
  readonly version: string;
  readonly passengers: readonly Passenger[];
  /** Production: bump file, CHANGELOG `Fixed` lines. Below: the version file only. */
  readonly production: boolean;
  /** Date of the CHANGELOG section, `YYYY-MM-DD` in the service's zone. */
  readonly date: string;
  /** Bounds the commit time, so that the same order builds the same SHA. */
  readonly at: number;
  /** SHA that validation runs now, for X-22; null when not checked. */
  readonly heldBy: string | null;
}

export interface BuiltCandidate extends Target {
  readonly aboard: readonly string[];
  readonly left: readonly LeftBehind[];
  readonly changes: readonly string[];
}

/** A move of one ref: `from` is the lease (null: must not exist), `to` null deletes. */
export interface RefMove {
  readonly ref: string;
  readonly from: string | null;
  readonly to: string | null;
}

/** The service's git repository. Names are checked before git sees them; a bad one is `BadRef`. */
export interface Source {
  /** Brings the local mirror up to date. @throws Unavailable */
  fetch(): Promise<void>;
  /** The commit a branch, tag or SHA names, or null. */
  resolve(ref: string): Promise<string | null>;
  /**
   * The fix on a branch as it is in the repository now, as commits since it left the main line; null when there is no such
   * branch or nothing on it. @throws Unavailable
   */
  fix(ref: string): Promise<Fix | null>;
  compare(left: string, right: string): Promise<Difference>;
  /** The version in the version file at a commit; null when it has none. */
  versionAt(sha: string): Promise<string | null>;
  /**
   * Builds the candidate: base + each passenger's commits + the version commit. A passenger that conflicts, is not what
   * was approved, or was approved on a base that validation does not hold stays behind with the reason; the others go on.
   * Deterministic for the same order; keeps it as `refs/tidegate/deployments/<id>`. @throws Unavailable, BadRef
   */
  buildCandidate(order: CandidateOrder): Promise<BuiltCandidate>;
  /** Files of a commit into an empty folder, symlinks that leave the tree refused. */
  checkout(sha: string, folder: string): Promise<void>;
  /** Whether a path differs between two commits. */
  differs(left: string, right: string, path: string): Promise<boolean>;
  /** Pushes moves atomically, each with its lease, idempotent by SHA. @throws Rejected, Conflict, Unavailable */
  move(moves: readonly RefMove[]): Promise<void>;
  /** Creates and pushes an annotated tag; the same tag at the same commit is fine, another commit is `Conflict`. */
  tag(name: string, sha: string, message: string, at: number): Promise<void>;
  /** The CHANGELOG section of a version at a commit, for tag messages. */
  changelogSection(sha: string, version: string): Promise<string>;
  /** The commits of `from..to` (null: the last `limit` up to `to`) that touched any of the files, newest first. */
  history(
    files: readonly string[],
    to: string,
    limit: number,
  ): Promise<readonly (Commit & { readonly at: number; readonly files: readonly string[] })[]>;
  /** All file paths at a commit. */
  files(sha: string): Promise<readonly string[]>;
  /** Which of the patch ids the main branch does not hold. */
  missingOnMain(fix: Fix): Promise<readonly string[]>;
  /** Puts fixes on the main branch by fast-forward or by cherry-picks on its head (`fix.mainline: merge`). @throws Conflict */
  mergeToMain(fixes: readonly Fix[]): Promise<void>;
}
