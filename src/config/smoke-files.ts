/** Smoke checks that stand in a file of their own, read with the same schema and the same kind of mistakes. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { smokeCases } from './checks';
import { asRecord } from './pieces';
import type { Problem } from './problems';
import { followReferences } from './references';
import type { SmokeByEnvironment } from './resolve';
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
export function readSmoke(file: YamlFile, baseDir: string, variables: Variables | null): SmokeReading {
  const environments = Object.entries(asRecord(asRecord(file.data)?.['environments']) ?? {});
  const smoke: Record<string, readonly SmokeCaseInput[]> = {};
  const secrets = new Map<string, Secret>();
  const problems: Problem[] = [];
  for (const [name, input] of environments) {
    const environment = asRecord(input);
    const inline = smokeList.safeParse(environment?.['smoke']).data;
    const path = asRecord(environment?.['smoke'])?.['file'];
    if (inline) smoke[name] = inline;
    if (typeof path !== 'string') continue;
    const text = readText(resolve(baseDir, path));
    if (text === null) {
      const allowed = 'a file with a list of smoke checks that can be read';
      problems.push(problemAt(file, ['environments', name, 'smoke', 'file'], { allowed }));
      continue;
    }
    const url = typeof environment?.['url'] === 'string' ? environment['url'] : '';
    const read = readSmokeFile(path, text, url);
    smoke[name] = read.cases;
    problems.push(...read.problems);
    if (variables === null) continue;
    const followed = followReferences(read.file, baseDir, variables);
    problems.push(...followed.problems);
    followed.byReference.forEach((value, reference) => secrets.set(reference, value));
  }
  return { smoke, secrets, problems };
}

function readSmokeFile(
  name: string,
  text: string,
  url: string,
): { readonly file: YamlFile; readonly cases: readonly SmokeCaseInput[]; readonly problems: readonly Problem[] } {
  const file = parseYamlFile(name, text);
  if (file.problems.length > 0) return { file, cases: [], problems: file.problems };
  const parsed = smokeList.safeParse(file.data);
  if (!parsed.success) return { file, cases: [], problems: schemaProblems(file, parsed.error.issues) };
  const problems = URL.canParse(url) ? smokeCases(file, [], parsed.data, url).problems : [];
  return { file, cases: parsed.data, problems };
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
