/** The step protocol: read the ledger, observe, write intent, act, observe, write what came of it (6-faults E1 to E4). */
import type { Target } from '../domain/deployment';
import { TidegateFailure } from '../domain/failures';
import type { Observation } from '../ports/deployer';
import type { Ledger, Step } from '../ports/ledger';
import type { ActEnd } from './index';

export interface StepPlan {
  readonly deployment: string;
  readonly step: 'execute' | 'rollback';
  readonly fence: number;
  readonly attempt: number;
  readonly host: string;
  readonly now: () => number;
  /** Beyond doubt, whatever was done before: by deployment id or commit. */
  readonly alreadyThere: (observation: Observation) => boolean;
  readonly observe: () => Promise<Observation>;
  /** Whether an earlier attempt started the act on this host; one that never did looks again before it acts. */
  readonly begun: () => Promise<boolean>;
  /** Keeps the act from ever beginning; false when it has begun by now, and is to be adopted. */
  readonly retire: () => Promise<boolean>;
  /** Acts, or adopts the act of an earlier attempt on this host; never called when the target is already there. */
  readonly act: () => Promise<ActEnd>;
  /** Checks that must hold before the first act; a failed one means that nothing is touched. */
  readonly checks: (before: Observation) => Promise<{ readonly refused: ActEnd } | null>;
}

/** What an observation says, in words for proofs and sentences. */
export function sawSentence(observation: Observation): string {
  if (observation.state !== 'running') return observation.detail;
  const { version, sha, deployment, source } = observation;
  const parts = [version ?? 'an unnamed version', sha?.slice(0, 7), deployment].filter((part) => part != null);
  return `${parts.join(', ')} (${source})`;
}

/**
 * Whether the target runs this: by deployment id first, then by commit, and by version where it says no more. A version
 * alone proves nothing where another build has the same one: a second fix of bug 7 is `1.4.2+bug.7` again.
 */
export function runs(
  observation: Observation,
  target: Target,
  deployment: string | null,
  { byVersion = true }: { readonly byVersion?: boolean } = {},
): boolean {
  if (observation.state !== 'running') return false;
  if (deployment !== null && observation.deployment === deployment) return true;
  if (observation.sha) return target.sha.startsWith(observation.sha) || observation.sha.startsWith(target.sha);
  return byVersion && observation.version === target.version;
}

function stored(row: Step): ActEnd {
  if (row.result === null)
    throw new TidegateFailure('Unknown', `The ledger holds no result of ${row.step} of ${row.deployment}.`);
  return JSON.parse(row.result) as ActEnd;
}

/** Acts at most once per intent, whatever died before; an outcome that cannot be told is for a person. */
export async function actOnce(ledger: Ledger, plan: StepPlan): Promise<ActEnd> {
  const { deployment, step, fence, attempt, host, now } = plan;
  const row = await ledger.step(deployment, step);
  if (row && row.state !== 'intent') return stored(row);
  if (row && row.host !== host) return settle(ledger, plan, await elsewhere(plan, row));
  // Between an intent and the first instruction may lie hours of a busy environment: what was true then is asked again.
  if (!row || !(await plan.begun())) {
    const before = await plan.observe();
    const end = await untouched(plan, before);
    // An earlier attempt may sleep between its intent and its runner: nothing is settled before it is locked out.
    if (end !== null && (await plan.retire())) return settle(ledger, plan, end);
  }
  const mine = await ledger.intend({ deployment, step, fence, attempt, host, at: now() });
  if (!mine) {
    const settled = await ledger.step(deployment, step);
    if (settled && settled.state !== 'intent') return stored(settled);
    throw new TidegateFailure('Fenced', `${step} of ${deployment} belongs to a newer deployment; this one stops here.`);
  }
  return settle(ledger, plan, await plan.act());
}

/** How the step ends without an act; null when it is to act. */
async function untouched(plan: StepPlan, before: Observation): Promise<ActEnd | null> {
  if (plan.alreadyThere(before)) return done(`already there: ${sawSentence(before)}`);
  return (await plan.checks(before))?.refused ?? null;
}

/** The process of an intent written on another host cannot be adopted here: only the target itself can tell. */
async function elsewhere(plan: StepPlan, row: Step): Promise<ActEnd> {
  const seen = await plan.observe();
  if (plan.alreadyThere(seen)) return done(`done by ${row.host}: ${sawSentence(seen)}`);
  const reason = `${row.host} began ${plan.step} and was lost; the target shows ${sawSentence(seen)}. Look whether its script still runs there, then recheck.`;
  return { outcome: 'unknown', checks: [], reason };
}

function done(proof: string): ActEnd {
  return { outcome: 'done', checks: [], metadata: {}, proof };
}

async function settle(ledger: Ledger, plan: StepPlan, end: ActEnd): Promise<ActEnd> {
  const proof = end.outcome === 'done' ? end.proof : end.reason;
  const state = end.outcome === 'done' ? 'done' : end.outcome === 'unknown' ? 'unknown' : 'failed';
  await ledger.settle(plan.deployment, plan.step, state, proof, JSON.stringify(end), plan.now());
  return end;
}
