/** What an environment's run needs to know before it acts, as pure functions over its state. */
import type { DeploymentOrder } from './deployment-order';
import { runningAfter } from './deployment-plan';
import type { Current, DeployRequest, EnvironmentState, Remembered, Running } from './environment';
import { isReleased, type DeploymentState, type LeftBehind, type Verdict } from './deployment';
import { environmentPolicy, type ServicePolicy } from './policy';
import type { SkippedSlot } from './slots';
import type { Breach } from './watch';

/** Everything a deployment needs, with the policy as it is at departure (3-architecture §3 rule 8). */
export function deploymentOrder(state: EnvironmentState, policy: ServicePolicy, current: Current): DeploymentOrder {
  const { service, env, running } = state;
  const place = environmentPolicy(policy, env);
  const passengers = current.requests.flatMap(({ passenger }) => (passenger ? [passenger] : []));
  const aboard = new Set(passengers.map(({ bug }) => bug));
  const kept = place.production
    ? []
    : (running?.fixes ?? []).filter((applied) => !applied.leaving && !aboard.has(applied.bug));
  return {
    id: current.deployment,
    service,
    env,
    strategy: 'all-at-once',
    fence: current.fence,
    departedAt: current.startedAt,
    passengers,
    kept,
    running,
    base: baseFor(running, place.production),
    policy: place,
    leaveUntil: current.leaveUntil,
    mainline: policy.fix.mainline,
    validation: policy.validation,
    zone: policy.zone,
    revision: policy.revision,
    signers: policy.signers,
  };
}

/** Production is built on what it runs; below, on the released version its build stands on (X-17, X-21). */
function baseFor(running: Running | null, production: boolean): DeploymentOrder['base'] {
  if (running === null) return null;
  return production ? { version: running.version, sha: running.sha } : running.base;
}

/** The part of an environment's state that a run which begins anew takes over from the ledger. */
export function remembered(state: EnvironmentState): Remembered {
  const { queue, current, slot, departedSlots, endedRequests, holds, unknown, lastGood } = state;
  return { queue, current, slot, departedSlots, endedRequests, holds, unknown, lastGood };
}

/** A deployment that never reported, as the ledger knows it; without a verdict there its state is unknown. */
export function endOnRecord(
  order: DeploymentOrder,
  recorded: DeploymentState | null,
  silence: string,
): DeploymentResult & { readonly unknown: string | null } {
  const { breach = null, candidate = null, verdict = null } = recorded ?? {};
  const left = candidate?.left ?? [];
  const none = { deployment: order.id, breach, left, alsoHolds: [] };
  if (recorded === null || verdict === null)
    return { ...none, verdict: 'Aborted', reason: silence, running: null, unknown: silence };
  const running =
    isReleased(verdict) && candidate ? runningAfter(order, candidate, recorded.endedAt ?? recorded.startedAt) : null;
  const unproven = verdict === 'Rolled-Back' && recorded.rollback?.verified !== true;
  return { ...none, verdict, reason: recorded.reason ?? silence, running, unknown: unproven ? silence : null };
}

const SLACK_MS = 30 * 60_000;

/** After so long without news the environment asks whether its deployment's run is still there. */
export function longestDeployment(policy: ServicePolicy, env: string): number {
  const { deploy, watch } = environmentPolicy(policy, env);
  return 2 * deploy.timeoutMs + watch.windowMs + watch.miniWindowMs + SLACK_MS;
}

/** Why a departure moved: a freeze by name, or what the plan says. */
export function movedWhy(answer: { readonly skipped: readonly SkippedSlot[] }, why: string): string {
  const skipped = answer.skipped.at(-1);
  return skipped ? `freeze ${skipped.freeze.name}${skipped.freeze.reason ? ` (${skipped.freeze.reason})` : ''}` : why;
}

/** How a deployment ended, as far as its environment needs to know. */
export interface DeploymentResult {
  readonly deployment: string;
  readonly verdict: Verdict;
  readonly reason: string;
  readonly breach: Breach | null;
  readonly left: readonly LeftBehind[];
  /** What the environment runs now; null: unchanged. */
  readonly running: Running | null;
  /** Other fixes that validation holds and production does not ("UAT also holds #7", X-17). */
  readonly alsoHolds: readonly string[];
}

/** A deployment's end as it concerns one of its requests. */
export function arrivalFor(request: DeployRequest, env: string, end: DeploymentResult) {
  const bug = request.passenger?.bug ?? null;
  const { deployment, verdict, reason, breach, running } = end;
  return {
    request: request.id,
    env,
    deployment,
    verdict,
    reason,
    left: end.left.find((left) => left.bug === bug) ?? null,
    breach,
    version: running?.version ?? null,
    sha: running?.sha ?? null,
    alsoHolds: end.alsoHolds.filter((other) => other !== bug),
  };
}

/** The bugs whose fixes a released train brought: everybody aboard but those who stayed behind. */
export function shippedBy(current: Current, left: readonly LeftBehind[]): readonly string[] {
  const gone = left.map(({ bug }) => bug);
  return current.requests.flatMap(({ passenger }) =>
    passenger && !gone.includes(passenger.bug) ? [passenger.bug] : [],
  );
}
