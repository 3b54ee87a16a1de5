/** `tidegate watch`: a bug or a deployment until it ends; redrawn on a terminal, a line per change in a pipe. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import type { Bug } from '../api/schemas/bug';
import type { Deployment } from '../api/schemas/deployment';
import { getBug } from './bug';
import { doing, durationOption, number, type Context, type Io, type Outcome } from './context';
import { deploymentPath } from './deployment';
import { CliFailure, EXIT, type ExitCode } from './exit';
import { bugHead, deploymentPage, time, timelineLine } from './words';
import { line } from './terminal';

type Options = Readonly<Record<string, unknown>>;

/** What is watched, as it stands at one look. */
interface Look {
  readonly json: unknown;
  /** The whole picture, for a terminal. */
  readonly page: string;
  /** Everything that happened so far, oldest first, for a pipe: only what is new is printed. */
  readonly events: readonly string[];
  /** The exit code once it has ended, or null. */
  readonly ended: ExitCode | null;
}

export function addWatchCommand(program: Command, io: Io): void {
  program
    .command('watch <bug-or-deployment>')
    .description('follow a bug (7) or a deployment (shop-prod-12) until it ends')
    .option('--service <name>', 'needed where a bug number exists in more than one service')
    .option('--timeout <duration>', 'give up waiting, with exit code 8', durationOption)
    .option('--every <duration>', 'time between two looks', durationOption, 1_000)
    .action(doing(io, watch));
}

async function watch(context: Context, [id = '']: readonly string[], options: Options): Promise<Outcome> {
  const look = /^\d+$/.test(id) ? () => lookAtBug(context, id, options) : () => lookAtDeployment(context, id);
  const show = context.io.out.isTTY === true && !context.json ? redrawing(context) : printing(context);
  const deadline = Date.now() + (number(options, 'timeout') ?? Number.POSITIVE_INFINITY);
  const every = Math.max(100, number(options, 'every') ?? 1_000);
  let last = await look();
  for (;;) {
    show(last);
    if (last.ended !== null) return { json: last.json, text: null, exit: last.ended };
    if (Date.now() + every > deadline) {
      context.note(`Still waiting for ${id}: it has not ended.`);
      return { json: last.json, text: null, exit: EXIT.stillWaiting };
    }
    await sleep(every);
    last = await patiently(context, look, last);
  }
}

/** An API that is away for a while is no end: the watch goes on with what it saw last. */
async function patiently(context: Context, look: () => Promise<Look>, last: Look): Promise<Look> {
  try {
    return await look();
  } catch (error) {
    if (!(error instanceof CliFailure) || error.exit !== EXIT.error) throw error;
    context.note(`tidegate: ${error.message} Watching on.`);
    return last;
  }
}

async function lookAtBug(context: Context, id: string, options: Options): Promise<Look> {
  const bug = await getBug(context, id, options);
  const events = bug.timeline.map((entry) => timelineLine(entry));
  const next = bug.nextEvent === null ? '' : `; next: ${bug.nextEvent.what} ${time(bug.nextEvent.at)}`;
  return {
    json: bug,
    page: [bugHead(context.colours, bug), '', ...events.slice(-10)].join('\n'),
    // The status is a line of its own: it is what scripts look for.
    events: [...events, line(`${time(bug.statusAt)}  ${bug.status}${next}`)],
    ended: endOfBug(bug),
  };
}

function endOfBug({ endedAt, status }: Bug): ExitCode | null {
  if (endedAt === null) return null;
  return status === 'rejected' ? EXIT.endedBadly : EXIT.ok;
}

async function lookAtDeployment({ api, colours }: Context, id: string): Promise<Look> {
  const deployment = await api.get<Deployment>(deploymentPath(id));
  const begun = deployment.phases.map(({ phase, startedAt }) => `${time(startedAt)}  ${phase} began`);
  const ended = deployment.phases.flatMap(({ phase, endedAt, ok, detail }) =>
    endedAt === null ? [] : [line(`${time(endedAt)}  ${phase} ${ok === false ? 'failed' : 'done'}: ${detail}`)],
  );
  const { verdict, endedAt, reason } = deployment;
  const end = verdict === null ? [] : [line(`${time(endedAt)}  ${verdict}: ${reason ?? ''}`)];
  return {
    json: deployment,
    page: deploymentPage(colours, deployment),
    events: [...[...begun, ...ended].sort(), ...end],
    ended: endOfDeployment(deployment),
  };
}

function endOfDeployment({ endedAt, verdict }: Deployment): ExitCode | null {
  if (endedAt === null) return null;
  return verdict === 'Rolled-Back' || verdict === 'Aborted' ? EXIT.endedBadly : EXIT.ok;
}

function printing(context: Context): (look: Look) => void {
  const printed = new Set<string>();
  return ({ events }) => {
    for (const event of events) {
      if (!printed.has(event)) context.line(event);
      printed.add(event);
    }
  };
}

/** Draws over the last picture: up to its first line, clear what is below, draw. */
function redrawing({ io }: Context): (look: Look) => void {
  let rows = 0;
  return ({ page }) => {
    const up = rows === 0 ? '' : `\u001b[${rows}A\r\u001b[J`;
    io.out.write(`${up}${page}\n`);
    const width = io.out.columns ?? 80;
    rows = page.split('\n').reduce((sum, row) => sum + Math.max(1, Math.ceil(row.length / width)), 0);
  };
}
