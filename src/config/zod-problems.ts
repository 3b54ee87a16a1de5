/** Turns zod's issues into mistakes with a place, what was found and what is allowed. */
import { z } from 'zod';
import { didYouMean, distinct, pathText } from './problems';
import type { Problem } from './problems';
import { SECRET_ALLOWED, URL_WITHOUT_USER } from './scalars';
import type { YamlFile } from './yaml-file';

type Issue = z.core.$ZodIssue;

const SEPARATOR = ', ';
/** What these say may be a secret put in the wrong place, so it is never repeated. */
const NEVER_SHOWN: readonly string[] = [SECRET_ALLOWED, URL_WITHOUT_USER];

/** An object of the file: any other key is a mistake that names the keys there are. */
export function section<Shape extends z.core.$ZodLooseShape>(
  shape: Shape,
): z.ZodObject<z.core.util.Writeable<Shape>, z.core.$strict> {
  const keys = Object.keys(shape).join(SEPARATOR);
  return z.strictObject(shape, {
    error: (issue) => (issue.code === 'unrecognized_keys' ? keys : `a section with ${keys}`),
  });
}

/** What a union of sections says of a wrong `key`, and of a value that is no section at all. */
export const unionError =
  (key: string, options: readonly string[]) =>
  (issue: { readonly code?: string | undefined }): string =>
    issue.code === 'invalid_union' ? options.join(SEPARATOR) : `a section with ${key} and the keys that go with it`;

/** All mistakes that zod sees in a file. */
export function schemaProblems(file: YamlFile, issues: readonly Issue[]): Problem[] {
  const problems = issues.flatMap((issue) => flatten(file, issue, [])).flatMap((issue) => toProblems(file, issue));
  return distinct(problems);
}

/** Unions are judged by the branch that the writer most likely meant. */
function flatten(file: YamlFile, issue: Issue, base: readonly PropertyKey[]): Issue[] {
  const here = { ...issue, path: [...base, ...issue.path] };
  if (issue.code !== 'invalid_union' || issue.errors.length === 0) return [here];
  const ranked = issue.errors
    .map((branch) => ({ branch, score: branch.reduce((sum, each) => sum + strangeness(file, each, here.path), 0) }))
    .sort((a, b) => a.score - b.score);
  const [best, second] = ranked;
  if (!best || best.score >= WRONG_SHAPE || best.score === second?.score) return [here];
  return best.branch.flatMap((each) => flatten(file, each, here.path));
}

const WRONG_SHAPE = 1000;

/** How little an issue looks as if its branch was meant: wrong shape, then foreign or missing keys, then wrong values. */
function strangeness(file: YamlFile, issue: Issue, base: readonly PropertyKey[]): number {
  if (issue.code === 'unrecognized_keys') return 10 * issue.keys.length;
  if (issue.path.length === 0 && (issue.code === 'invalid_type' || issue.code === 'invalid_value')) return WRONG_SHAPE;
  return issue.path.length === 1 && file.found([...base, ...issue.path]) === 'nothing' ? 9 : 1;
}

function toProblems(file: YamlFile, issue: Issue): Problem[] {
  if (issue.code === 'unrecognized_keys') {
    const keys = issue.message.split(SEPARATOR);
    return issue.keys.map((key) => {
      const path = [...issue.path, key];
      return {
        file: file.name,
        ...file.keyPlace(path),
        path: pathText(path),
        found: `unknown key "${key}"`,
        allowed: issue.message,
        didYouMean: didYouMean(key, keys),
      };
    });
  }
  if (issue.code === 'invalid_key') {
    const key = String(issue.path[issue.path.length - 1]);
    const allowed = issue.issues[0]?.message ?? issue.message;
    return [problemAt(file, issue.path, { place: file.keyPlace(issue.path), found: `the name "${key}"`, allowed })];
  }
  const found = NEVER_SHOWN.includes(issue.message) && file.found(issue.path) !== 'nothing' ? HIDDEN : undefined;
  return [problemAt(file, issue.path, { allowed: allowedText(issue), candidates: candidatesOf(issue), found })];
}

const HIDDEN = 'a value that is not shown here';

/** A mistake at a path of a file; what stands there and where is read from the file unless given. */
export function problemAt(
  file: YamlFile,
  path: readonly PropertyKey[],
  what: {
    readonly allowed: string;
    readonly found?: string | undefined;
    readonly place?: { readonly line: number; readonly column: number };
    readonly candidates?: readonly string[];
  },
): Problem {
  const found = what.found ?? file.found(path);
  const typed = /^"(.*)"$/.exec(found)?.[1];
  return {
    file: file.name,
    ...(what.place ?? file.place(path)),
    path: pathText(path),
    found,
    allowed: what.allowed,
    didYouMean: typed === undefined ? null : didYouMean(typed, what.candidates ?? []),
  };
}

function candidatesOf(issue: Issue): readonly string[] {
  if (issue.code === 'invalid_value') return issue.values.map(String);
  if (issue.code !== 'invalid_union') return [];
  const options: unknown = 'options' in issue ? issue.options : undefined;
  if (Array.isArray(options)) return options.map(String);
  return issue.errors.flat().flatMap((each) => (each.path.length === 0 ? candidatesOf(each) : []));
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  array: 'a list',
  record: 'a section of names',
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
};

/** Schemas say what is allowed in their message; zod's own words appear for none of ours but the plain types. */
function allowedText(issue: Issue): string {
  if (issue.code === 'invalid_value') return issue.values.map(String).join(SEPARATOR);
  if (issue.code === 'invalid_type' && issue.message.startsWith('Invalid input')) {
    return TYPE_NAMES[issue.expected] ?? issue.expected;
  }
  return issue.message;
}
