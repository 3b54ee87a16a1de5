/** The way in: config files to loaded services, or every mistake at once (4-interfaces §2). */
import { readFileSync } from 'node:fs';
import { dirname, isAbsolute, relative } from 'node:path';
import { checkPieces } from './checks';
import { findConfigFiles } from './find';
import type { LoadedService, Person } from './loaded';
import { piecesOf } from './pieces';
import { ConfigError } from './problems';
import type { Problem } from './problems';
import type { Holds } from './role-secrets';
import { followReferences, tokenDigest, tokenProblems } from './references';
import type { Secrets } from './references';
import { resolveCalendar, resolvePolicy } from './resolve';
import { configFile } from './schema';
import type { ConfigFile } from './schema';
import type { Secret, Variables } from './secrets';
import { readSmoke } from './smoke-files';
import { resolveWiring } from './wire';
import { problemAt, schemaProblems } from './zod-problems';
import { parseYamlFile } from './yaml-file';
import type { YamlFile } from './yaml-file';

export interface LoadOptions {
  /** What a flag or TIDEGATE_CONFIG names, a file or a folder; null: the nearest tidegate.yaml upward. */
  readonly configPath: string | null;
  readonly cwd: string;
  readonly variables: Variables;
  /**
   * `skip` reads no secret, so that a machine without them can check a file; a role reads those that it holds. The places
   * of the others hold null.
   */
  readonly secrets: 'require' | 'skip' | Holds;
}

type Reading =
  | { readonly file: YamlFile; readonly service: LoadedService; readonly problems: readonly [] }
  | { readonly file: YamlFile; readonly service: null; readonly problems: readonly Problem[] };

/** All services, in the order of their files. @throws ConfigError with every mistake of every file. */
export function loadConfig(options: LoadOptions): readonly LoadedService[] {
  const readings = findConfigFiles(options.configPath, options.cwd).map((path) => readService(path, options));
  const problems = [...readings.flatMap((reading) => reading.problems), ...twins(readings)];
  if (problems.length > 0) throw new ConfigError(problems);
  return readings.flatMap((reading) => reading.service ?? []);
}

function twins(readings: readonly Reading[]): readonly Problem[] {
  return readings.flatMap(({ file, service }, index) => {
    const twin = readings
      .slice(0, index)
      .find((other) => service && other.service?.policy.service === service.policy.service);
    if (!twin) return [];
    return [problemAt(file, ['service'], { allowed: `a name of its own: ${twin.file.name} has this one` })];
  });
}

function readService(path: string, options: LoadOptions): Reading {
  const file = parseYamlFile(displayName(path, options.cwd), readFileSync(path, 'utf8'));
  if (file.problems.length > 0) return { file, service: null, problems: file.problems };
  const baseDir = dirname(path);
  const variables = options.secrets === 'skip' ? null : options.variables;
  const holds = typeof options.secrets === 'function' ? options.secrets : (): boolean => true;
  const parsed = configFile.safeParse(file.data);
  const pieces = piecesOf(file.data);
  const findings = checkPieces(file, pieces);
  const smoke = readSmoke(file, baseDir, variables, holds);
  const secrets = variables ? followReferences(file, baseDir, variables, holds) : NO_SECRETS;
  const problems = [
    ...(parsed.success ? [] : schemaProblems(file, parsed.error.issues)),
    ...findings.problems,
    ...secrets.problems,
    ...tokenProblems(file, pieces.people, secrets),
    ...smoke.problems,
  ];
  if (!parsed.success || problems.length > 0) return { file, service: null, problems: inOrder(file, problems) };
  const calendar = resolveCalendar(parsed.data);
  const known = new Map<string, Secret>([...secrets.byReference, ...smoke.secrets]);
  const context = {
    baseDir,
    smoke: smoke.smoke,
    secret: (reference: string): Secret | null => known.get(reference) ?? null,
  };
  const service: LoadedService = {
    file: path,
    policy: resolvePolicy(parsed.data, calendar, smoke.smoke),
    calendar,
    people: resolvePeople(parsed.data.people, secrets),
    wiring: resolveWiring(parsed.data, context),
    acknowledged: findings.acknowledged,
  };
  return { file, service, problems: [] };
}

const NO_SECRETS: Secrets = { byReference: new Map(), problems: [] };

function resolvePeople(people: ConfigFile['people'], secrets: Secrets): readonly Person[] {
  return Object.entries(people).map(([id, person]) => ({
    id,
    roles: person.roles,
    telegram: person.telegram ?? null,
    tokenSha256: person.token === undefined ? null : tokenDigest(person.token, secrets),
  }));
}

/** A file is mended from top to bottom; another file's mistakes come after. */
function inOrder(file: YamlFile, problems: readonly Problem[]): readonly Problem[] {
  const rank = (problem: Problem): number =>
    problem.file === file.name ? (problem.line ?? 0) : Number.MAX_SAFE_INTEGER;
  return [...problems].sort((a, b) => rank(a) - rank(b) || (a.column ?? 0) - (b.column ?? 0));
}

function displayName(path: string, cwd: string): string {
  const short = relative(cwd, path);
  return short.startsWith('..') || isAbsolute(short) ? path : short;
}
