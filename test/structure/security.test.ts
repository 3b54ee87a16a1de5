import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { proofProblem, read, ROOT } from './proofs';

/** What was published of our neighbours (6-faults §2), each with a rule here. */
const ADVISORIES = [
  ...['GHSA-5vvm-67pj-72g4', 'fdacc0142', 'CVE-2026-27112', 'CVE-2026-24748', 'CVE-2026-28229', 'CVE-2025-55190'],
  ...['CVE-2026-42880', 'CVE-2021-23135', 'GO-2025-3433', 'GHSA-mv6w-j4xc-qpfw', 'CVE-2026-32604', 'CVE-2026-32613'],
  ...['CVE-2026-113708', 'CVE-2026-55797', 'CVE-2022-24433', 'CVE-2022-24066', 'CVE-2026-102827', 'CVE-2026-25534'],
  ...['CVE-2022-24348', 'GHSA-h6h5-6fmq-rh28', 'CVE-2021-39143', 'GHSA-g687-f2gx-6wm8', 'CVE-2024-40634'],
  ...['CVE-2025-59538', 'CVE-2026-42294', 'CVE-2026-40886', 'CVE-2021-26921', 'GHSA-q9hr-j4rf-8fjc', 'GO-2024-3006'],
  ...['CVE-2025-30066', 'CVE-2025-14986', 'CVE-2025-14987', 'CVE-2026-5199', 'CVE-2026-16652', 'CVE-2026-108126'],
  ...['CVE-2026-89140', 'CVE-2026-104355'],
];
const ABUSES = 35;

const page = read('docs/security.md');
const section = (title: string): string => page.split(`\n## ${title}\n`)[1]?.split('\n## ')[0] ?? '';
const rowsOf = (title: string): readonly (readonly string[])[] =>
  section(title)
    .split('\n')
    .filter((line) => line.startsWith('| ') && !/^\| (?:#|---|advisory|-)/.test(line))
    .map((line) =>
      line
        .split('|')
        .map((cell) => cell.trim())
        .slice(1, -1),
    );

const proofs = (cell: string): readonly string[] => (cell === '' ? [] : cell.split('<br>'));

test('no abuse is forgotten: each of them has one row', () => {
  expect(rowsOf('Abuses').map(([number]) => number)).toEqual(
    Array.from({ length: ABUSES }, (_, index) => `${index + 1}`),
  );
});

test('no advisory of a neighbour is forgotten', () => {
  const named = rowsOf('Advisories of neighbours').map(([ids]) => ids ?? '');
  expect(ADVISORIES.filter((id) => !named.some((ids) => ids.includes(id)))).toEqual([]);
});

test('whoever doubts a row finds the test that it names; a row without one says when it comes', () => {
  const rows = [...rowsOf('Abuses'), ...rowsOf('Advisories of neighbours')];
  expect(rows.length).toBeGreaterThan(ABUSES);
  const problems = rows.flatMap(([id = '', , proof = '', open = '']) => {
    const silent = proof === '' && !/[34] of 4/.test(open) ? ['has neither a test nor a time when it comes'] : [];
    return [...silent, ...proofs(proof).flatMap((each) => proofProblem(each) ?? [])].map(
      (problem) => `${id}: ${problem}`,
    );
  });
  expect(problems).toEqual([]);
});

test('every file that the page names is there', () => {
  const files = [...page.matchAll(/`((?:src|test)\/[^`\s…*]+)`/g)].map(([, file = '']) => file);
  expect(files.filter((file) => !existsSync(join(ROOT, file)))).toEqual([]);
});
