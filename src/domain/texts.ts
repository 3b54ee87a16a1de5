/** What people are told: one batch text per slot, with the fields of T-150 to T-157 and the queued message of T-012. */
import type { BugState } from './bug';
import { isReleased, type DeploymentState, type LeftBehind } from './deployment';
import type { DeployRequest, EnvironmentState } from './environment';
import type { Message } from './events';
import type { ServicePolicy } from './policy';

const bugLine = (bug: { readonly id: string; readonly severity: string; readonly title: string }): string =>
  `#${bug.id} [${bug.severity}] ${bug.title}`;

/** T-012: approved, and when it really leaves (X-16); one message for all that were approved together. */
export function queuedText(state: EnvironmentState, requests: readonly DeployRequest[]): Message {
  const { service, env } = state;
  const bugs = requests.flatMap(({ passenger }) => (passenger ? [passenger.bug] : []));
  const lines = requests.flatMap(({ passenger, label }) =>
    passenger ? [`${bugLine({ ...passenger, id: passenger.bug })}: leaves ${label ?? 'with the next train'}.`] : [],
  );
  const title = `${bugs.map((bug) => `#${bug}`).join(', ')} queued for ${env}`;
  return { topic: 'queued', service, env, bugs, title, text: lines.join('\n') };
}

/** A departure that moved: to when, and why. */
export function movedText(bug: BugState, why: string): Message {
  return {
    topic: 'moved',
    service: bug.service,
    env: bug.booking?.env ?? null,
    bugs: [bug.id],
    title: `#${bug.id} leaves at another time than said`,
    text: `${bugLine(bug)}\nLeaves ${bug.booking?.label ?? 'with the next train'}, because ${why}.`,
  };
}

/** T1 came and there is nothing to deploy: a developer is needed. */
export function noFixText(bug: BugState, policy: ServicePolicy): Message {
  const branch = policy.fix.pattern.replace('{{bug}}', bug.id);
  const again = bug.booking?.label ?? 'the next T1';
  return {
    topic: 'blocked',
    service: bug.service,
    env: null,
    bugs: [bug.id],
    title: `#${bug.id} has no fix yet`,
    text: `${bugLine(bug)}\nThere is no branch ${branch} and no fix was attached. Tidegate looks again at ${again}.`,
  };
}

/** A bug that came back, or cannot go on without a person. */
export function blockedText(bug: BugState): Message {
  const files = bug.blocked && bug.blocked.files.length > 0 ? `\nFiles: ${bug.blocked.files.join(', ')}` : '';
  return {
    topic: 'blocked',
    service: bug.service,
    env: null,
    bugs: [bug.id],
    title: `#${bug.id} needs a person`,
    text: `${bugLine(bug)}\n${bug.blocked?.what ?? ''}${files}\nWho can go on: ${bug.blocked?.whoCanLift ?? 'admin'}`,
  };
}

function leftLines(left: readonly LeftBehind[]): string {
  return left
    .map(
      ({ bug, reason, files }) => `#${bug} stayed behind: ${reason}${files.length > 0 ? ` (${files.join(', ')})` : ''}`,
    )
    .join('\n');
}

/** "UAT and PROD are aligned" only when it is true, else what validation also holds (X-17). */
export function alignedText(validation: string, alsoHolds: readonly string[]): string {
  const held = alsoHolds.map((bug) => `#${bug}`).join(', ');
  return alsoHolds.length === 0 ? `${validation} and production are aligned.` : `${validation} also holds ${held}.`;
}

/** An end that touched nothing is no rollback, and one that nobody proved is for a person. */
function topicOf({ production, rollback, phases }: DeploymentState, released: boolean): Message['topic'] {
  if (released) return production ? 'released' : 'validate';
  if (rollback !== null) return rollback.verified ? 'rolled-back' : 'unknown-state';
  return phases.some(({ phase }) => phase === 'execute') ? 'unknown-state' : 'blocked';
}

/** T-150, T-151, T-156: how a train ended, for everyone aboard in one message (T-157). */
export function arrivalText(deployment: DeploymentState, validation: string, alsoHolds: readonly string[]): Message {
  const { service, env, production, candidate, verdict, reason } = deployment;
  const aboard = deployment.passengers.filter(({ bug }) => candidate?.aboard.includes(bug) ?? false);
  const lines = aboard.map((passenger) => bugLine({ ...passenger, id: passenger.bug }));
  const released = isReleased(verdict);
  const version = candidate?.version ?? 'no version';
  const next = production ? alignedText(validation, alsoHolds) : 'Please validate, then approve PROD.';
  return {
    topic: topicOf(deployment, released),
    service,
    env,
    bugs: deployment.passengers.map(({ bug }) => bug),
    title: `${service} ${env} ${version}: ${verdict ?? 'running'}`,
    text: [...lines, released ? next : (reason ?? ''), leftLines(candidate?.left ?? [])]
      .filter((line) => line !== '')
      .join('\n'),
  };
}
