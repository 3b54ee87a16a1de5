/** `tidegate deployment …`: show one, read or follow its log, see what the watch measured. */
import type { Command } from 'commander';
import type { Deployment, LogLineBody, Sample } from '../api/schemas/deployment';
import { doing, type Context, type Io, type Outcome } from './context';
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
