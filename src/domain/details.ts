/** Current details in Markdown for Temporal's own UI: status, next event, what is waited for (4-interfaces §8). */
import type { BugState } from './bug';
import { changedScripts } from './bug-view';
import { openQuestion, type DeploymentState } from './deployment';
import type { EnvironmentState } from './environment';
import type { ServicePolicy } from './policy';

const line = (name: string, value: string | null): string[] => (value === null ? [] : [`- **${name}**: ${value}`]);

export function bugDetails(state: BugState, policy: ServicePolicy): string {
  const { booking, blocked, fix, approvals } = state;
  return [
    `### #${state.id} ${state.status}`,
    ...line('flow', state.flow),
    ...line('severity', state.severity),
    ...line('next', booking && `${booking.env} ${booking.label ?? booking.slot ?? ''}`),
    ...line('fix', fix && `${fix.ref} at ${fix.head.slice(0, 7)}`),
    ...line('changes the deploy script', changedScripts(state, policy).join(', ') || null),
    ...line('approved by', approvals.length > 0 ? approvals.map(({ by }) => by).join(', ') : null),
    ...line('blocked', blocked && `${blocked.what} (who can go on: ${blocked.whoCanLift})`),
    ...line('validated in', state.status === 'deployed_uat' ? policy.validation : null),
  ].join('\n');
}

export function environmentDetails(state: EnvironmentState): string {
  const { running, current, queue, slot, holds, unknown } = state;
  return [
    `### ${state.service} ${state.env}`,
    ...line('runs', running && `${running.version} (${running.sha.slice(0, 7)})`),
    ...line('deploying', current?.deployment ?? null),
    ...line('waiting', queue.length > 0 ? queue.map(({ id }) => id).join(', ') : null),
    ...line('next slot', slot && `${slot.kind} ${new Date(slot.at).toISOString()}`),
    ...line('held by', holds.length > 0 ? holds.map(({ by, reason }) => `${by}: ${reason}`).join('; ') : null),
    ...line('unknown', unknown?.reason ?? null),
  ].join('\n');
}

export function deploymentDetails(state: DeploymentState): string {
  const { id, phase, verdict, reason, candidate, abort } = state;
  const question = openQuestion(state);
  return [
    `### ${id} ${verdict ?? (question ? 'waits for an answer' : (phase ?? 'under way'))}`,
    ...(reason === null ? [] : [reason]),
    ...line('candidate', candidate && `${candidate.version} (${candidate.sha.slice(0, 7)})`),
    ...line('asked', question?.breach.sentence ?? null),
    ...line('who can answer', question && `${question.who.join(' or ')}: continue, rollback or extend`),
    ...line('without an answer', question && `${question.otherwise} at ${new Date(question.until).toISOString()}`),
    ...line('taken by', question?.owner?.by ?? null),
    ...line('aborted by', abort?.by ?? null),
  ].join('\n');
}
