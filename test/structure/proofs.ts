/** Proofs as the tables of docs/ write them: a test file and the title of a test in it. */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

export const ROOT = resolve(__dirname, '../..');
export const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

/** What is wrong with one proof, `` `test/….test.ts` › title ``; null when the test is there. */
export function proofProblem(proof: string): string | null {
  const [, file, title] = /^`(test\/[^`]+\.test\.ts)` › (\S.*)$/.exec(proof) ?? [];
  if (file === undefined || title === undefined) return `${proof} is not a test file with a title`;
  if (!existsSync(join(ROOT, file))) return `${file} is not there`;
  return read(file).includes(title) ? null : `${file} has no "${title}"`;
}
