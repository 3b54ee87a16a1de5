/** Sentences and results of a deployment's phases, as pure functions. */
import type { Candidate, Check, DeploymentState, SmokeResult } from './deployment';
import { answerSentence } from './deployment-question';
import type { DeploymentOrder } from './deployment-order';
import type { AppliedFix, Running } from './environment';
import type { WatchVerdict } from './watch';

/** Null when every check passed, else what failed. */
export function failedChecks(checks: readonly Check[]): string | null {
  const failed = checks.filter(({ ok }) => !ok).map(({ name, detail }) => `${name}: ${detail}`);
  return failed.length === 0 ? null : failed.join('; ');
}

/** Null when every case passed, else the sentence that names the first failed one (A-040). */
export function failedSmoke(results: readonly SmokeResult[]): string | null {
  const failed = results.find(({ ok }) => !ok);
  return failed ? `smoke ${failed.name} failed: ${failed.detail}` : null;
}

/** Null when the candidate may stay; a window that proves nothing is as bad as a broken one (X-13, 6-faults E10). */
export function breachOf(verdict: WatchVerdict): string | null {
  return verdict.outcome === 'hard' || verdict.outcome === 'inconclusive' ? verdict.breach.sentence : null;
}

/** Why a candidate that people or the deadline sent back goes; null when the last answer was another one. */
export function sentBack({ questions }: DeploymentState): string | null {
  const last = questions.at(-1);
  if (last?.answer?.verb !== 'rollback') return null;
  const why = last.answer.byDefault || last.answer.reason === null ? '' : `: ${last.answer.reason}`;
  return `${last.breach.sentence}; ${answerSentence(last)}${why}`;
}

/** The reason of a release: with what people let pass, if anything (A-105). */
export function releasedReason({ questions }: DeploymentState): string {
  const passed = questions.filter(({ answer }) => answer !== null);
  if (passed.length === 0) return 'deployed, smoke passed, watch held';
  return `released with a soft breach: ${passed.map((each) => `${each.breach.sentence}; ${answerSentence(each)}`).join('; ')}`;
}

/** Why a deployment that a person stopped did not go on. */
export function abortReason({ abort }: DeploymentState): string {
  if (abort === null) return 'cancelled by an operator';
  return `aborted by ${abort.by}${abort.reason === null ? '' : `: ${abort.reason}`}`;
}

/** What the watch says of itself in the phase table. */
export function watchSentence(verdict: WatchVerdict): string {
  return 'breach' in verdict ? verdict.breach.sentence : `held for ${verdict.samples} samples`;
}

/** The fixes a build carries on top of its base: what it kept and who came aboard. */
export function carriedFixes(order: DeploymentOrder, candidate: Candidate): readonly AppliedFix[] {
  if (order.policy.production) return [];
  const aboard = order.passengers
    .filter(({ bug }) => candidate.aboard.includes(bug))
    .map(({ bug, fix }) => ({ bug, fix, leaving: false }));
  const kept = order.kept.filter(({ bug }) => candidate.aboard.includes(bug));
  return [...kept, ...aboard];
}

/** Whether the candidate carries anybody who asked to ride; fixes that were kept do not make a deployment (X-21). */
export function somebodyAboard(order: DeploymentOrder, { aboard }: Pick<Candidate, 'aboard'>): boolean {
  return order.passengers.some(({ bug }) => aboard.includes(bug));
}

/** What the environment runs once the candidate is committed. */
export function runningAfter(order: DeploymentOrder, candidate: Candidate, at: number): Running {
  const { version, sha } = candidate;
  const base = order.policy.production ? { version, sha } : candidate.base;
  return { version, sha, base, deployment: order.id, fixes: carriedFixes(order, candidate), since: at };
}
