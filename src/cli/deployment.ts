/** `tidegate deployment …`: show one, read or follow its log, see what the watch measured. */
import { InvalidArgumentError, type Command } from 'commander';
import type { Deployment, DeploymentTaken, LogLineBody, Sample } from '../api/schemas/deployment';
import { doing, type Context, type Io, type Outcome } from './context';
import { CliFailure, EXIT } from './exit';
import { plain, table } from './terminal';
import { deploymentPage, time } from './words';

type Options = Readonly<Record<string, unknown>>;

export const deploymentPath = (id: string): string => `/v1/deployments/${encodeURIComponent(id)}`;

export function addDeploymentCommands(program: Command, io: Io): void {
  const deployment = program.command('deployment').description('what one deployment did');
  deployment.command('show <id>').description('phases, checks and verdict').action(doing(io, show));
  deployment
    .command('log <id>')
    .description('its log with times')
    .option('-f, --follow', 'go on until the deployment ends')
    .action(doing(io, log));
  deployment.command('samples <id>').description('what the watch measured').action(doing(io, samples));
  addDecisions(deployment, io);
}

function addDecisions(deployment: Command, io: Io): void {
  const decision = (verb: string, description: string): Command =>
    deployment
      .command(`${verb} <id>`)
      .description(description)
      .action(doing(io, (context, args, options) => decide(context, args, verb, options)));
  decision('continue', 'a soft breach may stay: the watch goes on').option('--reason <text>');
  decision('rollback', 'a soft breach may not stay').requiredOption('--reason <text>', 'why it goes back');
  decision('extend', 'watch longer, then be asked again')
    .requiredOption('--minutes <number>', 'how much longer', wholeNumber)
    .option('--reason <text>');
  decision('take', 'you look after the question: nobody else is called').option('--reason <text>');
  decision('abort', 'stop it: before the switch nothing is touched, after it it is rolled back').option(
    '--reason <text>',
  );
}

function wholeNumber(value: string): number {
  if (/^[1-9]\d{0,3}$/.test(value)) return Number(value);
  throw new InvalidArgumentError('Allowed: a whole number from 1.');
}

async function decide(
  context: Context,
  [id = '']: readonly string[],
  verb: string,
  { reason, minutes }: Options,
): Promise<Outcome> {
  const body = { verb, reason, minutes };
  const answer = await context.api.post<Deployment | DeploymentTaken>(`${deploymentPath(id)}/decisions`, body);
  if ('phases' in answer) return { json: answer, text: deploymentPage(context.colours, answer) };
  return { json: answer, text: `${verb} of ${answer.id} is taken (${answer.stage}); the ledger follows.` };
}

async function show({ api, colours }: Context, [id = '']: readonly string[]): Promise<Outcome> {
  const deployment = await api.get<Deployment>(deploymentPath(id));
  return { json: deployment, text: deploymentPage(colours, deployment) };
}

async function log(context: Context, [id = '']: readonly string[], options: Options): Promise<Outcome> {
  if (options['follow'] === true) return follow(context, id);
  const whole = await context.api.text(`${deploymentPath(id)}/log`);
  const rows = whole.split('\n').filter((row) => row !== '');
  const lines = rows.map((row) => ({ at: row.split(' ', 1)[0] ?? '', text: row.slice(row.indexOf(' ') + 1) }));
  return {
    json: { deployment: id, lines },
    text: lines.map(({ at, text }) => `${time(at)}  ${plain(text)}`).join('\n'),
  };
}

async function follow(context: Context, id: string): Promise<Outcome> {
  const lines: { at: string; text: string }[] = [];
  for await (const { event, data } of context.api.events(`${deploymentPath(id)}/log`, { follow: 1 })) {
    if (event === 'end') return ended(id, lines, data as { readonly verdict: string | null });
    if (event === 'closed') throw new CliFailure(EXIT.auth, (data as { readonly detail: string }).detail);
    const { at, text } = data as LogLineBody;
    if (context.json) lines.push({ at, text });
    context.line(`${time(at)}  ${plain(text)}`);
  }
  return ended(id, lines, { verdict: null });
}

function ended(id: string, lines: readonly object[], { verdict }: { readonly verdict: string | null }): Outcome {
  return { json: { deployment: id, verdict, lines }, text: null };
}

async function samples({ api }: Context, [id = '']: readonly string[]): Promise<Outcome> {
  const items: Sample[] = [];
  let cursor: string | undefined;
  do {
    const page = await api.get<{ items: readonly Sample[]; next: string | null }>(`${deploymentPath(id)}/samples`, {
      limit: 100,
      cursor,
    });
    items.push(...page.items);
    cursor = page.next ?? undefined;
  } while (cursor !== undefined);
  return { json: { items, next: null }, text: sampleTable(items) };
}

function sampleTable(items: readonly Sample[]): string {
  if (items.length === 0) return 'No samples.';
  const figure = (value: number | null, digits: number): string => (value === null ? 'no data' : value.toFixed(digits));
  const rows = items.map(({ at, values }) => [
    time(at),
    figure(values.errorRate, 4),
    figure(values.requestRate, 2),
    figure(values.p99, 3),
    figure(values.cpu, 2),
    figure(values.memory, 2),
  ]);
  return table(['AT', 'ERROR RATE', 'REQUESTS/S', 'P99 S', 'CPU', 'MEMORY'], rows);
}
