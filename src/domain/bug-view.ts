/**
 * What a bug waits for, what happens next and what blocks it, in words that every surface shows (4-interfaces §4).
 * Pure over the bug's state and a few facts around it; instants are epoch ms.
 */
import type { BugState, Severity } from './bug';
import { approvalRule, countedApprovals } from './decision';
import type { EnvironmentState } from './environment';
import type { ServicePolicy } from './policy';
import type { Slot } from './slots';
import type { BugVerb } from './verbs';

/** What stands around a bug when somebody looks at it. */
export interface BugFacts {
  readonly policy: ServicePolicy;
  readonly now: number;
  /** The next T2 of production for this bug's modules, or null where no calendar is at hand. */
  readonly nextT2: Slot | null;
  /** The environment the bug is bound for next, as the ledger knows it. */
  readonly environment: EnvironmentState | null;
}

export interface WaitingFor {
  /** Roles, people, or `tidegate` when a slot or a running step is waited for. */
  readonly who: string;
  readonly what: string;
  readonly since: number;
  /** When the wait is over by itself or a chance passes (a slot, a cutoff); null: open end. */
  readonly until: number | null;
}

export interface NextEvent {
  readonly what: string;
  /** null: not bound to a time. */
  readonly at: number | null;
}

export interface BlockedBy {
  readonly what: string;
  readonly whoCanLift: string;
}

export interface BugOutlook {
  readonly waitingFor: WaitingFor | null;
  readonly nextEvent: NextEvent | null;
  readonly blockedBy: BlockedBy | null;
}

/** The environment a bug goes to next, null once it goes nowhere: whose holds concern it. */
export function boundFor(state: BugState, policy: ServicePolicy): string | null {
  switch (state.status) {
    case 'confirmed':
    case 'analyzing':
    case 'planned':
      return state.booking?.env ?? (state.flow === 'flow2' ? policy.production : policy.validation);
    case 'deployed_uat':
    case 'pending_prod':
      return policy.production;
    case 'pending_uat_merge':
      return policy.validation;
    case 'submitted':
    case 'deployed_prod':
    case 'uat_merged':
    case 'closed':
    case 'rejected':
      return null;
  }
}

/** The deploy scripts that a fix brings along: they run with the candidate, before anybody saw them run (4-interfaces §3). */
export function changedScripts({ fix }: Pick<BugState, 'fix'>, policy: ServicePolicy): readonly string[] {
  const scripts = Object.values(policy.environments).flatMap(({ deploy }) => deploy.script ?? []);
  return [...new Set(scripts)].filter((script) => fix?.files.includes(script) ?? false);
}

/** The verbs a bug waits for: whoever may use one of them finds the bug in their inbox. */
export function awaitedVerbs(state: BugState): readonly BugVerb[] {
  if (state.endedAt !== null) return [];
  if (state.status === 'submitted') return ['confirm', 'reject'];
  if (state.status === 'deployed_uat') return ['approve-prod', 'fail-validation'];
  return state.blocked === null ? [] : ['retry', 'attach-fix'];
}

/** Who must act, what comes next and what is in the way; all null at the end of a bug. */
export function bugOutlook(state: BugState, facts: BugFacts): BugOutlook {
  if (state.endedAt !== null) return { waitingFor: null, nextEvent: null, blockedBy: null };
  const blockedBy = blocker(state, facts.environment);
  return { waitingFor: waitingFor(state, facts), nextEvent: nextEvent(state, facts, blockedBy), blockedBy };
}

function blocker(state: BugState, environment: EnvironmentState | null): BlockedBy | null {
  if (state.blocked !== null) return { what: state.blocked.what, whoCanLift: state.blocked.whoCanLift };
  if (environment === null) return null;
  const { env, unknown, holds } = environment;
  if (unknown !== null) {
    return {
      what: `${env} is in an unknown state after ${unknown.deployment}: ${unknown.reason}`,
      whoCanLift: 'an admin or manager who looked at it (recheck)',
    };
  }
  if (holds.length === 0) return null;
  return {
    what: holds.map(({ by, reason }) => `${by} holds ${env}: ${reason}`).join('; '),
    whoCanLift: `${holds.map(({ by }) => by).join(' and ')} (resume)`,
  };
}

function waitingFor(state: BugState, facts: BugFacts): WaitingFor {
  const since = state.statusAt;
  if (state.blocked !== null && state.status !== 'deployed_uat') {
    return { who: state.blocked.whoCanLift, what: `a way past: ${state.blocked.what}`, since, until: null };
  }
  switch (state.status) {
    case 'submitted':
      return { who: 'admin or manager', what: 'confirm or reject the report', since, until: null };
    case 'deployed_uat':
      return validation(state, facts);
    case 'analyzing':
      return { who: 'tidegate', what: 'the analysis of the likely root cause', since, until: null };
    case 'confirmed':
    case 'planned':
    case 'pending_prod':
    case 'pending_uat_merge':
      return { who: 'tidegate', what: journey(state, facts).what, since, until: state.booking?.at ?? null };
    case 'deployed_prod':
      return {
        who: roles(facts.policy, state.severity),
        what: `validation on ${facts.policy.production}, then the merge to ${facts.policy.validation}`,
        since,
        until: null,
      };
    case 'uat_merged':
    case 'closed':
    case 'rejected':
      return { who: 'nobody', what: 'it has ended', since, until: null };
  }
}

const roles = (policy: ServicePolicy, severity: Severity): string => approvalRule(policy, severity).roles.join(' or ');

function validation(state: BugState, facts: BugFacts): WaitingFor {
  const { policy, nextT2 } = facts;
  const { count } = approvalRule(policy, state.severity);
  const given = countedApprovals(state);
  const votes = count > 1 ? ` (${given} of ${count} approvals given)` : '';
  const scripts = changedScripts(state, policy).join(', ');
  const warning = scripts === '' ? '' : `; this fix changes the deploy script ${scripts}`;
  return {
    who: roles(policy, state.severity),
    what: `validation on ${policy.validation}, then approve-prod of ${state.fix?.head.slice(0, 7) ?? 'the fix'}${votes}${warning}`,
    since: state.statusAt,
    until: nextT2?.cutoffAt ?? null,
  };
}

/** The ride that a bug is booked for, or that it would be booked for. */
function journey(state: BugState, { policy, now }: BugFacts): NextEvent {
  const env = state.booking?.env ?? boundFor(state, policy) ?? policy.production;
  if (state.booking === null) return { what: `a place on a train to ${env}`, at: null };
  const { slot, at } = state.booking;
  if (at !== null && at <= now) return { what: `the end of the deployment to ${env}`, at: null };
  const name = slot === null ? '' : `${slot}: `;
  const analysis = state.status === 'confirmed' ? 'analysis and ' : '';
  return { what: `${name}${analysis}deployment to ${env}`, at };
}

function nextEvent(state: BugState, facts: BugFacts, blockedBy: BlockedBy | null): NextEvent | null {
  switch (state.status) {
    case 'confirmed':
    case 'planned':
    case 'pending_prod':
    case 'pending_uat_merge':
      return blockedBy !== null && state.booking === null ? null : journey(state, facts);
    case 'analyzing':
      return { what: `deployment to ${facts.policy.validation}, once the analysis is written`, at: null };
    case 'deployed_uat':
      return facts.nextT2 === null
        ? null
        : { what: `T2: deployment to ${facts.policy.production}, if approved in time`, at: facts.nextT2.at };
    case 'submitted':
    case 'deployed_prod':
    case 'uat_merged':
    case 'closed':
    case 'rejected':
      return null;
  }
}
