/** What `npm run bench` is told. */
import { parseArgs } from 'node:util';

export interface BenchOptions {
  /** Ids of rows; none: all of them. */
  readonly rows: readonly string[];
  readonly pairs: number;
  readonly quick: boolean;
  readonly server: 'dev' | 'production';
  /** Where the lines go as JSON, besides the table. */
  readonly json: string | null;
}

export const USAGE =
  'Use: npm run bench -- [P1 P3 …] [--pairs 5] [--quick] [--server dev|production] [--json FILE] [--profile DIR]';

/** @throws Error that says what was wrong, and how it is used */
export function readOptions(args: readonly string[], known: readonly string[]): BenchOptions {
  const { values, positionals } = parse(args);
  const quick = values.quick;
  const unknown = positionals.find((id) => !known.includes(id));
  if (unknown !== undefined) throw new Error(`There is no row ${unknown}; there are ${known.join(', ')}.\n${USAGE}`);
  const pairs = Number(values.pairs ?? (quick ? 1 : 5));
  if (!Number.isSafeInteger(pairs) || pairs < 1) throw new Error(`--pairs takes a number of at least 1.\n${USAGE}`);
  const { server } = values;
  if (server !== 'dev' && server !== 'production') throw new Error(`--server takes dev or production.\n${USAGE}`);
  if (values.profile !== undefined) process.env.TIDEGATE_BENCH_PROFILE = values.profile;
  return { rows: positionals, pairs, quick, server, json: values.json ?? null };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        pairs: { type: 'string' },
        quick: { type: 'boolean', default: false },
        server: { type: 'string', default: 'dev' },
        json: { type: 'string' },
        profile: { type: 'string' },
      },
    });
  } catch (error) {
    throw new Error(`${(error as Error).message}\n${USAGE}`, { cause: error });
  }
}
