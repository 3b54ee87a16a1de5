/** `tidegate bug …`: report, look, decide. */
import type { Command } from 'commander';
import type { Bug, BugSummary } from '../api/schemas/bug';
import type { BatchAnswer } from '../api/schemas/decision';
import { doing, text, type Context, type Io, type Outcome } from './context';
import { CliFailure, EXIT, exitOf } from './exit';
import { line } from './terminal';
import { bugHead, bugPage, bugTable } from './words';

type Options = Readonly<Record<string, unknown>>;

export const bugPath = (id: string): string => `/v1/bugs/${encodeURIComponent(id)}`;

export function addBugCommands(program: Command, io: Io): void {
  const bug = program.command('bug').description('report bugs and decide on them');
  addReport(bug, io);
  bug
    .command('list')
    .description('list bugs, newest first')
    .option('--service <name>')
    .option('--status <names>', 'one status, or several divided by commas')
    .option('--severity <name>')
    .option('--query <words>', 'words of title or description')
    .option('--limit <number>', 'rows of a page, 1 to 100')
    .option('--cursor <cursor>', 'go on from a page before')
    .action(doing(io, listBugs));
  bug
    .command('show <id>')
    .description('what it waits for, what comes next, what blocks it, and all that happened')
    .option('--service <name>', 'needed where the number exists in more than one service')
    .action(doing(io, showBug));
  addDecisions(bug, io);
}

function addReport(bug: Command, io: Io): void {
  bug
    .command('report <title>')
    .description('report a bug')
    .requiredOption('--service <name>')
    .requiredOption('--severity <name>', 'low, medium, high or critical')
    .requiredOption('--found-in <environment>')
    .option('--description <text>')
    .option('--stack <text>', 'stack trace, as it was logged')
    .option('--evidence-url <url>', 'where it shows')
    .option('--evidence-version <version>', 'the version it was seen in')
    .option('--module <name...>', 'modules it concerns')
    .option('--external <key>', "key in somebody's tracker")
    .action(doing(io, reportBug));
}

async function reportBug(
  { api, colours }: Context,
  [title = '']: readonly string[],
  options: Options,
): Promise<Outcome> {
  const stack = text(options, 'stack');
  const url = text(options, 'evidenceUrl');
  const version = text(options, 'evidenceVersion');
  const evidence = { ...(stack && { stack }), ...(url && { url }), ...(version && { version }) };
  const bug = await api.post<Bug>('/v1/bugs', {
    title,
    service: options['service'],
    severity: options['severity'],
    foundIn: options['foundIn'],
    description: options['description'],
    ...(Object.keys(evidence).length > 0 && { evidence }),
    modules: options['module'],
    external: options['external'],
  });
  return { json: bug, text: bugHead(colours, bug) };
}

async function listBugs({ api, colours }: Context, _args: readonly string[], options: Options): Promise<Outcome> {
  const page = await api.get<{ items: readonly BugSummary[]; next: string | null }>('/v1/bugs', {
    service: text(options, 'service'),
    status: text(options, 'status'),
    severity: text(options, 'severity'),
    q: text(options, 'query'),
    limit: text(options, 'limit'),
    cursor: text(options, 'cursor'),
  });
  const more = page.next === null ? '' : `\nMore: --cursor ${page.next}`;
  return { json: page, text: `${bugTable(colours, page.items)}${more}` };
}

export async function getBug({ api }: Context, id: string, options: Options): Promise<Bug> {
  return api.get<Bug>(bugPath(id), { service: text(options, 'service') });
}

async function showBug(context: Context, [id = '']: readonly string[], options: Options): Promise<Outcome> {
  const bug = await getBug(context, id, options);
  return { json: bug, text: bugPage(context.colours, bug) };
}

interface VerbCommand {
  readonly command: string;
  readonly verb: string;
  readonly description: string;
  readonly reason: 'needed' | 'optional';
  readonly options?: readonly (readonly [flags: string, description: string])[];
}

const VERB_COMMANDS: readonly VerbCommand[] = [
  {
    command: 'confirm <id>',
    verb: 'confirm',
    description: 'it is reproducible and valid',
    reason: 'optional',
    options: [
      ['--severity <name>', 'as low or medium'],
      ['--found-in <environment>', 'where it was really found'],
      ['--flow <name>', 'the flow you expect; a mismatch is refused with the evidence'],
    ],
  },
  { command: 'reject <id>', verb: 'reject', description: 'not a valid bug', reason: 'needed' },
  { command: 'fail <id>', verb: 'fail-validation', description: 'the fix does not pass validation', reason: 'needed' },
  { command: 'close <id>', verb: 'close', description: 'end it without a fix', reason: 'needed' },
  { command: 'retry <id>', verb: 'retry', description: 'try again what is blocked', reason: 'optional' },
  {
    command: 'withdraw <id>',
    verb: 'withdraw',
    description: 'take back an own approval, or an own report that nobody confirmed yet',
    reason: 'optional',
  },
];

function addDecisions(bug: Command, io: Io): void {
  for (const each of VERB_COMMANDS) {
    const command = withReason(bug.command(each.command).description(each.description), each.reason);
    command.option('--service <name>', 'needed where the number exists in more than one service');
    for (const [flags, description] of each.options ?? []) command.option(flags, description);
    command.action(doing(io, (context, [id = ''], options) => decide(context, id, each.verb, options)));
  }
  withReason(bug.command('attach-fix <id> <ref>').description('name the branch that holds the fix'), 'optional')
    .option('--service <name>')
    .action(
      doing(io, (context, [id = '', ref = ''], options) => decide(context, id, 'attach-fix', { ...options, ref })),
    );
  withReason(bug.command('approve <id...>').description('approve the fix for PROD, exactly as it is now'), 'optional')
    .option('--sha <sha>', "the fix's head you mean; without it, the one that is shown")
    .option('--service <name>')
    .action(doing(io, approve));
}

function withReason(command: Command, reason: VerbCommand['reason']): Command {
  return reason === 'needed'
    ? command.requiredOption('--reason <text>', 'why, in one sentence')
    : command.option('--reason <text>', 'why, in one sentence');
}

async function decide({ api, colours }: Context, id: string, verb: string, options: Options): Promise<Outcome> {
  const { sha, reason, severity, foundIn, flow, ref } = options;
  const body = { verb, sha, reason, severity, foundIn, flow, ref };
  const bug = await api.post<Bug>(`${bugPath(id)}/decisions`, body, { service: text(options, 'service') });
  return { json: bug, text: bugHead(colours, bug) };
}

/** Looks at each bug first, says what it saw, and approves exactly that. */
async function approve(context: Context, ids: readonly string[], options: Options): Promise<Outcome> {
  const seen = [];
  for (const id of ids) seen.push(await getBug(context, id, options));
  for (const bug of seen) context.note(seenSentence(bug, text(options, 'sha')));
  const [first, second] = seen;
  const given = text(options, 'sha');
  if (first && !second) return decide(context, first.id, 'approve-prod', { ...options, sha: given ?? first.fix?.head });
  if (given) throw new CliFailure(EXIT.usage, '--sha names the fix of one bug: approve one bug at a time with it.');
  return approveMany(context, seen, options);
}

function seenSentence(bug: Bug, sha: string | undefined): string {
  const { fix, validation } = bug;
  const what = sha ?? fix?.head;
  const holds = validation?.alsoHolds.map((id) => `#${id}`).join(', ');
  const more = holds ? ` Validation also holds ${holds}.` : '';
  const from = fix === null ? '' : ` from ${fix.ref}, ${fix.files.length} files`;
  const script = fix?.changesScript.join(', ');
  const warning = script ? ` It changes the deploy script ${script}.` : '';
  return line(`Approving #${bug.id} "${bug.title}": ${what ?? 'no fix yet'}${from}.${warning}${more}`);
}

async function approveMany({ api }: Context, seen: readonly Bug[], options: Options): Promise<Outcome> {
  const shas = Object.fromEntries(seen.flatMap(({ id, fix }) => (fix === null ? [] : [[id, fix.head]])));
  const body = {
    verb: 'approve-prod',
    ids: seen.map(({ id }) => id),
    shas,
    service: options['service'],
    reason: options['reason'],
  };
  const answers = await api.post<{ items: readonly BatchAnswer[] }>('/v1/decisions', body);
  const lines = answers.items.map(({ id, bug, problem }) => line(`#${id}  ${bug?.status ?? problem?.detail ?? ''}`));
  const codes = answers.items.map(({ status }) => exitOf(status));
  return { json: answers, text: lines.join('\n'), exit: codes.find((code) => code !== EXIT.ok) ?? EXIT.ok };
}
