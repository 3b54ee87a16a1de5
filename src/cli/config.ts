/** `tidegate config …` and `tidegate init`: the configuration on this machine. */
import type { Command } from 'commander';
import { initConfig } from '../config/init';
import { processVariables } from '../config/process-env';
import { configSchema } from '../config/schema';
import { doing, type Context, type Io, type Outcome } from './context';

export function addConfigCommands(program: Command, io: Io): void {
  program.command('init').description('write a first tidegate.yaml from what is here').action(doing(io, init));
  const config = program.command('config').description('the configuration: is it right, what does it mean');
  config
    .command('check')
    .description('every mistake with its line, or what every slot means in the next seven days')
    .option('--config <path>', 'a file, or a folder with one file per service')
    .option('--without-secrets', 'do not ask for the secrets that the file refers to')
    .action(doing(io, check));
  config.command('schema').description('the JSON schema of tidegate.yaml, for editors').action(doing(io, schema));
}

async function init({ io }: Context): Promise<Outcome> {
  const { path, facts, next } = await initConfig(io.cwd);
  const steps = next.map((step, index) => `${index + 1}. ${step}`);
  return { json: { path, facts, next }, text: [`Wrote ${path}. Next:`, ...steps].join('\n') };
}

async function check(
  { io, settings }: Context,
  _args: readonly string[],
  options: Readonly<Record<string, unknown>>,
): Promise<Outcome> {
  // Time zones live in drivers, so the check is wired like a role.
  const { checkConfiguration } = await import('../admin.js');
  const { reports, text } = checkConfiguration({
    configPath: settings.configPath,
    cwd: io.cwd,
    variables: processVariables(),
    secrets: options['withoutSecrets'] === true ? 'skip' : 'require',
  });
  return { json: { ok: true, services: reports }, text };
}

/** The schema is JSON for people, too. */
function schema(): Promise<Outcome> {
  const document = configSchema();
  return Promise.resolve({ json: document, text: JSON.stringify(document, null, 2) });
}
