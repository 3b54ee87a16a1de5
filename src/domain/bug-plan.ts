/** What a bug's run does next, as data: the workflow walks it (T-014, T-032, X-06). */
import type { Blocked, BugEvent, BugState } from './bug';
import { isReleased, type LeftBehind, type Verdict } from './deployment';
import type { Breach } from './watch';

export type BugStep =
  /** Only a person moves it on. */
  | { readonly step: 'wait' }
  /** Sleep until its slot; a decision or a moved calendar wakes it earlier. */
  | { readonly step: 'sleep'; readonly until: number }
  | { readonly step: 'analyse' }
  /** A place on the environment's train is asked for, and its end awaited. */
  | { readonly step: 'ride'; readonly env: string; readonly request: string };

/** The next step of an open bug. Total: every status has a way on, or a person it waits for. */
export function nextStep(state: BugState, now: number): BugStep {
  const { booking } = state;
  if (state.status === 'analyzing') return { step: 'analyse' };
  if (booking === null || state.blocked !== null) return { step: 'wait' };
  if (booking.request !== null) return { step: 'ride', env: booking.env, request: booking.request };
  if (booking.at === null) return { step: 'wait' };
  return booking.at > now ? { step: 'sleep', until: booking.at } : { step: 'analyse' };
}

/** A deployment's end as it concerns one passenger. */
export interface RideEnd {
  readonly env: string;
  readonly deployment: string;
  readonly verdict: Verdict;
  readonly reason: string;
  readonly left: LeftBehind | null;
  readonly breach: Breach | null;
  readonly version: string | null;
  readonly sha: string | null;
  readonly alsoHolds: readonly string[];
}

/** Who can go on after staying behind: the fix is wrong, or only the ground under it moved. */
const LIFTS: Readonly<Record<LeftBehind['cause'], string>> = {
  conflict: 'a developer with a new fix (attach-fix)',
  changed: 'a developer who attaches the fix again (attach-fix)',
  missing: 'a developer with a new fix (attach-fix)',
  'base-moved': 'an approver (approve-prod), once validation holds what production gained',
};

function whyBack(end: RideEnd): Blocked {
  if (end.left === null) {
    return {
      what: `${end.deployment} to ${end.env} ended ${end.verdict}: ${end.reason}`,
      whoCanLift: 'a developer with a new fix (attach-fix), or retry / approve-prod once the cause is gone',
      files: [],
    };
  }
  return { what: end.left.reason, whoCanLift: LIFTS[end.left.cause], files: end.left.files };
}

/**
 * What a train's end means for a bug: arrived, or back to where a person must look again: the approval is void
 * and nothing is queued again by itself. Validation leg → `planned`; Flow 1 production leg → `deployed_uat`.
 */
export function afterRide(state: BugState, end: RideEnd, production: string): BugEvent {
  const validating = end.env !== production;
  const arrived = end.left === null && isReleased(end.verdict);
  const { deployment, version, sha, alsoHolds, breach } = end;
  if (arrived && version !== null && sha !== null) {
    return validating
      ? {
          kind: 'bug.deployed-uat',
          data: { validation: { deployment, version, sha, fixHead: state.fix?.head ?? '', alsoHolds } },
        }
      : { kind: 'bug.deployed-prod', data: { deployment, version, sha, alsoHolds } };
  }
  const to = validating ? 'planned' : 'deployed_uat';
  return { kind: 'bug.returned', data: { to, deployment, blocked: whyBack(end), breach } };
}
