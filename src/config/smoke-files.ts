/** Smoke checks that stand in a file of their own, read with the same schema and the same kind of mistakes. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { smokeCases } from './checks';
import { asRecord } from './pieces';
import type { Problem } from './problems';
import { followReferences } from './references';
import type { SmokeByEnvironment } from './resolve';
import type { Holds } from './role-secrets';
import { smokeList } from './schema-smoke';
import type { SmokeCaseInput } from './schema-smoke';
import type { Secret, Variables } from './secrets';
import { problemAt, schemaProblems } from './zod-problems';
import { parseYamlFile } from './yaml-file';
import type { YamlFile } from './yaml-file';

export interface SmokeReading {
  readonly smoke: SmokeByEnvironment;
  readonly secrets: ReadonlyMap<string, Secret>;
  readonly problems: readonly Problem[];
}

/** The checks of every environment, from the config itself or from the file it names. */
export function readSmoke(file: YamlFile, baseDir: string, variables: Variables | null, holds: Holds): SmokeReading {
  const environments = Object.entries(asRecord(asRecord(file.data)?.environments) ?? {});
  const readings = environments.map(([name, input]) => {
    const { smoke, url } = asRecord(input) ?? {};
    const path = asRecord(smoke)?.file;
    const cases = smokeList.safeParse(smoke).data ?? [];
    if (typeof path !== 'string') return { name, cases, secrets: NONE, problems: [] };
    const place = ['environments', name, 'smoke', 'file'];
    const named = { baseDir, path, url: typeof url === 'string' ? url : '' };
    return { name, ...readNamed(file, place, named, holds(place) ? variables : null) };
  });
  return {
    smoke: Object.fromEntries(readings.map(({ name, cases }) => [name, cases])),
    secrets: new Map(readings.flatMap(({ secrets }) => [...secrets])),
    problems: readings.flatMap(({ problems }) => problems),
  };
}

interface NamedReading {
  readonly cases: readonly SmokeCaseInput[];
  readonly secrets: ReadonlyMap<string, Secret>;
  readonly problems: readonly Problem[];
}

const NONE: ReadonlyMap<string, Secret> = new Map();

function readNamed(
  file: YamlFile,
  place: readonly PropertyKey[],
  named: { readonly baseDir: string; readonly path: string; readonly url: string },
  variables: Variables | null,
): NamedReading {
  const text = readText(resolve(named.baseDir, named.path));
  if (text === null) {
    const allowed = 'a file with a list of smoke checks that can be read';
    return { cases: [], secrets: NONE, problems: [problemAt(file, place, { allowed })] };
  }
  const smokeFile = parseYamlFile(named.path, text);
  if (smokeFile.problems.length > 0) return { cases: [], secrets: NONE, problems: smokeFile.problems };
  const followed = variables ? followReferences(smokeFile, named.baseDir, variables) : null;
  const parsed = smokeList.safeParse(smokeFile.data);
  const mistakes = !parsed.success
    ? schemaProblems(smokeFile, parsed.error.issues)
    : smokeCases(smokeFile, [], parsed.data, named.url).problems;
  return {
    cases: parsed.data ?? [],
    secrets: followed?.byReference ?? NONE,
    problems: [...mistakes, ...(followed?.problems ?? [])],
  };
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
