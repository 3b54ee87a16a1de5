/** Rows are measured in pairs, ABBA, in one process and minute: what disturbs one side disturbs the other, too. */
import { cpuOf, cpuOfMachine } from './cpu';

/** What one run of one side gave. */
export interface Outcome {
  /** How many things came to their end; a run that drops one is void. */
  readonly outcomes: number;
  /** The figure that is compared, in the row's unit; by default the wall time. */
  readonly figure?: number;
}

export interface Side {
  readonly name: string;
  /** Processes whose CPU counts, besides what the row says: worker, server, database. */
  readonly processes: () => readonly number[];
  readonly run: () => Promise<Outcome>;
}

export interface Measured {
  readonly side: string;
  readonly wallMs: number;
  readonly cpuMs: number;
  /** Share of the machine's busy time that others used meanwhile, 0..1. */
  readonly foreign: number;
  readonly outcomes: number;
  readonly figure: number;
}

export interface Spread {
  readonly median: number;
  readonly from: number;
  readonly to: number;
}

export interface Comparison {
  readonly runs: readonly Measured[];
  /** Ours by theirs, pair by pair. */
  readonly figure: Spread;
  readonly cpu: Spread;
  /** The baseline by itself, one run against the next: what a ratio of 1 looks like here. */
  readonly again: Spread;
  readonly foreign: number;
}

export async function measure(side: Side, expected: number): Promise<Measured> {
  const processes = side.processes();
  const before = { own: cpuOf([process.pid]), counted: cpuOf(processes), all: cpuOfMachine() };
  const startedAt = performance.now();
  const { outcomes, figure } = await side.run();
  const wallMs = performance.now() - startedAt;
  const cpuMs = cpuOf(processes) - before.counted;
  const all = Math.max(1, cpuOfMachine() - before.all);
  const ours = Math.max(cpuOf([process.pid]) - before.own, cpuMs);
  if (outcomes !== expected) throw new Error(`${side.name}: ${outcomes} of ${expected} came to their end; void`);
  return { side: side.name, wallMs, cpuMs, foreign: Math.max(0, 1 - ours / all), outcomes, figure: figure ?? wallMs };
}

/** At least `pairs` pairs, each begun by the other side than the one before it. */
export async function compare(ours: Side, theirs: Side, pairs: number, expected: number): Promise<Comparison> {
  const runs: Measured[] = [];
  const matched: [Measured, Measured][] = [];
  for (let pair = 0; pair < pairs; pair += 1) {
    const order = pair % 2 === 0 ? [ours, theirs] : [theirs, ours];
    const taken = new Map<Side, Measured>();
    for (const side of order) taken.set(side, await measure(side, expected));
    const [a, b] = [taken.get(ours), taken.get(theirs)];
    if (!a || !b) throw new Error('a pair has two sides');
    matched.push([a, b]);
    runs.push(a, b);
  }
  const baseline = matched.map(([, b]) => b);
  return {
    runs,
    figure: spread(matched.map(([a, b]) => a.figure / b.figure)),
    cpu: spread(matched.map(([a, b]) => a.cpuMs / Math.max(1, b.cpuMs))),
    again: spread(baseline.slice(1).map((run, at) => run.figure / (baseline[at]?.figure ?? run.figure))),
    foreign: median(runs.map(({ foreign }) => foreign)),
  };
}

export function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  return { median: median(sorted), from: sorted[0] ?? NaN, to: sorted.at(-1) ?? NaN };
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? NaN;
}
