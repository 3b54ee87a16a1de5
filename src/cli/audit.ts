/** `tidegate audit verify|export` and `tidegate ledger rebuild`: the record itself, on the machine that reaches it. */
import { InvalidArgumentError, type Command } from 'commander';
import { doing, number, type Context, type Io, type Outcome } from './context';
import { EXIT } from './exit';

type Options = Readonly<Record<string, unknown>>;

const LEDGER = ['--ledger <location>', 'the ledger: a file or postgres://…; by default TIDEGATE_LEDGER'] as const;

export function addAuditCommands(program: Command, io: Io): void {
  const audit = program.command('audit').description('the record: does its chain hold, and what does it say');
  audit
    .command('verify')
    .description('walk the whole hash chain and hold it against the exported checkpoints; exit 1 when it is broken')
    .option(...LEDGER)
    .option('--checkpoints <file>', 'what was exported; by default TIDEGATE_CHECKPOINTS')
    .action(doing(io, verify));
  audit
    .command('export')
    .description('print the events as JSON Lines, oldest first')
    .option(...LEDGER)
    .option('--after <seq>', 'only events after this number: the last `seq` that you have', wholeNumber, 0)
    .action(doing(io, exportEvents));
  const ledger = program.command('ledger').description('what is derived from the record');
  ledger
    .command('rebuild')
    .description('make the lists of bugs, environments and deployments anew from the events')
    .option(...LEDGER)
    .action(doing(io, rebuild));
}

function wholeNumber(value: string): number {
  if (/^\d{1,15}$/.test(value)) return Number(value);
  throw new InvalidArgumentError('Allowed: a whole number, 0 or more.');
}

async function verify({ settings }: Context): Promise<Outcome> {
  const { verifyAudit } = await import('../admin.js');
  const { broken, events, checkpoints } = await verifyAudit(settings);
  if (broken === null) {
    const text = `The chain of ${events} events holds, and so do ${checkpoints} checkpoints.`;
    return { json: { ok: true, events, checkpoints }, text };
  }
  const { seq, problem } = broken;
  return {
    json: { ok: false, events, checkpoints, seq, problem },
    text: `The chain is broken at event ${seq}: ${problem}`,
    exit: EXIT.error,
  };
}

async function exportEvents({ settings, io, note }: Context, _args: readonly string[], options: Options) {
  const { exportAudit } = await import('../admin.js');
  const written = await exportAudit(settings, number(options, 'after') ?? 0, ({ seq, event, previousHash, hash }) => {
    io.out.write(`${JSON.stringify({ seq, ...event, previousHash, hash })}\n`);
  });
  note(`${written} events.`);
  return { json: undefined, text: null };
}

async function rebuild({ settings }: Context): Promise<Outcome> {
  const { rebuildLedger } = await import('../admin.js');
  const events = await rebuildLedger(settings);
  return { json: { events }, text: `Bugs, environments and deployments were made anew from ${events} events.` };
}
