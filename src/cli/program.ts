/** All commands, and the way from arguments to an exit code. */
import { Command } from 'commander';
import { productVersion } from '../config/product-version';
import { addAuditCommands } from './audit';
import { addAuthCommands } from './auth';
import { addBugCommands } from './bug';
import { addCompletionCommand } from './completion';
import { addConfigCommands } from './config';
import { fail, type Io } from './context';
import { addDeploymentCommands } from './deployment';
import { addDoctorCommand } from './doctor';
import { addEnvironmentCommands } from './env';
import { addInboxCommand } from './inbox';
import { addReportCommands } from './report';
import { addRoleCommands } from './roles';
import { addWatchCommand } from './watch';
import { addWhyCommand } from './why';

const EXIT_CODES = `
Exit codes: 0 ok, 1 error, 2 usage or configuration, 3 the run ended badly, 4 no or bad token,
5 refused by policy, 6 not found, 8 still waiting at --timeout, 130 Ctrl-C.`;

export function createProgram(io: Io): Command {
  const program = new Command('tidegate');
  program
    .description('takes a bug fix from report to production')
    .version(productVersion())
    .option('--json', 'one JSON document on standard output; talk goes to standard error')
    .option('--url <address>', 'address of the API; else TIDEGATE_URL')
    .option('--token <token>', 'your token; better in TIDEGATE_TOKEN, where no process list shows it')
    .configureHelp({ showGlobalOptions: true })
    .addHelpText('after', EXIT_CODES)
    .exitOverride()
    .configureOutput({ writeOut: (text) => void io.out.write(text), writeErr: (text) => void io.err.write(text) });
  const add = [
    addBugCommands,
    addEnvironmentCommands,
    addDeploymentCommands,
    addInboxCommand,
    addReportCommands,
    addWhyCommand,
    addWatchCommand,
    addConfigCommands,
    addAuthCommands,
    addAuditCommands,
    addDoctorCommand,
    addRoleCommands,
    addCompletionCommand,
  ];
  for (const each of add) each(program, io);
  return program;
}

/** Runs one command line; the exit code goes to `io.setExit`. */
export async function runCli(args: readonly string[], io: Io): Promise<void> {
  try {
    await createProgram(io).parseAsync([...args], { from: 'user' });
  } catch (error) {
    io.setExit(fail(io, error, args.includes('--json')));
  }
}
