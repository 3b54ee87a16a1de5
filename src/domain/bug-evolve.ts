/** How events change a bug: the one fold behind the workflow's state and the ledger's read model (3-architecture §3 rule 2). */
import type { BugEvent, BugState, BugStatus, Flow } from './bug';
import type { Stamped } from './events';

function reported(event: Stamped<BugEvent> & { kind: 'bug.reported' }): BugState {
  return {
    ...event.data,
    status: 'submitted',
    flow: null,
    reporter: event.actor,
    reportedAt: event.at,
    statusAt: event.at,
    confirmedBy: null,
    fix: null,
    analysis: null,
    validation: null,
    approvals: [],
    booking: null,
    blocked: null,
    deployments: [],
    shipped: null,
    endedAt: null,
  };
}

/** A new fix, a failed validation or a failed deployment voids what people let through. */
const NO_APPROVAL = { approvals: [], validation: null, booking: null } as const;

function addDeployment(state: BugState, deployment: string | null): readonly string[] {
  return deployment === null || state.deployments.includes(deployment)
    ? state.deployments
    : [...state.deployments, deployment];
}

type Of<K extends BugEvent['kind']> = Stamped<Extract<BugEvent, { readonly kind: K }>>;

/** What each event changes; `status` alone moves `statusAt`, and an ending status sets `endedAt`. */
const CHANGES: { readonly [K in BugEvent['kind']]: (state: BugState, event: Of<K>) => Partial<BugState> } = {
  'bug.reported': () => ({}),
  'bug.confirmed': (_, { data, actor }) => ({
    status: 'confirmed',
    flow: data.flow,
    severity: data.severity,
    foundIn: data.foundIn,
    booking: data.booking,
    confirmedBy: actor,
    blocked: null,
  }),
  'bug.rejected': () => ({ status: 'rejected', blocked: null, booking: null }),
  'bug.closed': () => ({ status: 'closed', blocked: null, booking: null }),
  'bug.withdrawn': () => ({ status: 'closed', blocked: null, booking: null }),
  'bug.fix-attached': ({ status, flow, blocked }, { data: { fix, booking } }) => {
    const validated = status === 'deployed_uat' || status === 'pending_prod';
    // What Step 0 found wrong is not mended by a fix: retry asks it again.
    return {
      ...NO_APPROVAL,
      fix,
      booking,
      blocked: flow === null ? blocked : null,
      status: validated ? 'planned' : status,
    };
  },
  'bug.analysis-started': () => ({ status: 'analyzing', booking: null }),
  'bug.planned': (state, { data: { analysis, fix, booking } }) => ({
    status: 'planned',
    analysis: analysis ?? state.analysis,
    fix: fix ?? state.fix,
    booking,
  }),
  'bug.booked': (_, { data }) => ({ booking: data.booking }),
  'bug.blocked': (_, { data }) => ({ blocked: data, booking: null }),
  'bug.retried': (_, { data: { flow, booking } }) => ({ blocked: null, flow, booking }),
  'bug.deployed-uat': (state, { data: { validation } }) => ({
    status: 'deployed_uat',
    validation,
    deployments: addDeployment(state, validation.deployment),
    booking: null,
    blocked: null,
    approvals: [],
  }),
  'bug.approved': (state, { data: { approval, missing, booking } }) => {
    const approvals = [...state.approvals, approval];
    return missing > 0 ? { approvals } : { approvals, status: 'pending_prod', booking, blocked: null };
  },
  'bug.approval-withdrawn': (state, { data }) => ({
    approvals: state.approvals.filter((approval) => approval.by !== data.by),
    status: 'deployed_uat',
    booking: null,
  }),
  'bug.validation-failed': (_, { reason }) => ({
    ...NO_APPROVAL,
    status: 'planned',
    blocked: {
      what: `Validation failed: ${reason ?? 'no reason given'}`,
      whoCanLift: 'a developer with a new fix (attach-fix), or retry',
      files: [],
    },
  }),
  'bug.deployed-prod': (state, { data: { deployment, version, sha, alsoHolds } }) => ({
    status: 'deployed_prod',
    deployments: addDeployment(state, deployment),
    shipped: { version, sha, alsoHolds },
    booking: null,
    blocked: null,
  }),
  'bug.returned': (state, { data: { to, deployment, blocked } }) => ({
    ...NO_APPROVAL,
    validation: to === 'deployed_uat' ? state.validation : null,
    status: to,
    blocked,
    deployments: addDeployment(state, deployment),
  }),
  'bug.moved': (_, { data }) => ({ booking: data.booking }),
};

/** The table's row and the event are of the same kind; TypeScript cannot see that through the union. */
function change(state: BugState, event: Stamped<BugEvent>): Partial<BugState> {
  const row = CHANGES[event.kind] as (state: BugState, event: Stamped<BugEvent>) => Partial<BugState>;
  return row(state, event);
}

function endsAt(status: BugStatus, flow: Flow | null, at: number): number | null {
  const ended =
    status === 'closed' ||
    status === 'rejected' ||
    status === 'uat_merged' ||
    (status === 'deployed_prod' && flow === 'flow1');
  return ended ? at : null;
}

/**
 * The one way a bug changes; the workflow's state and the ledger's read model are both this fold.
 * A first event other than `bug.reported` is a mistake of ours and throws.
 */
export function evolveBug(state: BugState | null, event: Stamped<BugEvent>): BugState {
  if (event.kind === 'bug.reported') return state ?? reported(event);
  if (state === null) throw new Error(`a bug begins with bug.reported, not ${event.kind}`);
  const next = { ...state, ...change(state, event) };
  return next.status === state.status
    ? next
    : { ...next, statusAt: event.at, endedAt: endsAt(next.status, next.flow, event.at) };
}
