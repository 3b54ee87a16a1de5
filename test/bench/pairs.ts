/** Rows are measured in rounds, ABBA, in one process and minute: what disturbs one side disturbs the other, too. */
import { cpuOf, cpuOfMachine } from './cpu';

/** What one run of one side gave. */
export interface Outcome {
  /** How many things came to their end; a run that drops one is void. */
  readonly outcomes: number;
  /** The figure that is compared, lower is better; by default the wall time in milliseconds. */
  readonly figure?: number;
  /** CPU milliseconds, where the side measures a part of its run only; by default that of `processes` over the run. */
  readonly cpuMs?: number;
}

export interface Side {
  readonly name: string;
  /** Processes whose CPU counts with everything below them: worker, server, database. */
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
  readonly ours: readonly Measured[];
  readonly theirs: readonly Measured[];
  /** Ours by theirs, round by round; below 1 is better than they. */
  readonly figure: Spread;
  readonly cpu: Spread;
  /** The baseline by itself, one run by the run before it: what a ratio of 1 looks like here. Null with a single round. */
  readonly again: Spread | null;
  readonly foreign: number;
}

export async function measure(side: Side, expected: number): Promise<Measured> {
  const processes = side.processes();
  const before = { own: cpuOf([process.pid]), counted: cpuOf(processes), all: cpuOfMachine() };
  const startedAt = performance.now();
  const { outcomes, figure, cpuMs } = await side.run();
  const wallMs = performance.now() - startedAt;
  const counted = cpuOf(processes) - before.counted;
  const all = Math.max(1, cpuOfMachine() - before.all);
  const own = cpuOf([process.pid]) - before.own;
  if (outcomes !== expected) throw new Error(`${side.name}: ${outcomes} of ${expected} came to their end; void`);
  return {
    side: side.name,
    wallMs,
    cpuMs: cpuMs ?? counted,
    foreign: Math.max(0, 1 - own / all),
    outcomes,
    figure: figure ?? wallMs,
  };
}

/** So many rounds, each begun at the other end than the one before it; one comparison for each baseline, in their order. */
export async function compare(
  ours: Side,
  baselines: readonly Side[],
  rounds: number,
  expected: number,
): Promise<readonly Comparison[]> {
  const sides = [ours, ...baselines];
  const runs = new Map(sides.map((side): [Side, Measured[]] => [side, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const side of round % 2 === 0 ? sides : sides.toReversed()) {
      runs.get(side)?.push(await measure(side, expected));
    }
  }
  const mine = runs.get(ours) ?? [];
  return baselines.map((side) => comparison(mine, runs.get(side) ?? []));
}

export function comparison(ours: readonly Measured[], theirs: readonly Measured[]): Comparison {
  const ratios = (figure: (run: Measured) => number): number[] =>
    ours.map((run, at) => figure(run) / Math.max(1e-9, figure(theirs[at] ?? run)));
  const again = theirs.slice(1).map((run, at) => run.figure / (theirs[at]?.figure ?? run.figure));
  return {
    ours,
    theirs,
    figure: spread(ratios(({ figure }) => figure)),
    cpu: spread(ratios(({ cpuMs }) => Math.max(1, cpuMs))),
    again: again.length === 0 ? null : spread(again),
    foreign: median([...ours, ...theirs].map(({ foreign }) => foreign)),
  };
}

export function spread(values: readonly number[]): Spread {
  return { median: median(values), from: Math.min(...values), to: Math.max(...values) };
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? NaN;
}
