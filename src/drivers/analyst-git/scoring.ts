/** How much the history speaks against a file or a commit; plain numbers, compared with each other only. */

export interface Change {
  readonly sha: string;
  readonly subject: string;
  readonly author: string;
  readonly at: number;
  readonly files: readonly string[];
}

export interface Ranked<T> {
  readonly item: T;
  readonly score: number;
}

const COMMON = new Set(
  'about after again also because been before cannot could does doesn each error fails from have instead into just like more must need never none only other page problem same shall should show shows since some still than that their them then there these they this those time until very were what when where which while will with without work works wrong would'.split(
    ' ',
  ),
);
const SUPPORTING =
  /(?:^|\/)(?:tests?|spec|__tests__|docs?|fixtures?)\/|\.(?:md|lock|txt|snap)$|(?:^|\/)package-lock\.json$|\.(?:test|spec)\.\w+$/i;

/** Words of a report that can name code: lower case, camelCase split, four letters or more, common ones dropped. */
export function wordsOf(...texts: readonly (string | null)[]): readonly string[] {
  const words = texts
    .flatMap((text) =>
      (text ?? '')
        .slice(0, 5_000)
        .replace(/([a-z])([A-Z])/g, '$1 $2')
        .toLowerCase()
        .split(/[^\p{L}\p{N}]+/u),
    )
    .filter((word) => word.length >= 4 && !COMMON.has(word));
  return [...new Set(words)];
}

/** Files whose path, or the subject of a change to them, holds words of the report; strongest first. */
export function filesByWords(
  words: readonly string[],
  files: readonly string[],
  changes: readonly Change[],
): readonly Ranked<string>[] {
  const subjects = new Map<string, number>();
  changes.forEach((change, i) => {
    const hits = matches(words, change.subject);
    // A change to many files says little about each of them; an old one says less than a new one.
    const share = (hits * newness(i)) / Math.max(1, change.files.length);
    for (const file of hits > 0 ? change.files : []) subjects.set(file, (subjects.get(file) ?? 0) + share);
  });
  return ranked(
    files.map((file) => {
      const score = 2 * matches(words, file) + (subjects.get(file) ?? 0);
      return { item: file, score: SUPPORTING.test(file) ? score / 8 : score };
    }),
  );
}

/** Changes to the suspect files (most suspect first), newest first in `changes`: recent and to the point weighs most. */
export function suspectChanges(
  suspects: readonly string[],
  changes: readonly Change[],
  blamed: readonly string[],
): readonly Ranked<Change>[] {
  return ranked(
    changes.map((change, i) => {
      const touched = suspects.map((file, rank) => (change.files.includes(file) ? 1 / (rank + 1) : 0));
      const closeness = touched.reduce((sum, part) => sum + part, 0);
      const ofTheLine = blamed.includes(change.sha) ? 2 : 1;
      return { item: change, score: closeness * newness(i) * ofTheLine };
    }),
  );
}

const newness = (index: number): number => 1 / (1 + index / 4);

function matches(words: readonly string[], text: string): number {
  const there = wordsOf(text.replace(/[_./-]+/g, ' '));
  return words.filter((word) => there.some((other) => other === word || stem(other) === stem(word))).length;
}

/** `prices` and `price`, `rounding` and `round` are one word here. */
const stem = (word: string): string => word.replace(/(?:ing|ed|es|s|e)$/, '');

function ranked<T>(items: readonly Ranked<T>[]): readonly Ranked<T>[] {
  return items.filter(({ score }) => score > 0).sort((a, b) => b.score - a.score);
}
