/** Version maths: what a train bumps, and which fixes a version says it carries. */
import compare from 'semver/functions/compare';
import inc from 'semver/functions/inc';
import parse from 'semver/functions/parse';
import { TidegateFailure } from './failures';

/** Marks pending fixes in build metadata: `1.4.2+bug.7.8`. */
const FIX_MARK = 'bug';
const BUILD_IDENTIFIER = /^[0-9A-Za-z-]+$/;

/** A version in its normal form (`v1.4.2` becomes `1.4.2`, build metadata kept), or null when it is none. */
export function normalVersion(text: string): string | null {
  const version = parse(text);
  if (!version) return null;
  return version.build.length > 0 ? `${version.version}+${version.build.join('.')}` : version.version;
}

/** The version without build metadata: what the pending fixes stand on. @throws BadRef */
export function baseOf(version: string): string {
  return valid(version).version;
}

/** Semver precedence: negative when `left` is older; build metadata does not count. @throws BadRef */
export function compareVersions(left: string, right: string): -1 | 0 | 1 {
  return compare(valid(left), valid(right));
}

/**
 * The next patch: `1.4.2` → `1.4.3`, `0.3.0` → `0.3.1`, build metadata dropped. A pre-release becomes its own release
 * (`1.5.0-rc.1` → `1.5.0`), as semver counts: a fix on a release candidate is part of that release. @throws BadRef
 */
export function bumpPatch(version: string): string {
  return inc(valid(version), 'patch') ?? notAVersion(version);
}

/**
 * The version of a build that carries pending fixes: `1.4.2` with 7 and 8 → `1.4.2+bug.7.8`. Build metadata of
 * `version` is replaced; numbers are sorted and named once, so that the same fixes always give the same version.
 * @throws BadRef for a version that is none, or a bug id that build metadata cannot hold
 */
export function withFixes(version: string, bugs: readonly string[]): string {
  const base = baseOf(version);
  const wrong = bugs.find((bug) => !BUILD_IDENTIFIER.test(bug));
  if (wrong !== undefined) {
    throw new TidegateFailure('BadRef', `Bug id "${wrong}" cannot stand in a version. Use digits, letters and "-".`);
  }
  const sorted = [...new Set(bugs)].sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  return sorted.length > 0 ? `${base}+${FIX_MARK}.${sorted.join('.')}` : base;
}

/** The bugs whose fixes a version says it carries: `1.4.2+bug.7.8` → 7 and 8. @throws BadRef */
export function fixesOf(version: string): readonly string[] {
  const [mark, ...bugs] = valid(version).build;
  return mark === FIX_MARK ? bugs : [];
}

/**
 * The version a train carries: on production the next patch, below it the base with the pending fixes named.
 * @throws BadRef
 */
export function trainVersion(train: {
  readonly base: string;
  readonly production: boolean;
  /** Every fix the candidate holds on top of its base, not only tonight's. */
  readonly bugs: readonly string[];
}): string {
  return train.production ? bumpPatch(train.base) : withFixes(train.base, train.bugs);
}

function valid(version: string): NonNullable<ReturnType<typeof parse>> {
  return parse(version) ?? notAVersion(version);
}

function notAVersion(version: string): never {
  throw new TidegateFailure('BadRef', `"${version}" is no semantic version. Write it like 1.4.2.`, { version });
}
