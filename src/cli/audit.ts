/** `tidegate audit verify`: walks the hash chain of the ledger on this machine. */
import type { Command } from 'commander';
import { doing, type Context, type Io, type Outcome } from './context';
import { EXIT } from './exit';

export function addAuditCommands(program: Command, io: Io): void {
  const audit = program.command('audit').description('the record: does its chain hold');
  audit
    .command('verify')
    .description('walk the whole hash chain; exit 1 when it is broken')
    .option('--ledger <path>', 'the ledger to read; by default that of the state folder')
    .action(doing(io, verify));
}

async function verify({ settings }: Context): Promise<Outcome> {
  const { verifyAudit } = await import('../admin.js');
  const broken = await verifyAudit(settings);
  if (broken === null) return { json: { ok: true }, text: 'The chain holds.' };
  const { seq, problem } = broken;
  return {
    json: { ok: false, seq, problem },
    text: `The chain is broken at event ${seq}: ${problem}`,
    exit: EXIT.error,
  };
}
