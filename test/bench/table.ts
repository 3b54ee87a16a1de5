/** The table that a bench prints, and its lines as JSON. */
import type { Comparison, Measured, Spread } from './pairs';
import type { Goal, Line, Row } from './row';
import { median } from './pairs';

export function printLine({ id }: Row, line: Line): readonly string[] {
  const { what, against, comparison, goals, figures = {}, notes = [] } = line;
  const head = against === '' ? `${id}  ${what}` : `${id}  ${what}, against ${against}`;
  return [
    head,
    ...(comparison === null ? [] : compared(line, comparison)),
    ...Object.entries(figures).map(([name, value]) => `      ${name}: ${round(value)}`),
    ...goals.map((goal) => `      ${mark(goal)} ${goal.text}: ${round(goal.value)}`),
    ...notes.map((note) => `      ${note}`),
  ];
}

function compared({ unit }: Line, { ours, theirs, cpu, figure, again, foreign }: Comparison): readonly string[] {
  const outcomes = ours[0]?.outcomes ?? 0;
  // A row that asks how long something takes to come back counts no CPU.
  const counted = ours.some(({ cpuMs }) => cpuMs > 0);
  const cpuLine = `      CPU ms per outcome: ${perOutcome(ours)} to ${perOutcome(theirs)}, ratio ${spreadText(cpu)}`;
  return [
    ...(counted ? [cpuLine] : []),
    `      ${unit}: ${middle(ours)} to ${middle(theirs)}, ratio ${spreadText(figure)}; A/A ${again ? spreadText(again) : '-'}`,
    `      ${ours.length} pairs of ${outcomes} outcomes, foreign CPU ${Math.round(foreign * 100)} %`,
  ];
}

const perOutcome = (runs: readonly Measured[]): string =>
  round(median(runs.map(({ cpuMs, outcomes }) => cpuMs / Math.max(1, outcomes))));

const middle = (runs: readonly Measured[]): string => round(median(runs.map(({ figure }) => figure)));

const mark = ({ holds }: Goal): string => (holds ? '✔' : '✖');

const spreadText = (spread: Spread): string =>
  `${spread.median.toFixed(2)} [${spread.from.toFixed(2)} … ${spread.to.toFixed(2)}]`;

const round = (value: number): string =>
  Math.abs(value) >= 100 ? String(Math.round(value)) : String(Number(value.toFixed(2)));

/** One line of JSON for each line of the table. */
export function jsonLine({ id }: Row, line: Line, run: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({ row: id, ...run, ...line });
}
