/** `tidegate env …`: look at environments, hold them, let them go on. */
import type { Command } from 'commander';
import type { Environment } from '../api/schemas/environment';
import { doing, text, type Context, type Io, type Outcome } from './context';
import { CliFailure, EXIT } from './exit';
import { environmentPage, environmentTable } from './words';

type Options = Readonly<Record<string, unknown>>;

export function addEnvironmentCommands(program: Command, io: Io): void {
  const env = program.command('env').description('environments: what runs there, what waits in front of them');
  env.command('list').description('list environments').option('--service <name>').action(doing(io, list));
  env
    .command('show <environment>')
    .description('show one, as service/env; the service may be left out when there is one')
    .action(doing(io, show));
  env
    .command('hold <environment>')
    .description('nothing leaves for it until you resume')
    .requiredOption('--reason <text>', 'why it must stand still')
    .action(doing(io, (context, args, options) => decide(context, args, 'hold', options)));
  env
    .command('resume <environment>')
    .description('lift your own hold')
    .option('--reason <text>')
    .action(doing(io, (context, args, options) => decide(context, args, 'resume', options)));
  env
    .command('recheck <environment>')
    .description('you looked at it: observe again and leave the unknown state')
    .option('--reason <text>', 'what you saw')
    .action(doing(io, (context, args, options) => decide(context, args, 'recheck', options)));
}

async function environments({ api }: Context, service: string | undefined): Promise<readonly Environment[]> {
  return (await api.get<{ items: readonly Environment[] }>('/v1/environments', { service, limit: 100 })).items;
}

async function list(context: Context, _args: readonly string[], options: Options): Promise<Outcome> {
  const items = await environments(context, text(options, 'service'));
  return { json: { items, next: null }, text: environmentTable(items) };
}

/** `/v1/environments/shop/prod` of `shop/prod`, or of `prod` where only one service has it. */
async function pathOf(context: Context, name: string): Promise<string> {
  const [first = '', second, ...more] = name.split('/');
  if (second !== undefined && more.length === 0) {
    return `/v1/environments/${encodeURIComponent(first)}/${encodeURIComponent(second)}`;
  }
  const all = await environments(context, undefined);
  const named = all.filter(({ env }) => env === name);
  const [only, another] = named;
  if (only && !another) return `/v1/environments/${only.service}/${only.env}`;
  const choices = (only ? named : all).map(({ service, env }) => `${service}/${env}`).join(', ') || 'none';
  const sentence = only ? `${name} exists more than once: say which of` : `There is no environment ${name}; there are`;
  throw new CliFailure(only ? EXIT.usage : EXIT.notFound, `${sentence} ${choices}.`);
}

async function show(context: Context, [name = '']: readonly string[]): Promise<Outcome> {
  const environment = await context.api.get<Environment>(await pathOf(context, name));
  return { json: environment, text: environmentPage(environment) };
}

async function decide(
  context: Context,
  [name = '']: readonly string[],
  verb: string,
  options: Options,
): Promise<Outcome> {
  const path = await pathOf(context, name);
  const environment = await context.api.post<Environment>(`${path}/decisions`, { verb, reason: options['reason'] });
  return { json: environment, text: environmentPage(environment) };
}
