/** The parts of a file that are right in themselves: one wrong part does not hide the mistakes of another. */
import type { z } from 'zod';
import { configFile } from './schema';
import { environment } from './schema-environment';
import type { EnvironmentInput } from './schema-environment';

const shape = configFile.shape;
type Part<Key extends keyof typeof shape> = z.infer<(typeof shape)[Key]> | null;

export interface Pieces {
  readonly slots: Part<'slots'>;
  readonly people: Part<'people'>;
  readonly freezes: Part<'freezes'>;
  readonly fix: Part<'fix'>;
  readonly analysis: Part<'analysis'>;
  /** Names in ladder order, right or wrong; null when there is no such section. */
  readonly ladder: readonly string[] | null;
  readonly environments: readonly { readonly name: string; readonly input: EnvironmentInput; readonly last: boolean }[];
}

export function piecesOf(data: unknown): Pieces {
  const root = asRecord(data) ?? {};
  const part = <Key extends keyof typeof shape>(key: Key): Part<Key> =>
    (shape[key].safeParse(root[key]).data as Part<Key> | undefined) ?? null;
  const environments = asRecord(root.environments);
  const ladder = environments ? Object.keys(environments) : null;
  return {
    slots: part('slots'),
    people: part('people'),
    freezes: part('freezes'),
    fix: part('fix'),
    analysis: part('analysis'),
    ladder,
    environments: (ladder ?? []).flatMap((name, index, all) => {
      const input = environment.safeParse(environments?.[name]).data;
      return input ? [{ name, input, last: index === all.length - 1 }] : [];
    }),
  };
}

export function asRecord(value: unknown): Readonly<Record<string, unknown>> | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : null;
}
