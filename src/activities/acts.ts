/** What acts on an environment: deploy and roll back, each at most once per intent (3-architecture §3 rule 11). */
import type { Candidate, Check, Target } from '../domain/deployment';
import type { DeploymentOrder } from '../domain/deployment-order';
import { abortReason, failedChecks } from '../domain/deployment-plan';
import { explainExit } from '../domain/exit-codes';
import type { ActResult, Deployer, DeployOrder, LogLine, Observation } from '../ports/deployer';
import { alive, attempt, beating, stopSignal, unlessStopped, withHooks } from './context';
import { approvalCheck } from './approvals';
import { targetOf, type ActivityDeps } from './deps';
import type { ActEnd, Activities } from './index';
import { actOnce, runs, sawSentence } from './step';
import { driftCheck } from './target';

/** A target may need a moment after its script ended; an unclear answer is asked for again, never guessed. */
const LOOKS = 10;
const LOOK_EVERY_MS = 1_000;
/** The rollback's lines follow the deployment's in one log, although its output file begins at 0 again. */
const ROLLBACK_OFFSET = 1e12;

interface Act {
  /** Asked before anything is touched, with what the target shows then. */
  readonly permission: (before: Observation) => Promise<readonly Check[]>;
  readonly deployer: Deployer;
  readonly order: DeployOrder;
  readonly reached: (observation: Observation) => boolean;
  readonly alreadyThere: (observation: Observation) => boolean;
}

function deployOrder(
  order: DeploymentOrder,
  act: DeployOrder['act'],
  to: Target,
  previous: Target | null,
): DeployOrder {
  const { idleTimeoutMs, timeoutMs } = order.policy.deploy;
  const fence = act === 'deploy' ? order.fence : order.fence + 1;
  return {
    deployment: order.id,
    fence,
    attempt: attempt(),
    strategy: order.strategy,
    to,
    previous,
    act,
    idleTimeoutMs,
    timeoutMs,
  };
}

async function look({ clock }: ActivityDeps, { deployer, reached }: Act): Promise<Observation> {
  let seen = await deployer.observe();
  for (let looks = 1; looks < LOOKS && !reached(seen); looks += 1) {
    alive('looking');
    await clock.sleep(LOOK_EVERY_MS, stopSignal());
    seen = await deployer.observe();
  }
  return seen;
}

async function concluded(deps: ActivityDeps, act: Act, result: ActResult, checks: readonly Check[]): Promise<ActEnd> {
  const metadata = result.outcome === 'lost' ? {} : result.metadata;
  const problem = resultProblem(result);
  if (problem !== null) return { outcome: 'failed', checks, metadata, reason: problem };
  const seen = await look(deps, act);
  const { version } = act.order.to;
  if (act.reached(seen))
    return { outcome: 'done', checks, metadata, proof: `${version} answers: ${sawSentence(seen)}` };
  const said =
    result.outcome === 'lost' ? 'The script is gone without an exit code' : 'The script said that it is done';
  const reason = `${said}, but the target shows ${sawSentence(seen)} instead of ${version}`;
  const unclear = seen.state === 'unclear';
  return unclear ? { outcome: 'unknown', checks, reason } : { outcome: 'failed', checks, metadata, reason };
}

async function carryOut(deps: ActivityDeps, act: Act, step: 'execute' | 'rollback'): Promise<ActEnd> {
  const { ledger, clock, host } = deps;
  const { deployer, order, alreadyThere, permission } = act;
  const { deployment, fence, attempt: tries } = order;
  let checks: readonly Check[] = [];
  const shift = order.act === 'rollback' ? ROLLBACK_OFFSET : 0;
  const write = (lines: readonly LogLine[]) =>
    ledger.addLog(
      deployment,
      lines.map((line) => ({ ...line, offset: line.offset + shift })),
    );
  // What people were told is done stands in the ledger, also before the cancellation has come through.
  const stopped = async (): Promise<string | null> => {
    const known = await ledger.deployment(deployment);
    return known?.abort ? abortReason(known) : null;
  };
  return actOnce(ledger, {
    deployment,
    step,
    fence,
    attempt: tries,
    host,
    now: () => clock.now(),
    alreadyThere,
    observe: () => beating(deployer.observe()),
    begun: () => deployer.begun(order),
    retire: () => beating(deployer.retire(order)),
    async checks(before) {
      if (order.act === 'rollback') return null;
      // An abort that came meanwhile touches nothing (6-faults F28).
      checks = unlessStopped([...(await permission(before)), ...(await beating(deployer.check(order)))]);
      const failed = failedChecks(checks) ?? (await stopped());
      return failed === null ? null : { refused: { outcome: 'refused', checks, reason: failed } };
    },
    async act() {
      const result = await withHooks(clock, write, (hooks) => deployer.act(order, hooks));
      return concluded(deps, act, result, checks);
    },
  });
}

/** How an act's end is told from what was there before it. */
function actOn(deps: ActivityDeps, plan: DeploymentOrder, order: DeployOrder, deployment: string | null): Act {
  const { deployer } = targetOf(deps, plan.service, plan.env);
  const another = order.to.version !== order.previous?.version;
  const ours = (seen: Observation): boolean => order.act === 'rollback' || !putByAnother(seen, order.deployment);
  return {
    permission: () => Promise.resolve([]),
    deployer,
    order,
    reached: (seen) => runs(seen, order.to, deployment, { byVersion: ours(seen) }),
    alreadyThere: (seen) => runs(seen, order.to, deployment, { byVersion: another && ours(seen) }),
  };
}

/** The target itself says that its build is somebody else's: its version may well be called the same (6-faults E2). */
function putByAnother(seen: Observation, deployment: string): boolean {
  return seen.state === 'running' && seen.deployment !== null && seen.deployment !== deployment;
}

/** A slot's train that waited beyond its grace, for its worker or for its environment, touches nothing. */
function slotCheck({ env, leaveUntil }: DeploymentOrder, now: number): readonly Check[] {
  if (leaveUntil === null || now <= leaveUntil) return [];
  const detail = `the grace of its slot is over before anything was touched on ${env} (X-19)`;
  return [{ name: 'slot', ok: false, detail }];
}

export function createActs(deps: ActivityDeps): Pick<Activities, 'deployCandidate' | 'rollBack'> {
  return {
    deployCandidate(order, candidate) {
      const previous = order.running && { version: order.running.version, sha: order.running.sha };
      const act = actOn(deps, order, deployOrder(order, 'deploy', candidate, previous), order.id);
      const permission = async (before: Observation) => [
        ...slotCheck(order, deps.clock.now()),
        // Preflight had a clear answer: only another one counts now, not a moment of silence.
        ...(before.state === 'running' ? [driftCheck(order, before)] : []),
        await approvalCheck(deps, order, candidate),
      ];
      return carryOut(deps, { ...act, permission }, 'execute');
    },
    async rollBack(order, candidate: Candidate, to) {
      const left = await deployLeft(deps, order);
      if ('reason' in left) return { outcome: 'unknown', checks: [], reason: left.reason };
      const deployment = order.running?.deployment ?? null;
      const act = actOn(deps, order, deployOrder(order, 'rollback', to, candidate), deployment);
      // What began may have switched halfway: one answer of the old version does not prove that all of it is back.
      const alreadyThere = (seen: Observation): boolean => !left.began && act.alreadyThere(seen);
      return carryOut(deps, { ...act, alreadyThere }, 'rollback');
    },
  };
}

/**
 * Whoever followed the deploy may have died while it was being aborted: its script would go on, and switch after the
 * target was seen with the old version (6-faults E4, F39). It is ended first. Whether it ever began, or why nobody here
 * can say that.
 */
async function deployLeft(
  deps: ActivityDeps,
  order: DeploymentOrder,
): Promise<{ readonly began: boolean } | { readonly reason: string }> {
  const row = await deps.ledger.step(order.id, 'execute');
  const elsewhere = row !== null && row.host !== deps.host;
  if (elsewhere && (row.state === 'intent' || row.state === 'unknown')) {
    const reason = `${row.host} began to deploy ${order.id} and was lost. Look whether its script still runs there, then recheck.`;
    return { reason };
  }
  const { deployer } = targetOf(deps, order.service, order.env);
  const never = await beating(deployer.retire({ deployment: order.id, act: 'deploy', fence: order.fence }));
  await beating(deployer.stop(order.id, 'deploy'));
  return { began: elsewhere || !never };
}

/** Why a result is a failure; null when only the target can tell. */
function resultProblem(result: ActResult): string | null {
  switch (result.outcome) {
    case 'exited':
      return result.code === 0
        ? null
        : `deploy script failure: ${explainExit(result.code)}. Last lines: ${result.tail.slice(-400)}`;
    case 'hung':
      return `Deploy hung — manual investigation required (silent for ${Math.round(result.silentMs / 1000)} s)`;
    case 'timed-out':
      return 'The deploy script ran into its time limit and was ended';
    case 'lost':
      return null;
  }
}
