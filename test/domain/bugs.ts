/** Bugs, people and decisions for the tests of the domain: every state is the fold of what happened. */
import type { Approval, Booking, BugEvent, BugState, BugStatus, Fix } from '../../src/domain/bug';
import { evolveBug } from '../../src/domain/bug-evolve';
import type { DomainEvent, Stamped } from '../../src/domain/events';
import { TEMPORAL_OPERATOR, TIDEGATE, type Actor, type Role } from '../../src/domain/people';
import type { ApprovalRule, ServicePolicy } from '../../src/domain/policy';
import type { BugDecision, BugVerb } from '../../src/domain/verbs';
import { FIX, HEAD, policyOf, reportOf } from '../api/sample';
import { proofBy } from '../support/signing';

export const AT = Date.UTC(2026, 10, 20, 12);

export function stamped<E extends DomainEvent>(event: E, by = 'tidegate', at = AT, reason: string | null = null) {
  const stamp = { at, actor: by, surface: 'api', reason } as const;
  return { ...event, ...stamp } as Stamped<E>;
}

/** Freezes all the way down: whoever writes to it throws. */
export function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    Object.values(value).forEach(frozen);
  }
  return value;
}

/** `rita` reported it and `mona` wrote the fix; both are managers, so that only four eyes stop them. */
export const PEOPLE: readonly Actor[] = [
  person('ann', 'admin'),
  person('bo', 'manager'),
  person('sen', 'senior'),
  person('cto', 'cto'),
  person('dev', 'developer'),
  person('ops', 'operator'),
  person('aud', 'auditor'),
  person('rita', 'manager'),
  person('mona', 'manager'),
  person('mia', 'manager'),
  TEMPORAL_OPERATOR,
  TIDEGATE,
];

function person(id: string, ...roles: Role[]): Actor {
  return { id, roles, surface: 'api' };
}

export function personCalled(id: string): Actor {
  return PEOPLE.find((actor) => actor.id === id) ?? person(id);
}

export const RULE: ApprovalRule = { count: 1, roles: ['admin', 'manager'], notRequester: true };
export const POLICY: ServicePolicy = policyOf('shop', RULE);
export const TWO_EACH: ServicePolicy = policyOf('shop', { ...RULE, count: 2 });

export const FIX_OF_MONA: Fix = { ...FIX, authors: ['mona@example.org'] };

export const approvalOf = (by: string, sha = HEAD): Approval => ({
  by,
  roles: ['manager'],
  at: AT,
  sha,
  proof: proofBy(by, sha, '7', AT),
  productionSha: null,
  reason: null,
});

export const bookedFor = (env: string, slot: 'T1' | 'T2', at: number, request: string | null = null): Booking => ({
  env,
  slot,
  at,
  graceUntil: at + 3_600_000,
  label: `2026-11-20 ${slot === 'T1' ? '20' : '22'}:00 Asia/Bangkok`,
  request,
});

export const BLOCKED = { what: 'the merge needs a person', whoCanLift: 'a developer', files: ['price.js'] };
const VALIDATION = {
  deployment: 'shop-uat-1',
  version: '1.4.2+bug.7',
  sha: 'b'.repeat(40),
  fixHead: HEAD,
  alsoHolds: [],
};

/** What happened to bug 7, one event for each step that it took. */
export const HAPPENED = {
  reported: { kind: 'bug.reported', data: reportOf('shop', '7') },
  confirmed: {
    kind: 'bug.confirmed',
    data: { flow: 'flow1', severity: 'low', foundIn: 'uat', evidence: [], booking: bookedFor('uat', 'T1', AT + 1) },
  },
  analysing: { kind: 'bug.analysis-started', data: {} },
  planned: {
    kind: 'bug.planned',
    data: { analysis: null, fix: FIX_OF_MONA, booking: bookedFor('uat', 'T1', AT, 'r1') },
  },
  blocked: { kind: 'bug.blocked', data: BLOCKED },
  onValidation: { kind: 'bug.deployed-uat', data: { validation: VALIDATION } },
  approved: {
    kind: 'bug.approved',
    data: { approval: approvalOf('mia'), missing: 0, booking: bookedFor('prod', 'T2', AT + 1, 'r2') },
  },
  halfApproved: { kind: 'bug.approved', data: { approval: approvalOf('mia'), missing: 1, booking: null } },
  shipped: {
    kind: 'bug.deployed-prod',
    data: { deployment: 'shop-prod-1', version: '1.4.3', sha: 'c'.repeat(40), alsoHolds: [] },
  },
  rejected: { kind: 'bug.rejected', data: {} },
  closed: { kind: 'bug.closed', data: {} },
} as const satisfies Readonly<Record<string, BugEvent>>;

/** Folds what happened; a bug is reported by rita. */
export function bugAfter(...steps: (keyof typeof HAPPENED)[]): BugState {
  const events = steps.map((step) => HAPPENED[step]);
  return events.reduce<BugState>(
    (state, event) => evolveBug(state, stamped(event)),
    evolveBug(null, stamped(HAPPENED.reported, 'rita')),
  );
}

/** A bug in each status. Flow 2 is not walked yet: its statuses are set, all else is as it was in production. */
export function bugIn(status: BugStatus): BugState {
  switch (status) {
    case 'submitted':
      return bugAfter();
    case 'confirmed':
      return bugAfter('confirmed');
    case 'analyzing':
      return bugAfter('confirmed', 'analysing');
    case 'planned':
      return bugAfter('confirmed', 'analysing', 'planned');
    case 'deployed_uat':
      return bugAfter('confirmed', 'analysing', 'planned', 'onValidation');
    case 'pending_prod':
      return bugAfter('confirmed', 'analysing', 'planned', 'onValidation', 'approved');
    case 'deployed_prod':
      return bugAfter('confirmed', 'analysing', 'planned', 'onValidation', 'approved', 'shipped');
    case 'closed':
      return bugAfter('confirmed', 'closed');
    case 'rejected':
      return bugAfter('rejected');
    case 'pending_uat_merge':
      return { ...bugIn('deployed_prod'), status, flow: 'flow2', endedAt: null };
    case 'uat_merged':
      return { ...bugIn('deployed_prod'), status, flow: 'flow2' };
  }
}

/** A decision with everything its verb asks for. */
export function decisionTo(verb: BugVerb, more: Partial<BugDecision> = {}): BugDecision {
  return {
    id: 'd1',
    verb,
    actor: null,
    signature: null,
    sha: verb === 'approve-prod' ? HEAD : null,
    reason: 'because',
    severity: null,
    foundIn: null,
    flow: null,
    ref: verb === 'attach-fix' ? 'fix/7' : null,
    ...more,
  };
}
