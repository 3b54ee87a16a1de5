/** Which method a smoke check uses and on what: the one key of a case that is a method. */
import { SMOKE_METHODS } from './schema-smoke';
import type { SmokeCaseInput } from './schema-smoke';

export interface SmokeTarget {
  readonly key: (typeof SMOKE_METHODS)[number];
  readonly path: string;
}

/** Null when a case names no method, or several. */
export function readSmokeTarget(input: SmokeCaseInput): SmokeTarget | null {
  const named = SMOKE_METHODS.flatMap((key) => {
    const path = input[key];
    return path === undefined ? [] : [{ key, path }];
  });
  return named.length === 1 ? (named[0] ?? null) : null;
}
