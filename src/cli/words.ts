/** Bugs, environments and deployments as people read them on a terminal. */
import type { Bug, BugSummary } from '../api/schemas/bug';
import type { Deployment } from '../api/schemas/deployment';
import type { Environment } from '../api/schemas/environment';
import { facts, line, plain, statusWord, table, type Colours } from './terminal';

/** `2026-11-20 13:00:00Z`: UTC, and short enough for a column. */
export const time = (instant: string | null): string =>
  instant === null ? '' : instant.replace('T', ' ').replace(/\.\d+Z$/, 'Z');

const short = (sha: string): string => sha.slice(0, 7);
/** Nothing to say is no line. */
const orNull = (words: string): string | null => (words === '' ? null : words);
const bugs = (ids: readonly string[]): string => ids.map((id) => `#${id}`).join(', ');

export function bugTable(colours: Colours, items: readonly BugSummary[]): string {
  if (items.length === 0) return 'No bugs.';
  const rows = items.map((bug) => [
    `#${bug.id}`,
    bug.service,
    statusWord(colours, bug.status, bug.statusColour),
    bug.severity,
    line(bug.title).slice(0, 60),
    line(bug.waitingFor === null ? '' : `${bug.waitingFor.who}: ${bug.waitingFor.what}`).slice(0, 70),
  ]);
  return table(['BUG', 'SERVICE', 'STATUS', 'SEVERITY', 'TITLE', 'WAITS FOR'], rows);
}

/** The head of a bug: what it is, where it stands, what comes next. */
export function bugHead(colours: Colours, bug: Bug): string {
  const { waitingFor, nextEvent, blockedBy, fix, shipped } = bug;
  const until = waitingFor?.until ? ` (until ${time(waitingFor.until)})` : '';
  return [
    colours.bold(`#${bug.id} [${bug.severity}] ${line(bug.title)}`),
    facts([
      ['service', `${bug.service}, found in ${bug.foundIn}`],
      ['status', statusWord(colours, bug.status, bug.statusColour) + (bug.flow === null ? '' : ` (${bug.flow})`)],
      ['waits for', waitingFor && line(`${waitingFor.who}: ${waitingFor.what}${until}`)],
      ['next', nextEvent && line(`${nextEvent.what} ${time(nextEvent.at)}`)],
      ['blocked by', blockedBy && line(`${blockedBy.what}. Who can lift it: ${blockedBy.whoCanLift}`)],
      ['fix', fix && line(`${short(fix.head)} from ${fix.ref} (${fix.files.length} files)`)],
      ['changes', fix?.changesScript.length ? line(`the deploy script ${fix.changesScript.join(', ')}`) : null],
      ['validated', bug.validation && line(`${bug.validation.version} in ${bug.validation.deployment}`)],
      ['approved', bug.approvals.map(({ by, at }) => line(`${by} ${time(at)}`)).join('; ') || null],
      ['shipped', shipped && line(shipped.version)],
      [
        'you can',
        bug.actions
          .filter(({ allowed }) => allowed)
          .map(({ verb }) => verb)
          .join(', ') || null,
      ],
      ['temporal', bug.links.temporal],
    ]),
  ].join('\n');
}

export function bugPage(colours: Colours, bug: Bug): string {
  const { analysis } = bug;
  const cause = analysis && [
    '',
    colours.bold(`Likely cause (${analysis.confidence} confidence, by ${line(analysis.provider)})`),
    plain(analysis.hypothesis),
    ...analysis.plan.map((step, index) => `${index + 1}. ${line(step)}`),
  ];
  return [bugHead(colours, bug), ...(cause ?? []), '', ...bug.timeline.map(timelineLine)].join('\n');
}

/** `2026-11-20 13:00:00Z  Confirmed as low … (bo by cli)`. */
export function timelineLine(entry: Bug['timeline'][number]): string {
  const why = entry.reason === null ? '' : `: ${entry.reason}`;
  return line(`${time(entry.at)}  ${entry.words} (${entry.actor} by ${entry.surface})${why}`);
}

export function environmentTable(items: readonly Environment[]): string {
  if (items.length === 0) return 'No environments.';
  const rows = items.map((environment) => [
    `${environment.service}/${environment.env}`,
    environment.running?.version ?? 'unknown',
    line(stateOf(environment)),
    environment.slot === null ? '' : `${environment.slot.kind} ${time(environment.slot.at)}`,
    String(environment.queue.length),
    environment.url,
  ]);
  return table(['ENVIRONMENT', 'RUNS', 'STATE', 'NEXT TRAIN', 'WAITING', 'URL'], rows);
}

function stateOf({ unknown, holds, current, unattendedSince }: Environment): string {
  if (unattendedSince !== undefined) return `no worker since ${time(unattendedSince)}`;
  if (unknown !== null) return 'unknown: recheck';
  if (current !== null) return `deploying ${current.deployment}`;
  return holds.length === 0 ? 'free' : `held by ${holds.map(({ by }) => by).join(', ')}`;
}

/** Null where somebody works for it. */
export const nobody = ({ service, env, unattendedSince }: Environment): string | null =>
  unattendedSince === undefined ? null : `no worker for ${service}.${env} since ${time(unattendedSince)}`;

export function environmentPage(environment: Environment): string {
  const { running, lastGood, current, slot, unknown, holds, queue, actions } = environment;
  const fixes = running?.fixes.map(({ bug, leaving }) => `#${bug}${leaving ? ' (leaving)' : ''}`).join(', ');
  return facts([
    ['environment', `${environment.service}/${environment.env} at ${environment.url}`],
    ['runs', running === null ? 'not observed yet' : line(`${running.version} ${short(running.sha)}`)],
    ['since', running && time(running.since)],
    ['worker', nobody(environment)],
    ['fixes', orNull(fixes ?? '')],
    ['last good', lastGood && line(`${lastGood.version} ${short(lastGood.sha)}`)],
    [
      'deploying',
      current && `${current.deployment} with ${bugs(current.bugs) || 'nothing'} since ${time(current.startedAt)}`,
    ],
    ['next train', slot && `${slot.kind} ${time(slot.at)}`],
    ['waiting', queue.map(({ bug, kind }) => (bug === null ? kind : `#${bug}`)).join(', ') || null],
    ['held by', holds.map(({ by, reason, at }) => line(`${by} since ${time(at)}: ${reason}`)).join('; ') || null],
    ['unknown', unknown && line(`since ${time(unknown.at)} after ${unknown.deployment}: ${unknown.reason}`)],
    [
      'you can',
      actions
        .filter(({ allowed }) => allowed)
        .map(({ verb }) => verb)
        .join(', ') || null,
    ],
  ]);
}

export function deploymentPage(colours: Colours, deployment: Deployment): string {
  const { candidate, previous, breach, question, waitingFor, abort, rollback, verdict, reason } = deployment;
  const rows = deployment.phases.map((record) => [
    record.phase,
    record.ok === null ? 'under way' : record.ok ? 'ok' : colours.red('failed'),
    time(record.startedAt),
    line(record.detail).slice(0, 100),
  ]);
  const head = facts([
    ['deployment', `${deployment.id} to ${deployment.service}/${deployment.env}`],
    ['from', previous && line(`${previous.version} ${short(previous.sha)}`)],
    [
      'to',
      candidate && line(`${candidate.version} ${short(candidate.sha)} with ${bugs(candidate.aboard) || 'nothing'}`),
    ],
    [
      'left behind',
      candidate && orNull(candidate.left.map(({ bug, reason: why }) => line(`#${bug}: ${why}`)).join('; ')),
    ],
    ['breach', breach && line(breach.sentence)],
    ['waits for', waitingFor && line(`${waitingFor.who}: ${waitingFor.what}`)],
    ['without answer', question && `${question.otherwise} at ${time(question.until)}`],
    ['answered', orNull(deployment.questions.map(answerLine).filter(Boolean).join('; '))],
    ['aborted', abort && line(`by ${abort.by} ${time(abort.at)}${abort.reason === null ? '' : `: ${abort.reason}`}`)],
    [
      'rollback',
      rollback &&
        line(`to ${rollback.to.version}, ${rollback.verified ? 'verified' : 'NOT VERIFIED'}: ${rollback.detail}`),
    ],
    ['verdict', verdict === null ? 'under way' : line(`${verdict}: ${reason ?? ''}`)],
  ]);
  return rows.length === 0 ? head : `${head}\n\n${table(['PHASE', 'RESULT', 'BEGAN', 'DETAIL'], rows)}`;
}

function answerLine({ answer }: Deployment['questions'][number]): string {
  if (answer === null) return '';
  const what = answer.minutes === null ? answer.verb : `${answer.verb} ${answer.minutes} min`;
  return line(`${what} by ${answer.byDefault ? 'the deadline' : answer.by} ${time(answer.at)}`);
}
