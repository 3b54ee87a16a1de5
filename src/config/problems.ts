/** What is wrong with a configuration, as data and as the one line a person reads (4-interfaces §2). */

/** One mistake: where it is, what was found there and what may stand there instead. */
export interface Problem {
  /** File as a person would name it, or null for a variable or flag. */
  readonly file: string | null;
  /** 1-based; null where there is no text to point at. */
  readonly line: number | null;
  readonly column: number | null;
  /** Where in the file, such as `environments.prod.watch.window`; the name of the variable or flag otherwise. */
  readonly path: string;
  /** What stands there, never a secret. */
  readonly found: string;
  readonly allowed: string;
  readonly didYouMean: string | null;
}

/** `tidegate.yaml:12:5 environments.prod.watch.window: found "15 minutes", allowed: a duration such as 90s, 15m, 1h`. */
export function problemLine(problem: Problem): string {
  const place = [problem.file, problem.line, problem.column].filter((part) => part !== null).join(':');
  const where = [place, problem.path].filter((part) => part !== '').join(' ');
  const hint = problem.didYouMean === null ? '' : `; did you mean "${problem.didYouMean}"?`;
  return `${where}: found ${problem.found}, allowed: ${problem.allowed}${hint}`;
}

/** Each mistake once: one wrong value can fail two checks that allow the same thing. */
export function distinct(problems: readonly Problem[]): Problem[] {
  return [...new Map(problems.map((problem) => [problemLine(problem), problem])).values()];
}

/** Every mistake of the configuration at once. The CLI exits 2 on it. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  constructor(readonly problems: readonly Problem[]) {
    super(problems.map(problemLine).join('\n'));
  }
}

/** The path of a value as people write it: `freezes[0].from`. */
export function pathText(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`;
    return text === '' ? String(part) : `${text}.${String(part)}`;
  }, '');
}

/** The candidate nearest to what was typed, or null when none is near enough to be meant. */
export function didYouMean(typed: string, candidates: readonly string[]): string | null {
  const limit = Math.max(1, Math.floor(typed.length / 3));
  const ranked = candidates
    .map((candidate) => ({ candidate, distance: distance(typed.toLowerCase(), candidate.toLowerCase()) }))
    .filter((entry) => entry.distance <= limit && entry.candidate !== typed)
    .sort((a, b) => a.distance - b.distance);
  return ranked[0]?.candidate ?? null;
}

/** Edit distance in which two swapped neighbours count as one slip. */
function distance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      const best = Math.min(
        at(last, column) + 1,
        at(current, column - 1) + 1,
        at(last, column - 1) + (same ? 0 : 1),
        swapped ? at(beforeLast, column - 2) + 1 : Number.POSITIVE_INFINITY,
      );
      current.push(best);
    }
    beforeLast = last;
    last = current;
  }
  return at(last, b.length);
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Number.POSITIVE_INFINITY;
}
