/** The steps of a deployment, each one phase: what is asked of the world, and what the record says of it. */
import { CancellationScope, setCurrentDetails, workflowInfo } from '@temporalio/workflow';
import type { ActEnd } from '../activities';
import {
  evolveDeployment,
  type Candidate,
  type DeploymentEvent,
  type DeploymentState,
  type Phase,
  type Target,
} from '../domain/deployment';
import type { DeploymentOrder } from '../domain/deployment-order';
import { failedChecks, failedSmoke, somebodyAboard } from '../domain/deployment-plan';
import { deploymentDetails } from '../domain/details';
import type { Message } from '../domain/events';
import { deploymentSubject } from '../domain/ids';
import type { Baseline } from '../domain/watch';
import { openJournal, type Journal } from './journal';
import { environmentActs, environmentReads, gitWrites } from './proxies';
import { tell } from './tell';
import { createVisibility } from './visibility';
import { worldly } from './worldly';

/** One deployment under way. */
export interface Flight {
  readonly order: DeploymentOrder;
  readonly journal: Journal<DeploymentState, DeploymentEvent>;
  /** What ran before: where a rollback goes; null for a first deployment. */
  readonly previous: Target | null;
  /** All that leads forward: an abort cancels it, what leads back is outside its reach. */
  readonly forward: CancellationScope;
  readonly show: ReturnType<typeof createVisibility>;
  /** Tells people without waiting for the channel. */
  announce(message: Message): void;
  /** Resolves once everything announced was sent or given up. */
  announced(): Promise<void>;
}

/** Beyond an act's own limit, so that the act can speak first. */
const SLACK_MS = 10 * 60_000;

export function openFlight(order: DeploymentOrder): Flight {
  const { id, service, env, strategy, passengers, fence, revision, running, policy } = order;
  const previous = running && { version: running.version, sha: running.sha };
  const journal = openJournal<DeploymentState, DeploymentEvent>({
    workflowId: workflowInfo().workflowId,
    service,
    subject: deploymentSubject(id),
    state: null,
    seq: 0,
    evolve: evolveDeployment,
  });
  const { production } = policy;
  journal.emit({
    kind: 'deployment.started',
    data: { id, service, env, production, strategy, passengers, previous, fence, revision },
  });
  const news: Promise<void>[] = [];
  return {
    order,
    journal,
    previous,
    forward: new CancellationScope(),
    show: createVisibility(),
    announce(message) {
      setCurrentDetails(deploymentDetails(journal.state()));
      news.push(CancellationScope.nonCancellable(() => tell(message)));
    },
    async announced() {
      await Promise.all(news);
    },
  };
}

export function begin({ journal }: Flight, phase: Phase): void {
  journal.emit({ kind: 'deployment.phase-started', data: { phase } });
  setCurrentDetails(deploymentDetails(journal.state()));
}

/** Closes a phase with its result in words. */
export function finish({ journal }: Flight, phase: Phase, ok: boolean, detail: string): void {
  journal.emit({ kind: 'deployment.phase-ended', data: { phase, ok, detail } });
}

const target = ({ order }: Flight) => environmentReads(order.service, order.env);
const acts = ({ order }: Flight) => environmentActs(order.service, order.env, order.policy.deploy.timeoutMs + SLACK_MS);

/** Is the environment what the record says, and is there something to compare with afterwards? */
export async function preflight(
  flight: Flight,
): Promise<{ readonly failed: string | null; readonly begun: boolean; readonly baseline: Baseline | null }> {
  begin(flight, 'preflight');
  const { checks, begun, baseline } = await target(flight).preflight(flight.order, Date.now());
  flight.journal.emit({ kind: 'deployment.checked', data: { checks } });
  const failed = failedChecks(checks);
  finish(flight, 'preflight', failed === null, failed ?? `${checks.length} checks passed`);
  return { failed, begun, baseline };
}

/** Base, passengers and version commit; who conflicts stays behind. */
export async function build(flight: Flight): Promise<Candidate> {
  begin(flight, 'candidate');
  const { order, journal } = flight;
  const candidate = await gitWrites.buildCandidate(order, order.departedAt);
  journal.emit({ kind: 'deployment.candidate', data: { candidate } });
  const { aboard, left, version, sha } = candidate;
  const detail = `${version} (${sha.slice(0, 7)}): ${aboard.length} aboard, ${left.length} left behind`;
  finish(flight, 'candidate', somebodyAboard(order, candidate), detail);
  return candidate;
}

export async function execute(flight: Flight, candidate: Candidate): Promise<ActEnd> {
  begin(flight, 'execute');
  const act = await acts(flight).deployCandidate(flight.order, candidate);
  flight.journal.emit({ kind: 'deployment.checked', data: { checks: act.checks } });
  if ('metadata' in act) flight.journal.emit({ kind: 'deployment.executed', data: { metadata: act.metadata } });
  finish(flight, 'execute', act.outcome === 'done', act.outcome === 'done' ? act.proof : act.reason);
  return act;
}

/** Null when every case passed, else the sentence that names the first failed one (T-187). */
export async function smoke(flight: Flight, candidate: Candidate): Promise<string | null> {
  begin(flight, 'smoke');
  const results = await target(flight).runSmoke(flight.order, candidate, flight.order.id);
  flight.journal.emit({ kind: 'deployment.smoked', data: { smoke: results } });
  const broken = failedSmoke(results);
  finish(flight, 'smoke', broken === null, broken ?? `${results.length} passed`);
  return broken;
}

/**
 * Tags, refs and main line. The candidate is live and proven by now: what cannot be written down is said and stays open,
 * but the verdict stands.
 */
export async function commit(
  flight: Flight,
  candidate: Candidate,
): Promise<{ readonly alsoHolds: readonly string[]; readonly leftover: string | null }> {
  begin(flight, 'commit');
  try {
    const { alsoHolds, mainline } = await gitWrites.commitDeployment(flight.order, candidate, Date.now());
    finish(flight, 'commit', true, mainline);
    return { alsoHolds, leftover: null };
  } catch (error) {
    finish(flight, 'commit', false, worldly(error));
    return { alsoHolds: [], leftover: worldly(error) };
  }
}

/** Back to what ran before. Null when it is there again, else why that cannot be said. */
export async function goBack(flight: Flight, candidate: Candidate, to: Target): Promise<string | null> {
  begin(flight, 'rollback');
  const act = await acts(flight).rollBack(flight.order, candidate, to);
  finish(flight, 'rollback', act.outcome === 'done', act.outcome === 'done' ? act.proof : act.reason);
  if (act.outcome === 'done') return null;
  flight.journal.emit({
    kind: 'deployment.rolled-back',
    data: { to, verified: false, smoke: [], detail: act.reason },
  });
  return act.reason;
}
