/** Finds every secret reference of a file, follows it, and says which lead nowhere. */
import type { Pieces } from './pieces';
import { asRecord } from './pieces';
import type { Problem } from './problems';
import type { Holds } from './role-secrets';
import { secretReference } from './scalars';
import { readSecret, referencesIn, secret } from './secrets';
import type { Secret, Variables } from './secrets';
import { problemAt } from './zod-problems';
import type { YamlFile } from './yaml-file';

/** Values by reference as written, and what was wrong with the others. */
export interface Secrets {
  readonly byReference: ReadonlyMap<string, Secret>;
  readonly problems: readonly Problem[];
}

interface Spot {
  readonly path: readonly PropertyKey[];
  readonly reference: string;
}

/** The keys whose value is a secret. */
const SECRET_KEYS: readonly PropertyKey[] = ['token', 'webhook', 'key'];

/** Follows the references of a file, also where the rest of it is wrong. */
export function followReferences(
  file: YamlFile,
  baseDir: string,
  variables: Variables,
  holds: Holds = () => true,
): Secrets {
  const byReference = new Map<string, Secret>();
  const problems: Problem[] = [];
  for (const { path, reference } of spotsIn(file.data, []).filter((spot) => holds(spot.path))) {
    const reading = readSecret(reference, baseDir, variables);
    if (reading.ok) byReference.set(reference, secret(reading.value));
    else problems.push(problemAt(file, path, reading));
  }
  return { byReference, problems };
}

function spotsIn(value: unknown, path: readonly PropertyKey[]): readonly Spot[] {
  if (typeof value === 'string') return spotsOf(value, path);
  if (Array.isArray(value)) return value.flatMap((each, index) => spotsIn(each, [...path, index]));
  return Object.entries(asRecord(value) ?? {}).flatMap(([key, each]) => spotsIn(each, [...path, key]));
}

/** A whole value under a secret's key, or `${env:NAME}` anywhere in the headers or body of a smoke check. */
function spotsOf(value: string, path: readonly PropertyKey[]): readonly Spot[] {
  if (path.includes('headers') || path.includes('body')) {
    return referencesIn(value).map((reference) => ({ path, reference }));
  }
  const key = path[path.length - 1];
  if (key === undefined || !SECRET_KEYS.includes(key)) return [];
  return secretReference.safeParse(value).success ? [{ path, reference: value }] : [];
}

const SHA256 = /^[0-9a-fA-F]{64}$/;

/** A person's token is known by its SHA-256 alone, and by one person alone. */
export function tokenProblems(file: YamlFile, people: Pieces['people'], secrets: Secrets): readonly Problem[] {
  const owners = new Map<string, string>();
  return Object.entries(people ?? {}).flatMap(([id, { token }]) => {
    const digest = token === undefined ? null : tokenDigest(token, secrets);
    if (digest === null) return [];
    const path = ['people', id, 'token'];
    if (!SHA256.test(digest)) {
      const allowed = 'the SHA-256 of a token: 64 hex digits (tidegate auth token makes both)';
      return [problemAt(file, path, { found: `something else behind ${token}`, allowed })];
    }
    const owner = owners.get(digest);
    owners.set(digest, id);
    if (owner === undefined) return [];
    return [problemAt(file, path, { found: `the token of ${owner}`, allowed: 'a token of their own' })];
  });
}

/** The digest behind a reference in small letters, or null when there is none. */
export function tokenDigest(reference: string, secrets: Secrets): string | null {
  return secrets.byReference.get(reference)?.reveal().toLowerCase() ?? null;
}
