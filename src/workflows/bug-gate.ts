/** A bug's gate: takes people's decisions, refuses with the table's sentence, and turns what is allowed into events. */
import { condition, getExternalWorkflowHandle } from '@temporalio/workflow';
import type { BugEvent, BugState, Booking } from '../domain/bug';
import { approvalRule, countedApprovals, decideBug, refusal } from '../domain/decision';
import { checkStated } from '../domain/flow';
import { environmentWorkflowId, requestId } from '../domain/ids';
import { TEMPORAL_OPERATOR, type Actor } from '../domain/people';
import type { ServicePolicy } from '../domain/policy';
import type { BugDecision, BugVerb, Refusal, RefusalCode } from '../domain/verbs';
import type { Journal } from './journal';
import { dropFixSignal, withdrawSignal, type BookingNotice } from './messages';
import { gateReads } from './proxies';

export interface BugGateOptions {
  readonly journal: Journal<BugState, BugEvent>;
  readonly policy: ServicePolicy;
  readonly workflowId: string;
  /** Answers of the environments to requests taken back, newest last. */
  readonly answers: readonly BookingNotice[];
}

/** A decision being taken: who, and the moment the workflow accepted it, which is the moment that counts. */
interface Taking {
  readonly decision: BugDecision;
  readonly actor: Actor;
  readonly at: number;
}

/** Thrown inside the gate to leave it with a refusal; never crosses its border. */
class Refused {
  constructor(readonly refusal: Refusal) {}
}

export interface BugGate {
  /** The table's answer now, without facts from outside: cheap and synchronous, for the validator. */
  ruling(decision: BugDecision): Refusal | null;
  /** Takes a decision accepted at `at`; null when it was taken, else why not. */
  take(decision: BugDecision, at: number): Promise<Refusal | null>;
}

/**
 * The gate of one bug. Facts are read first, then the table is asked again and the event emitted in one synchronous go:
 * what happened meanwhile counts, so that no race passes a check (6-faults, abuse 6).
 */
export function createBugGate({ journal, policy, workflowId, answers }: BugGateOptions): BugGate {
  const { state } = journal;

  function ruling(decision: BugDecision): Refusal | null {
    const answer = decideBug({ state: state(), policy }, decision, decision.actor ?? TEMPORAL_OPERATOR);
    return answer.allowed ? null : answer.refusal;
  }

  function refuse({ actor }: Taking, code: RefusalCode, sentence: string, presentSha: string | null = null): never {
    throw new Refused(refusal({ state: state(), policy }, actor, code, sentence, presentSha));
  }

  async function facts<T>(taking: Taking, read: () => Promise<T>): Promise<T> {
    try {
      return await read();
    } catch {
      const { verb } = taking.decision;
      const sentence = `Tidegate cannot read ${policy.service}'s repository or ledger right now, so ${verb} was not taken. Try again in a minute.`;
      return refuse(taking, 'unavailable', sentence);
    }
  }

  /** The last word: the table again, then the event, with no await between. */
  function settle({ actor, decision, at }: Taking, event: BugEvent): void {
    const problem = ruling(decision);
    if (problem) throw new Refused(problem);
    journal.emit(event, actor, decision.reason, at);
  }

  const nextT1 = (taking: Taking): Promise<Booking> =>
    facts(taking, () => gateReads.nextBooking(state(), policy.validation, 'T1', taking.at));

  /** Takes the request out of the environment's queue; refused once its train is being built. */
  async function takeBack(taking: Taking): Promise<void> {
    const { booking, id } = state();
    if (booking === null || booking.request === null) return;
    const { request, env } = booking;
    const seen = answers.length;
    const answer = () => answers.slice(seen).find((notice) => notice.request === request);
    await getExternalWorkflowHandle(environmentWorkflowId(policy.service, env)).signal(withdrawSignal, {
      request,
      replyTo: workflowId,
    });
    await condition(() => answer() !== undefined);
    if (answer()?.outcome === 'withdrawn') return;
    refuse(
      taking,
      'wrong-state',
      `The train to ${env} with bug ${id} is already being built: ${taking.decision.verb} comes too late. Wait for its end.`,
    );
  }

  async function offValidation(): Promise<void> {
    const handle = getExternalWorkflowHandle(environmentWorkflowId(policy.service, policy.validation));
    await handle.signal(dropFixSignal, { bug: state().id });
  }

  /** Step 0, for confirm and for the retry of a bug that it blocked (T-004, X-17). */
  async function step0(taking: Taking): Promise<void> {
    const { decision } = taking;
    const severity = decision.severity ?? state().severity;
    const foundIn = decision.foundIn ?? state().foundIn;
    const { choice, booking } = await facts(taking, () => gateReads.assess(state(), severity, foundIn, taking.at));
    const mismatch = checkStated(decision.flow, choice);
    if (mismatch !== null) refuse(taking, 'invalid', mismatch);
    const flow = 'blocked' in choice ? null : choice.flow;
    settle(
      taking,
      decision.verb === 'confirm'
        ? { kind: 'bug.confirmed', data: { flow, severity, foundIn, evidence: choice.evidence, booking } }
        : { kind: 'bug.retried', data: { flow, booking } },
    );
    if ('blocked' in choice) journal.emit({ kind: 'bug.blocked', data: { ...choice.blocked, files: [] } });
  }

  async function attachFix(taking: Taking): Promise<void> {
    const ref = taking.decision.ref ?? '';
    const fix = await facts(taking, () => gateReads.findFix(policy.service, ref));
    if (fix === null) return refuse(taking, 'invalid', noFix(ref, policy));
    const { status, booking } = state();
    const waitsForT1 = status === 'planned' || status === 'deployed_uat' || status === 'pending_prod';
    const next = waitsForT1 ? await nextT1(taking) : booking;
    await takeBack(taking);
    settle(taking, { kind: 'bug.fix-attached', data: { fix, booking: next } });
  }

  async function approveProd(taking: Taking): Promise<void> {
    const validated = state().fix;
    if (validated === null)
      return refuse(taking, 'wrong-state', `Bug ${state().id} has no fix any more: attach one first (attach-fix).`);
    const { head, productionSha, booking } = await facts(taking, () =>
      gateReads.approvalFacts(state(), validated, taking.at),
    );
    if (head !== validated.head)
      refuse(taking, 'stale', movedBranch(state().id, validated.ref, validated.head, head), head);
    const { id: by, roles } = taking.actor;
    const approval = { by, roles, at: taking.at, sha: validated.head, productionSha, reason: taking.decision.reason };
    const missing = Math.max(0, approvalRule(policy, state().severity).count - countedApprovals(state()) - 1);
    const request = requestId(state().id, policy.production, validated.head, journal.seq());
    settle(taking, {
      kind: 'bug.approved',
      data: { approval, missing, booking: missing > 0 ? null : { ...booking, request } },
    });
  }

  async function withdraw(taking: Taking): Promise<void> {
    if (state().status === 'submitted') return settle(taking, { kind: 'bug.withdrawn', data: {} });
    await takeBack(taking);
    settle(taking, { kind: 'bug.approval-withdrawn', data: { by: taking.actor.id } });
  }

  async function close(taking: Taking): Promise<void> {
    const onValidation = state().status === 'deployed_uat';
    await takeBack(taking);
    settle(taking, { kind: 'bug.closed', data: {} });
    if (onValidation) await offValidation();
  }

  const effects: Readonly<Record<BugVerb, (taking: Taking) => Promise<void> | void>> = {
    confirm: step0,
    reject: (taking) => settle(taking, { kind: 'bug.rejected', data: {} }),
    'attach-fix': attachFix,
    'approve-prod': approveProd,
    async 'fail-validation'(taking) {
      settle(taking, { kind: 'bug.validation-failed', data: {} });
      await offValidation();
    },
    async retry(taking) {
      if (state().flow === null) return step0(taking);
      const booking = await nextT1(taking);
      settle(taking, { kind: 'bug.retried', data: { flow: state().flow, booking } });
    },
    withdraw,
    close,
  };

  return {
    ruling,
    async take(decision, at) {
      try {
        const problem = ruling(decision);
        if (problem) return problem;
        await effects[decision.verb]({ decision, actor: decision.actor ?? TEMPORAL_OPERATOR, at });
        return null;
      } catch (error) {
        if (error instanceof Refused) return error.refusal;
        throw error;
      }
    },
  };
}

function noFix(ref: string, policy: ServicePolicy): string {
  return `${policy.service}'s repository has no branch ${ref} with commits of its own on top of ${policy.repo.main}. Push the fix there, then attach it.`;
}

function movedBranch(bug: string, ref: string, validated: string, head: string | null): string {
  const now = head === null ? 'is gone' : `now stands at ${head.slice(0, 7)}`;
  return `${ref} ${now}, but bug ${bug} was validated at ${validated.slice(0, 7)}: attach the fix again (attach-fix), so that what ships is what was validated.`;
}
