/** The command line of the harness. */
import { parseArgs } from 'node:util';
import { LEDGERS, type LedgerKind } from './world';

export interface Options {
  readonly runs: number;
  readonly seed: string;
  /** One case of the run alone; null: all of them. */
  readonly only: number | null;
  /** Names of faults; null: all. */
  readonly faults: readonly string[] | null;
  readonly control: boolean;
  readonly ledger: LedgerKind;
  readonly lanes: number;
  /** File for one JSON line per case; null: none. */
  readonly json: string | null;
}

export const USAGE = `npm run faults -- [--runs N] [--seed S] [--case N] [--only FAULT[,FAULT]] [--control]
                    [--ledger postgres|sqlite] [--lanes N] [--json FILE]`;

const NUMBER = /^[1-9][0-9]{0,6}$/;

function whole(name: string, text: string): number {
  if (NUMBER.test(text)) return Number(text);
  throw new Error(`--${name} is a whole number from 1, not ${JSON.stringify(text)}.\n${USAGE}`);
}

/** @throws Error with what is allowed */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      runs: { type: 'string', default: '150' },
      seed: { type: 'string', default: '1' },
      case: { type: 'string' },
      only: { type: 'string' },
      control: { type: 'boolean', default: false },
      ledger: { type: 'string', default: 'postgres' },
      lanes: { type: 'string', default: '4' },
      json: { type: 'string' },
    },
  });
  const ledger = LEDGERS.find((kind) => kind === values.ledger);
  if (ledger === undefined) throw new Error(`--ledger is ${LEDGERS.join(' or ')}.\n${USAGE}`);
  return {
    runs: whole('runs', values.runs),
    seed: values.seed,
    only: values.case === undefined ? null : whole('case', values.case),
    faults: values.only?.split(',') ?? null,
    control: values.control,
    ledger,
    lanes: whole('lanes', values.lanes),
    json: values.json ?? null,
  };
}

/** The command that runs one case again. */
export function repeatCommand({ seed, control, ledger, faults }: Options, index: number): string {
  const only = faults === null ? '' : ` --only ${faults.join(',')}`;
  return `npm run faults -- --seed ${seed} --case ${index}${only}${control ? ' --control' : ''} --ledger ${ledger}`;
}
