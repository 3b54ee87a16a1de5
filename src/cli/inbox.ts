/** `tidegate inbox`: what waits for you. */
import type { Command } from 'commander';
import type { InboxItem } from '../api/schemas/inbox';
import { doing, type Context, type Io, type Outcome } from './context';
import { line, table } from './terminal';
import { time } from './words';

export function addInboxCommand(program: Command, io: Io): void {
  program.command('inbox').description('what waits for you, the longest wait first').action(doing(io, inbox));
}

async function inbox({ api }: Context): Promise<Outcome> {
  const page = await api.get<{ items: readonly InboxItem[]; next: string | null }>('/v1/inbox', { limit: 100 });
  if (page.items.length === 0) return { json: page, text: 'Nothing waits for you.' };
  const rows = page.items.map((item) => [
    item.kind === 'bug' ? `#${item.id}` : item.id,
    item.service,
    item.status,
    line(item.title).slice(0, 60),
    item.verbs.map(({ verb }) => verb).join(', '),
    time(item.since),
    time(item.until),
  ]);
  return { json: page, text: table(['WHAT', 'SERVICE', 'STATUS', 'TITLE', 'YOU CAN', 'SINCE', 'UNTIL'], rows) };
}
