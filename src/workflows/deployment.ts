/** The runbook of one deployment: one candidate to one environment, with a verdict (3-architecture §3). */
import {
  CancellationScope,
  getExternalWorkflowHandle,
  isCancellation,
  log,
  setCurrentDetails,
} from '@temporalio/workflow';
import type { Candidate, Verdict } from '../domain/deployment';
import type { DeploymentOrder } from '../domain/deployment-order';
import { runningAfter, somebodyAboard } from '../domain/deployment-plan';
import { environmentWorkflowId } from '../domain/ids';
import { arrivalText } from '../domain/texts';
import type { Baseline } from '../domain/watch';
import {
  build,
  commit,
  execute,
  finish,
  goBack,
  openFlight,
  preflight,
  smoke,
  verify,
  watch,
  type Flight,
} from './deployment-steps';
import { deploymentEndedSignal, type DeploymentEnd } from './messages';
import { tell } from './tell';
import { readable } from './readable';
import { worldly } from './worldly';

/** How a deployment ended, before it is told to anybody. */
interface End {
  readonly verdict: Verdict;
  readonly reason: string;
  readonly committed: Candidate | null;
  readonly alsoHolds: readonly string[];
  /** Set when nobody can say what runs: a person must look. */
  readonly unknown: string | null;
}

export async function deploymentWorkflow(order: DeploymentOrder): Promise<Verdict> {
  const flight = openFlight(readable(order));
  const end = await carryOut(flight);
  const { verdict, reason, alsoHolds } = end;
  flight.journal.emit({ kind: 'deployment.ended', data: { verdict, reason, evidence: null } });
  setCurrentDetails(`### ${order.id} ${verdict}\n${reason}`);
  await CancellationScope.nonCancellable(async () => {
    await flight.journal.drained();
    await tell(arrivalText(flight.journal.state(), order.validation, alsoHolds));
    const environment = getExternalWorkflowHandle(environmentWorkflowId(order.service, order.env));
    await environment.signal(deploymentEndedSignal, report(flight, end));
  });
  return verdict;
}

async function carryOut(flight: Flight): Promise<End> {
  let candidate: Candidate | null = null;
  try {
    const { failed, baseline } = await preflight(flight);
    if (failed) return aborted(failed);
    candidate = await build(flight);
    if (!somebodyAboard(flight.order, candidate)) return aborted('no passenger is left: every fix stayed behind');
    if (tooLate(flight.order)) return aborted('the grace of its slot is over before anything was touched (X-19)');
    return await putThere(flight, candidate, baseline);
  } catch (error) {
    const built = candidate;
    return CancellationScope.nonCancellable(() => interrupted(flight, error, built));
  }
}

/** A worker that was away may come back hours after the slot, in a working day or a freeze. */
function tooLate({ leaveUntil }: DeploymentOrder): boolean {
  return leaveUntil !== null && Date.now() > leaveUntil;
}

async function putThere(flight: Flight, candidate: Candidate, baseline: Baseline | null): Promise<End> {
  const act = await execute(flight, candidate);
  if (act.outcome === 'refused') return aborted(act.reason);
  if (act.outcome === 'unknown') return unknownState(act.reason);
  if (act.outcome === 'failed') return rollBack(flight, candidate, act.reason, baseline);
  const broken = await smoke(flight, candidate);
  if (broken) return rollBack(flight, candidate, broken, baseline);
  const breach = await watch(flight, baseline);
  if (breach) return rollBack(flight, candidate, breach, baseline);
  const { alsoHolds, leftover } = await commit(flight, candidate);
  return { verdict: 'Released', reason: releasedWhy(flight, leftover), committed: candidate, alsoHolds, unknown: null };
}

/**
 * Back to what ran before, then proof that it runs again; a failed proof is for a person, never a loop. Nothing
 * cancels a rollback: it completes first (6-faults F52).
 */
function rollBack(flight: Flight, candidate: Candidate, why: string, baseline: Baseline | null): Promise<End> {
  const { previous } = flight;
  return CancellationScope.nonCancellable(async () => {
    if (previous === null) {
      return unknownState(`${why}; this is the first deployment, so there is nothing to roll back to (X-33)`);
    }
    const failed = await goBack(flight, candidate, previous);
    if (failed !== null) return rolledBack(why, `the rollback to ${previous.version} did not succeed: ${failed}`);
    const problem = await verify(flight, previous, baseline);
    return rolledBack(why, problem && `the rollback to ${previous.version} could not be verified: ${problem}`);
  });
}

/** A failure of the world or a cancellation, before or after something was touched. */
async function interrupted(flight: Flight, error: unknown, candidate: Candidate | null): Promise<End> {
  const reason = isCancellation(error) ? 'cancelled by an operator' : worldly(error);
  log.error('The deployment was interrupted.', { id: flight.order.id, reason });
  const { phase, phases } = flight.journal.state();
  if (phase) finish(flight, phase, false, reason);
  if (candidate === null || !phases.some((record) => record.phase === 'execute')) return aborted(reason);
  if (phase === 'rollback' || phase === 'verify') return unknownState(reason);
  return rollBack(flight, candidate, reason, null).catch((again: unknown) => unknownState(worldly(again)));
}

function releasedWhy({ journal }: Flight, leftover: string | null): string {
  const { breach } = journal.state();
  const held = breach ? `released with a soft breach: ${breach.sentence}` : 'deployed, smoke passed, watch held';
  return leftover === null ? held : `${held}; what could not be written down stays open: ${leftover}`;
}

function aborted(reason: string): End {
  return { verdict: 'Aborted', reason, committed: null, alsoHolds: [], unknown: null };
}

function rolledBack(reason: string, unknown: string | null): End {
  return { ...aborted(reason), verdict: 'Rolled-Back', unknown };
}

function unknownState(reason: string): End {
  return { ...aborted(reason), unknown: reason };
}

function report({ order, journal }: Flight, end: End): DeploymentEnd {
  const { verdict, reason, committed, alsoHolds, unknown } = end;
  const { breach, candidate } = journal.state();
  const running = committed && runningAfter(order, committed, Date.now());
  return { deployment: order.id, verdict, reason, breach, left: candidate?.left ?? [], running, alsoHolds, unknown };
}
