/** The runbook of one deployment: one candidate to one environment, with a verdict (3-architecture §3). */
import {
  allHandlersFinished,
  CancellationScope,
  condition,
  getExternalWorkflowHandle,
  isCancellation,
  log,
  setCurrentDetails,
} from '@temporalio/workflow';
import type { Candidate, Verdict } from '../domain/deployment';
import type { DeploymentOrder } from '../domain/deployment-order';
import { abortReason, releasedReason, runningAfter, somebodyAboard } from '../domain/deployment-plan';
import { deploymentDetails } from '../domain/details';
import { environmentWorkflowId } from '../domain/ids';
import { arrivalText } from '../domain/texts';
import type { Baseline } from '../domain/watch';
import { listen } from './deployment-gate';
import { build, commit, execute, finish, goBack, openFlight, preflight, smoke, type Flight } from './deployment-steps';
import { verify, watch } from './deployment-watch';
import { deploymentEndedSignal, type DeploymentEnd } from './messages';
import { patientReads } from './proxies';
import { readable } from './readable';
import { tell } from './tell';
import { isUnknown, worldly } from './worldly';

/** How a deployment ended, before it is told to anybody. */
interface End {
  readonly verdict: Verdict;
  readonly reason: string;
  readonly committed: Candidate | null;
  readonly alsoHolds: readonly string[];
  /** Set when nobody can say what runs: a person must look. */
  readonly unknown: string | null;
}

export async function deploymentWorkflow(order: DeploymentOrder): Promise<DeploymentEnd> {
  const flight = openFlight(readable(order));
  listen(flight);
  const end = await carryOut(flight);
  const { verdict, reason, alsoHolds } = end;
  flight.journal.emit({ kind: 'deployment.ended', data: { verdict, reason, evidence: null } });
  setCurrentDetails(deploymentDetails(flight.journal.state()));
  await CancellationScope.nonCancellable(async () => {
    await flight.journal.drained();
    await flight.announced();
    await tell(arrivalText(flight.journal.state(), order.validation, alsoHolds));
    await reported(flight, end);
    await condition(allHandlersFinished);
    await flight.journal.drained();
  });
  return report(flight, end);
}

/** The way forward, which an abort or a cancellation leaves at any step; what happens then, nothing stops any more. */
async function carryOut(flight: Flight): Promise<End> {
  try {
    return await flight.forward.run(() => goForward(flight));
  } catch (error) {
    return CancellationScope.nonCancellable(() => interrupted(flight, error));
  }
}

async function goForward(flight: Flight): Promise<End> {
  const { failed, begun, baseline } = await preflight(flight);
  if (failed) return aborted(failed);
  const candidate = await build(flight);
  if (!somebodyAboard(flight.order, candidate)) return aborted('no passenger is left: every fix stayed behind');
  if (!begun && tooLate(flight.order))
    return aborted('the grace of its slot is over before anything was touched (X-19)');
  return putThere(flight, candidate, baseline);
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
  const breach = await watch(flight, candidate, baseline);
  if (breach) return rollBack(flight, candidate, breach, baseline);
  // Live and proven: from here on it is written down, whoever would like to stop it.
  const { alsoHolds, leftover } = await CancellationScope.nonCancellable(() => commit(flight, candidate));
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

/** A failure of the world, an abort or a cancellation, before or after something was touched (6-faults F28, F39). */
async function interrupted(flight: Flight, error: unknown): Promise<End> {
  const { phase, candidate } = flight.journal.state();
  const stopped = isCancellation(error);
  const reason = stopped ? abortReason(flight.journal.state()) : worldly(error);
  log.error('The deployment was interrupted.', { id: flight.order.id, reason });
  if (phase) finish(flight, phase, false, reason);
  if (candidate === null || !(await touched(flight))) return aborted(reason);
  // What was seen cannot be judged, and to go back over it would be a guess (6-faults F24).
  if (phase === 'rollback' || phase === 'verify' || isUnknown(error)) return unknownState(reason);
  return rollBack(flight, candidate, reason, null).catch((again: unknown) => unknownState(worldly(again)));
}

/** Whether the switch was intended: what stopped it before that, a person or the world, leaves everything as it is. */
async function touched({ order, journal }: Flight): Promise<boolean> {
  const { phases } = journal.state();
  if (!phases.some(({ phase }) => phase === 'execute')) return false;
  if (phases.at(-1)?.phase !== 'execute') return true;
  return (await patientReads.describeDeployment(order.service, order.env, order.id)).begun;
}

function releasedWhy({ journal }: Flight, leftover: string | null): string {
  const held = releasedReason(journal.state());
  return leftover === null ? held : `${held}; what could not be written down stays open: ${leftover}`;
}

function aborted(reason: string): End {
  return { verdict: 'Aborted', reason, committed: null, alsoHolds: [], unknown: null };
}

function rolledBack(reason: string, unknown: string | null): End {
  return { ...aborted(reason), verdict: 'Rolled-Back', unknown };
}

/** `Aborted` is said only where nothing was touched; what does not stand and what nobody can tell is not that. */
function unknownState(reason: string): End {
  return rolledBack(reason, reason);
}

/** An environment whose run is gone asks for the end itself when it is back: the verdict stands without it. */
async function reported(flight: Flight, end: End): Promise<void> {
  const { id, service, env } = flight.order;
  try {
    const environment = getExternalWorkflowHandle(environmentWorkflowId(service, env));
    await environment.signal(deploymentEndedSignal, report(flight, end));
  } catch (error) {
    log.warn('The environment could not be told of the end.', { id, error: worldly(error) });
  }
}

function report({ order, journal }: Flight, end: End): DeploymentEnd {
  const { verdict, reason, committed, alsoHolds, unknown } = end;
  const { breach, candidate } = journal.state();
  const running = committed && runningAfter(order, committed, Date.now());
  return { deployment: order.id, verdict, reason, breach, left: candidate?.left ?? [], running, alsoHolds, unknown };
}
