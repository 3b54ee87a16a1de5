/** `tidegate report …`: the durable reports. */
import type { Command } from 'commander';
import type { Report, ReportEntry } from '../api/schemas/inbox';
import { doing, text, type Context, type Io, type Outcome } from './context';
import { line, plain, table } from './terminal';
import { time } from './words';

export function addReportCommands(program: Command, io: Io): void {
  const report = program.command('report').description('the durable reports of deployments');
  report
    .command('list')
    .description('list reports, newest first')
    .option('--limit <number>', 'rows of a page, 1 to 100')
    .option('--cursor <cursor>', 'go on from a page before')
    .action(doing(io, list));
  report
    .command('rebuild')
    .description('write all reports anew from the ledger of this machine')
    .option('--config <path>', 'a config file, or a folder with one per service')
    .option('--ledger <location>', 'the ledger: a file or postgres://…; by default TIDEGATE_LEDGER')
    .action(doing(io, rebuild));
  report.command('show <name>').description('the report as Markdown').action(doing(io, show));
}

async function list(
  { api }: Context,
  _args: readonly string[],
  options: Readonly<Record<string, unknown>>,
): Promise<Outcome> {
  const page = await api.get<{ items: readonly ReportEntry[]; next: string | null }>('/v1/reports', {
    limit: text(options, 'limit'),
    cursor: text(options, 'cursor'),
  });
  const rows = page.items.map(({ name, at }) => [line(name), time(at)]);
  return { json: page, text: rows.length === 0 ? 'No reports.' : table(['REPORT', 'WRITTEN'], rows) };
}

async function show({ api }: Context, [name = '']: readonly string[]): Promise<Outcome> {
  const report = await api.get<Report>(`/v1/reports/${encodeURIComponent(name)}`);
  const lines = report.markdown.trimEnd().split('\n');
  return { json: report, text: lines.map(plain).join('\n') };
}

async function rebuild({ settings }: Context): Promise<Outcome> {
  const { rebuildReports } = await import('../admin.js');
  const names = await rebuildReports(settings);
  return { json: { reports: names }, text: [...names.map(line), `${names.length} reports written.`].join('\n') };
}
