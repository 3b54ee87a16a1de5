/** `tidegate why <bug>`: the first thing between a fix and production, and who can lift it. */
import type { Command } from 'commander';
import type { Bug } from '../api/schemas/bug';
import { getBug } from './bug';
import { doing, type Io } from './context';
import { line } from './terminal';
import { time } from './words';

export function addWhyCommand(program: Command, io: Io): void {
  program
    .command('why <bug>')
    .description('why is it not in production?')
    .option('--service <name>', 'needed where the number exists in more than one service')
    .action(
      doing(io, async (context, [id = ''], options) => {
        const bug = await getBug(context, id, options);
        const { service, status, waitingFor, nextEvent, blockedBy, shipped } = bug;
        const json = { id: bug.id, service, status, shipped, blockedBy, waitingFor, nextEvent };
        return { json, text: sentences(bug).map(line).join('\n') };
      }),
    );
}

function sentences({ id, status, shipped, blockedBy, waitingFor, nextEvent }: Bug): readonly string[] {
  if (shipped !== null) return [`Bug ${id} is in production since ${shipped.version}.`];
  const first = blockedBy
    ? [`Bug ${id} is ${status}, blocked by: ${blockedBy.what}.`, `Who can lift it: ${blockedBy.whoCanLift}.`]
    : [`Bug ${id} is ${status}${waitingFor === null ? ' and goes nowhere' : `: it waits for ${waitingFor.what}`}.`];
  const who =
    waitingFor && !blockedBy ? [`Who is waited for: ${waitingFor.who}, since ${time(waitingFor.since)}.`] : [];
  const next = nextEvent ? [`Next: ${nextEvent.what}${nextEvent.at === null ? '' : ` at ${time(nextEvent.at)}`}.`] : [];
  return [...first, ...who, ...next];
}
