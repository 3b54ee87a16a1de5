/** What a run says of itself: tables by step and by fault, and the one line that counts. */
import type { CaseResult } from './case';
import type { Invariant } from './checks';

export interface Counts {
  readonly runs: number;
  readonly struck: number;
  readonly lost: number;
  readonly double: number;
  readonly stuck: number;
  readonly orphans: number;
  /** Cases in which another invariant is broken. */
  readonly other: number;
}

const NAMED: Readonly<Partial<Record<Invariant, 'lost' | 'double' | 'stuck' | 'orphans'>>> = {
  I1: 'double',
  I4: 'lost',
  I5: 'stuck',
  I10: 'orphans',
};

export function countsOf(results: readonly CaseResult[]): Counts {
  const having = (wanted: string): number =>
    results.filter(({ broken }) => broken.some(({ invariant }) => (NAMED[invariant] ?? 'other') === wanted)).length;
  return {
    runs: results.length,
    struck: results.filter(({ struck }) => struck).length,
    lost: having('lost'),
    double: having('double'),
    stuck: having('stuck'),
    orphans: having('orphans'),
    other: having('other'),
  };
}

const COLUMNS = ['runs', 'struck', 'lost', 'double', 'stuck', 'orphans', 'other'] as const;

/** One row per group, widest first column first. */
export function tableBy(
  title: string,
  results: readonly CaseResult[],
  groupOf: (result: CaseResult) => string,
): readonly string[] {
  const groups = new Map<string, CaseResult[]>();
  for (const result of results) {
    const group = groupOf(result);
    groups.set(group, [...(groups.get(group) ?? []), result]);
  }
  const width = Math.max(title.length, ...[...groups.keys()].map((name) => name.length));
  const line = (first: string, cells: readonly (string | number)[]): string =>
    `${first.padEnd(width)} ${cells.map((cell) => String(cell).padStart(8)).join('')}`;
  const rows = [...groups].sort(([a], [b]) => a.localeCompare(b));
  return [
    line(title, COLUMNS),
    ...rows.map(([name, members]) =>
      line(
        name,
        COLUMNS.map((column) => countsOf(members)[column]),
      ),
    ),
  ];
}

/** The last line of a run. */
export function lastLine(results: readonly CaseResult[]): string {
  const { runs, struck, lost, double, stuck, orphans, other } = countsOf(results);
  const more = other === 0 ? '' : `, ${other} with another invariant broken`;
  return `${runs} runs, ${struck} faults struck: ${lost} lost, ${double} double, ${stuck} stuck, ${orphans} orphans${more}`;
}
