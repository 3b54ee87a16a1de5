/** The runbook of one deployment: one candidate to one environment, with a verdict (3-architecture §3). */
import {
  CancellationScope,
  getExternalWorkflowHandle,
  isCancellation,
  log,
  setCurrentDetails,
  workflowInfo,
} from '@temporalio/workflow';
import {
  evolveDeployment,
  type Candidate,
  type DeploymentEvent,
  type DeploymentState,
  type Phase,
  type Target,
  type Verdict,
} from '../domain/deployment';
import type { DeploymentOrder } from '../domain/deployment-order';
import { failedChecks, failedSmoke, runningAfter, somebodyAboard, watchSentence } from '../domain/deployment-plan';
import { deploymentSubject, environmentWorkflowId } from '../domain/ids';
import { arrivalText } from '../domain/texts';
import type { Baseline, WatchVerdict } from '../domain/watch';
import { openJournal } from './journal';
import { deploymentEndedSignal, type DeploymentEnd } from './messages';
import { environmentActs, environmentReads, gitWrites, messenger } from './proxies';
import { worldly } from './worldly';

/** How a deployment ended, before it is told to anybody. */
interface End {
  readonly verdict: Verdict;
  readonly reason: string;
  readonly committed: Candidate | null;
  readonly alsoHolds: readonly string[];
  readonly unknown: string | null;
}

const SLACK_MS = 10 * 60_000;

export async function deploymentWorkflow(order: DeploymentOrder): Promise<Verdict> {
  const { id, service, env, policy } = order;
  const journal = openJournal<DeploymentState, DeploymentEvent>({
    workflowId: workflowInfo().workflowId,
    service,
    subject: deploymentSubject(id),
    state: null,
    seq: 0,
    evolve: evolveDeployment,
  });
  const { state, emit } = journal;
  const target = environmentReads(service, env);
  const acts = environmentActs(service, env, policy.deploy.timeoutMs + SLACK_MS);
  const previous: Target | null = order.running && { version: order.running.version, sha: order.running.sha };

  const { production } = policy;
  const { strategy, passengers, fence } = order;
  emit({ kind: 'deployment.started', data: { id, service, env, production, strategy, passengers, previous, fence } });
  const end = await carryOut();
  const { verdict, reason } = end;
  emit({ kind: 'deployment.ended', data: { verdict, reason, evidence: null } });
  setCurrentDetails(`### ${id} ${verdict}\n${reason}`);
  await journal.drained();
  await messenger.tell(arrivalText(state(), order.validation, end.alsoHolds));
  await getExternalWorkflowHandle(environmentWorkflowId(service, env)).signal(deploymentEndedSignal, report(end));
  return verdict;

  async function carryOut(): Promise<End> {
    let candidate: Candidate | null = null;
    try {
      const { failed, baseline } = await preflight();
      if (failed) return aborted(failed);
      candidate = await build();
      if (!somebodyAboard(order, candidate)) return aborted('no passenger is left: every fix stayed behind');
      return await putThere(candidate, baseline);
    } catch (error) {
      return await CancellationScope.nonCancellable(() => interrupted(error, candidate));
    }
  }

  async function putThere(candidate: Candidate, baseline: Baseline | null): Promise<End> {
    const act = await execute(candidate);
    if (act.outcome === 'refused') return aborted(act.reason);
    if (act.outcome === 'unknown') return unknownState(act.reason);
    if (act.outcome === 'failed') return rollBack(candidate, act.reason, baseline);
    const broken = await smoke(candidate);
    if (broken) return rollBack(candidate, broken, baseline);
    const breach = await watch(baseline);
    if (breach) return rollBack(candidate, breach, baseline);
    return commit(candidate);
  }

  async function preflight(): Promise<{ readonly failed: string | null; readonly baseline: Baseline | null }> {
    begin('preflight');
    const { checks, baseline } = await target.preflight(order, Date.now());
    emit({ kind: 'deployment.checked', data: { checks } });
    const failed = failedChecks(checks);
    finish('preflight', failed === null, failed ?? `${checks.length} checks passed`);
    return { failed, baseline };
  }

  async function build(): Promise<Candidate> {
    begin('candidate');
    const candidate = await gitWrites.buildCandidate(order, state().startedAt);
    emit({ kind: 'deployment.candidate', data: { candidate } });
    const { aboard, left, version, sha } = candidate;
    finish(
      'candidate',
      aboard.length > 0,
      `${version} (${sha.slice(0, 7)}): ${aboard.length} aboard, ${left.length} left behind`,
    );
    return candidate;
  }

  async function execute(candidate: Candidate) {
    begin('execute');
    const act = await acts.deployCandidate(order, candidate);
    emit({ kind: 'deployment.checked', data: { checks: act.checks } });
    if ('metadata' in act) emit({ kind: 'deployment.executed', data: { metadata: act.metadata } });
    finish('execute', act.outcome === 'done', act.outcome === 'done' ? act.proof : act.reason);
    return act;
  }

  /** Null when every case passed, else the sentence that names the first failed one (T-187). */
  async function smoke(candidate: Candidate): Promise<string | null> {
    begin('smoke');
    const results = await target.runSmoke(order, candidate, id);
    emit({ kind: 'deployment.smoked', data: { smoke: results } });
    const broken = failedSmoke(results);
    finish('smoke', broken === null, broken ?? `${results.length} passed`);
    return broken;
  }

  /** Null when the window held, else the breach that rolls back; soft ones are kept and told. */
  async function watch(baseline: Baseline | null): Promise<string | null> {
    begin('watch');
    const verdict = await watched(policy.watch.windowMs, baseline);
    if ('breach' in verdict) emit({ kind: 'deployment.breached', data: { breach: verdict.breach } });
    finish('watch', verdict.outcome !== 'hard', watchSentence(verdict));
    return verdict.outcome === 'hard' ? verdict.breach.sentence : null;
  }

  function watched(windowMs: number, baseline: Baseline | null): Promise<WatchVerdict> {
    const { watchWindow } = environmentActs(service, env, windowMs + SLACK_MS);
    return watchWindow({
      deployment: id,
      service,
      env,
      windowMs,
      startedAt: Date.now(),
      baseline,
      policy: policy.watch,
    });
  }

  async function commit(candidate: Candidate): Promise<End> {
    begin('commit');
    const { alsoHolds, mainline } = await gitWrites.commitDeployment(order, candidate, Date.now());
    finish('commit', true, mainline);
    const reason = state().breach
      ? `released with a soft breach: ${state().breach?.sentence}`
      : 'deployed, smoke passed, watch held';
    return { verdict: 'Released', reason, committed: candidate, alsoHolds, unknown: null };
  }

  /** Back to what ran before, then proof that it runs again; a failed proof is for a person, never a loop. */
  async function rollBack(candidate: Candidate, why: string, baseline: Baseline | null): Promise<End> {
    if (previous === null)
      return unknownState(`${why}; this is the first deployment, so there is nothing to roll back to (X-33)`);
    begin('rollback');
    const act = await acts.rollBack(order, candidate, previous);
    finish('rollback', act.outcome === 'done', act.outcome === 'done' ? act.proof : act.reason);
    if (act.outcome !== 'done') return unverified(previous, why, act.reason);
    begin('verify');
    const results = await target.runSmoke(order, previous, order.running?.deployment ?? '');
    const broken = failedSmoke(results);
    const verdict = broken === null ? await watched(policy.watch.miniWindowMs, baseline) : null;
    const breach = verdict?.outcome === 'hard' ? verdict.breach.sentence : null;
    const problem = broken ?? breach;
    const detail =
      problem ?? `${previous.version} answers: ${results.length} smoke checks passed and the mini watch held`;
    finish('verify', problem === null, detail);
    emit({
      kind: 'deployment.rolled-back',
      data: { to: previous, verified: problem === null, smoke: results, detail },
    });
    if (problem !== null)
      return { ...rolledBack(why), unknown: `the rollback to ${previous.version} could not be verified: ${problem}` };
    return rolledBack(why);
  }

  function unverified(to: Target, why: string, detail: string): End {
    emit({ kind: 'deployment.rolled-back', data: { to, verified: false, smoke: [], detail } });
    return { ...rolledBack(why), unknown: `the rollback to ${to.version} did not succeed: ${detail}` };
  }

  /** A failure of the world or a cancellation, before or after something was touched. */
  async function interrupted(error: unknown, candidate: Candidate | null): Promise<End> {
    const cancelled = isCancellation(error);
    const reason = cancelled ? 'cancelled by an operator' : worldly(error);
    log.error('The deployment was interrupted.', { id, reason });
    const { phase } = state();
    if (phase) finish(phase, false, reason);
    const touched = candidate !== null && state().phases.some((record) => record.phase === 'execute');
    if (touched && candidate && phase !== 'rollback' && phase !== 'verify') {
      return rollBack(candidate, reason, null).catch((again: unknown) => unknownState(worldly(again)));
    }
    return touched ? unknownState(reason) : aborted(reason);
  }

  function aborted(reason: string): End {
    return { verdict: 'Aborted', reason, committed: null, alsoHolds: [], unknown: null };
  }

  function rolledBack(reason: string): End {
    return { ...aborted(reason), verdict: 'Rolled-Back' };
  }

  function unknownState(reason: string): End {
    return { ...aborted(reason), unknown: reason };
  }

  function begin(phase: Phase): void {
    emit({ kind: 'deployment.phase-started', data: { phase } });
    setCurrentDetails(`### ${id} ${phase}`);
  }

  function finish(phase: Phase, ok: boolean, detail: string): void {
    emit({ kind: 'deployment.phase-ended', data: { phase, ok, detail } });
  }

  function report(how: End): DeploymentEnd {
    const { verdict: ended, reason: because, committed, alsoHolds, unknown } = how;
    return {
      deployment: id,
      verdict: ended,
      reason: because,
      breach: state().breach,
      left: state().candidate?.left ?? [],
      running: committed && runningAfter(order, committed, Date.now()),
      alsoHolds,
      unknown,
    };
  }
}
