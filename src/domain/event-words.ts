/** Each event of the ledger as one sentence that a person reads in a timeline (4-interfaces §4, §7). */
import type { Booking, BugEvent } from './bug';
import type { DeploymentEvent } from './deployment';
import type { QuestionEvent } from './deployment-question';
import type { EnvironmentEvent } from './environment';
import type { DomainEvent, NoteEvent } from './events';
import type { TokenEvent } from './token';

const short = (sha: string): string => sha.slice(0, 7);
const instant = (at: number): string => new Date(at).toISOString();
const riding = ({ env, slot, at, label }: Booking): string =>
  `${slot ?? 'the next train'} to ${env}${at === null ? '' : ` at ${label ?? instant(at)}`}`;
const booked = (booking: Booking | null): string => (booking === null ? '' : `; queued for ${riding(booking)}`);

/** What happened, without who and why: the envelope says those. Instants in it are ISO-8601 UTC. */
export function eventWords(event: DomainEvent): string {
  if (isBugEvent(event)) return bugWords(event);
  if (isEnvironmentEvent(event)) return environmentWords(event);
  if (isQuestionEvent(event)) return questionWords(event);
  if (isDeploymentEvent(event)) return deploymentWords(event);
  if (isTokenEvent(event)) return tokenWords(event);
  return noteWords(event);
}

const isBugEvent = (event: DomainEvent): event is BugEvent => event.kind.startsWith('bug.');
const isEnvironmentEvent = (event: DomainEvent): event is EnvironmentEvent => event.kind.startsWith('environment.');
const QUESTIONS: readonly string[] = [
  'deployment.asked',
  'deployment.taken',
  'deployment.escalated',
  'deployment.answered',
] satisfies readonly QuestionEvent['kind'][];
const isQuestionEvent = (event: DomainEvent): event is QuestionEvent => QUESTIONS.includes(event.kind);
const isDeploymentEvent = (event: DomainEvent): event is DeploymentEvent => event.kind.startsWith('deployment.');
const isTokenEvent = (event: DomainEvent): event is TokenEvent => event.kind.startsWith('token.');

function bugWords(event: BugEvent): string {
  switch (event.kind) {
    case 'bug.reported':
      return `Reported, ${event.data.severity}, found in ${event.data.foundIn}`;
    case 'bug.confirmed':
      return `Confirmed as ${event.data.severity}, takes ${event.data.flow}${booked(event.data.booking)}`;
    case 'bug.rejected':
      return 'Rejected: not a valid bug';
    case 'bug.closed':
      return 'Closed';
    case 'bug.withdrawn':
      return 'Withdrawn by its reporter';
    case 'bug.fix-attached':
      return `Fix ${short(event.data.fix.head)} attached from ${event.data.fix.ref}`;
    case 'bug.analysis-started':
      return 'Analysis started';
    case 'bug.planned':
      return plannedWords(event);
    case 'bug.booked':
      return event.data.booking === null ? 'No longer booked' : `Booked for ${riding(event.data.booking)}`;
    case 'bug.blocked':
      return `Blocked: ${event.data.what}`;
    case 'bug.retried':
      return `Tried again${booked(event.data.booking)}`;
    case 'bug.deployed-uat': {
      const { version, deployment, fixHead } = event.data.validation;
      return `Fix ${short(fixHead)} runs for validation as ${version} (${deployment})`;
    }
    case 'bug.approved':
      return approvedWords(event);
    case 'bug.approval-withdrawn':
      return `${event.data.by} took the approval back`;
    case 'bug.validation-failed':
      return 'Validation failed: the fix comes off with the next candidate';
    case 'bug.deployed-prod':
      return shippedWords(event);
    case 'bug.returned':
      return returnedWords(event);
    case 'bug.moved':
      return movedWords(event);
  }
}

function plannedWords({ data }: BugEvent & { kind: 'bug.planned' }): string {
  const { analysis, fix } = data;
  const plan =
    analysis === null ? 'Planned without an analysis' : `Root cause written, confidence ${analysis.confidence}`;
  return fix === null ? `${plan}; no fix yet` : `${plan}; fix ${short(fix.head)}`;
}

function returnedWords({ data }: BugEvent & { kind: 'bug.returned' }): string {
  return `Back to ${data.to}: ${data.breach?.sentence ?? data.blocked.what}`;
}

function approvedWords({ data }: BugEvent & { kind: 'bug.approved' }): string {
  const given = `Approved ${short(data.approval.sha)} for production`;
  if (data.missing > 0) return `${given}; ${data.missing} more approval${data.missing === 1 ? '' : 's'} needed`;
  return `${given}${booked(data.booking)}`;
}

function shippedWords({ data }: BugEvent & { kind: 'bug.deployed-prod' }): string {
  const rest = data.alsoHolds.map((bug) => `#${bug}`).join(', ');
  const aligned = rest === '' ? 'both environments are aligned' : `validation also holds ${rest}`;
  return `Deployed to production as ${data.version} (${data.deployment}); ${aligned}`;
}

function movedWords({ data }: BugEvent & { kind: 'bug.moved' }): string {
  const was = data.from === null ? '' : `, was ${instant(data.from)}`;
  return `Moved to ${riding(data.booking)}${was}: ${data.why}`;
}

function environmentWords(event: EnvironmentEvent): string {
  switch (event.kind) {
    case 'environment.configured':
      return `Configured, revision ${event.data.revision.slice(0, 12)}`;
    case 'environment.observed':
      return event.data.running === null
        ? `Observed: nothing known runs (${event.data.source})`
        : `Observed ${event.data.running.version} (${event.data.source})`;
    case 'environment.requested': {
      const { kind, passenger } = event.data.request;
      return `A place on a train asked (${kind})${passenger === null ? '' : ` for bug ${passenger.bug}`}`;
    }
    case 'environment.request-withdrawn':
      return `Request ${event.data.request} taken back`;
    case 'environment.announced':
      return `People heard of ${event.data.requests.length} queued`;
    case 'environment.slot-planned': {
      const { slot, why } = event.data;
      const plan = slot === null ? 'No slot planned' : `Next train ${slot.kind} at ${instant(slot.at)}`;
      return why === null ? plan : `${plan}: ${why}`;
    }
    case 'environment.departed':
      return `Train ${event.data.current.deployment} left with ${event.data.current.requests.length} aboard`;
    case 'environment.arrived':
      return `${event.data.deployment} ended: ${event.data.verdict}`;
    case 'environment.base-advanced':
      return `Base is now ${event.data.base.version}`;
    case 'environment.fix-dropped':
      return `The next candidate goes without the fix of bug ${event.data.bug}`;
    case 'environment.held':
      return 'Held: nothing leaves';
    case 'environment.resumed':
      return 'Goes on';
    case 'environment.rechecked':
      return `Rechecked: ${event.data.sentence}`;
  }
}

function deploymentWords(event: Exclude<DeploymentEvent, QuestionEvent>): string {
  switch (event.kind) {
    case 'deployment.started':
      return `Deployment ${event.data.id} to ${event.data.env} started, ${event.data.strategy}`;
    case 'deployment.phase-started':
      return `Phase ${event.data.phase} began`;
    case 'deployment.phase-ended':
      return `Phase ${event.data.phase} ${event.data.ok ? 'done' : 'failed'}: ${event.data.detail}`;
    case 'deployment.checked': {
      const bad = event.data.checks.filter(({ ok }) => !ok).map(({ name }) => name);
      return bad.length === 0 ? `${event.data.checks.length} checks passed` : `Checks failed: ${bad.join(', ')}`;
    }
    case 'deployment.candidate': {
      const { version, sha, aboard, left } = event.data.candidate;
      const behind = left.length === 0 ? '' : `; left behind: ${left.map(({ bug }) => `#${bug}`).join(', ')}`;
      return `Candidate ${version} (${short(sha)}) carries ${aboard.map((bug) => `#${bug}`).join(', ') || 'nothing'}${behind}`;
    }
    case 'deployment.executed':
      return 'The deploy script did its work';
    case 'deployment.smoked': {
      const bad = event.data.smoke.filter(({ ok }) => !ok).map(({ name }) => name);
      return bad.length === 0 ? `${event.data.smoke.length} smoke checks passed` : `Smoke failed: ${bad.join(', ')}`;
    }
    case 'deployment.breached':
      return event.data.breach.sentence;
    case 'deployment.abort-asked':
      return 'Stopped by a person';
    case 'deployment.rolled-back':
      return `Rolled back to ${event.data.to.version}, ${event.data.verified ? 'verified' : 'not verified'}: ${event.data.detail}`;
    case 'deployment.ended':
      return `${event.data.verdict}: ${event.data.reason}`;
  }
}

function questionWords(event: QuestionEvent): string {
  switch (event.kind) {
    case 'deployment.asked':
      return `People are asked: ${event.data.breach.sentence}; ${event.data.otherwise} at ${instant(event.data.until)}`;
    case 'deployment.taken':
      return 'Looks after the question';
    case 'deployment.escalated':
      return 'Nobody has taken the question: more people were told';
    case 'deployment.answered': {
      const { answer, minutes, byDefault } = event.data;
      const what = minutes === null ? answer : `${answer} by ${minutes} min`;
      return byDefault ? `Nobody answered in time: ${what}` : `Answered: ${what}`;
    }
  }
}

function tokenWords(event: TokenEvent): string {
  switch (event.kind) {
    case 'token.made': {
      const { id, person, scope, expiresAt } = event.data;
      return `Token ${id} made for ${person}, may ${scope}, until ${instant(expiresAt)}`;
    }
    case 'token.revoked':
      return 'Token revoked';
  }
}

function noteWords(event: NoteEvent): string {
  switch (event.kind) {
    case 'decision.refused':
      return `${event.data.verb} refused: ${event.data.sentence}`;
    case 'decision.by-cancellation':
      return `${event.data.verb} sent as a cancellation: the run took no message`;
    case 'message.sent':
      return `Told: ${event.data.title}`;
    case 'duty.opened':
      return `Duty for ${event.data.owner} until ${instant(event.data.dueAt)}: ${event.data.what}`;
    case 'script.ended':
      return `The script of a ${event.data.act} was left behind on ${event.data.host} and is ended: ${event.data.why}`;
    case 'message.malformed':
      return `A message of ${event.data.name} could not be read: ${event.data.problem}`;
  }
}
