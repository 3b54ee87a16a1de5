/** What a row is: one question of 5-quality §3, asked on one ground, answered in lines of the table. */
import type { Comparison } from './pairs';
import type { Site } from './site';

/** What every row stands on. */
export interface Ground {
  readonly site: Site;
  /** The product's prebuilt workflow bundle. */
  readonly bundle: string;
  /** Small numbers, for a look; the goals are judged by the full form. */
  readonly quick: boolean;
  readonly pairs: number;
  readonly say: (line: string) => void;
}

export interface Goal {
  /** As 5-quality §3 says it: `CPU ≤ 1.2 of the floor`. */
  readonly text: string;
  readonly value: number;
  readonly holds: boolean;
}

export interface Line {
  /** What was done: `50 bugs to deployed_prod`. */
  readonly what: string;
  readonly against: string;
  /** Null where nothing stands beside it: a count, a size. */
  readonly comparison: Comparison | null;
  /** What `comparison.figure` compares, with its unit. */
  readonly unit: string;
  readonly goals: readonly Goal[];
  /** Further figures, by name. */
  readonly figures?: Readonly<Record<string, number>>;
  /** Sentences below the line. */
  readonly notes?: readonly string[];
}

export interface Row {
  readonly id: string;
  readonly title: string;
  readonly run: (ground: Ground) => Promise<readonly Line[]>;
}

export const atMost = (name: string, value: number, limit: number): Goal => ({
  text: `${name} ≤ ${limit}`,
  value,
  holds: value <= limit,
});

export const atLeast = (name: string, value: number, limit: number): Goal => ({
  text: `${name} ≥ ${limit}`,
  value,
  holds: value >= limit,
});
