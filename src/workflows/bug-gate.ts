/** A bug's gate: takes people's decisions, refuses with the table's sentence, and turns what is allowed into events. */
import { condition, getExternalWorkflowHandle, log } from '@temporalio/workflow';
import type { BugEvent, BugState, Booking, Fix } from '../domain/bug';
import { approvalRule, countedApprovals, decideBug, refusal } from '../domain/decision';
import { checkStated } from '../domain/flow';
import { environmentWorkflowId, requestId } from '../domain/ids';
import { TEMPORAL_OPERATOR, type Actor } from '../domain/people';
import type { ServicePolicy } from '../domain/policy';
import { proofOf } from '../domain/proof';
import type { BugDecision, BugVerb, Refusal, RefusalCode } from '../domain/verbs';
import type { Journal } from './journal';
import { dropFixSignal, withdrawSignal, type BookingNotice } from './messages';
import { gateReads } from './proxies';
import { isWorldly, worldly } from './worldly';

/** What the gate stands on. */
export interface BugGateOptions {
  readonly journal: Journal<BugState, BugEvent>;
  readonly policy: ServicePolicy;
  readonly workflowId: string;
  /** Answers of the environments to requests taken back, newest last. */
  readonly answers: readonly BookingNotice[];
  /** Asks again for the place of a request whose withdrawal got no answer: it may have been given away (BugRun.asked). */
  readonly askAgain: (request: string) => void;
}

/** A decision being taken: who, and the moment the workflow accepted it, which is the moment that counts. */
interface Taking extends BugGateOptions {
  readonly looks: Looks;
  readonly decision: BugDecision;
  readonly actor: Actor;
  readonly at: number;
}

/** How long an environment may take to say whether a request came out of its queue. */
const ANSWER_MS = 60_000;

type ApprovalFacts = ReturnType<typeof gateReads.approvalFacts>;
/** Looks under way, by the fix they are about: many who approve in the same moment ask git once. */
type Looks = Map<string, ApprovalFacts>;

/** Thrown inside the gate to leave it with a refusal; never crosses its border. */
class Refused extends Error {
  constructor(readonly refusal: Refusal) {
    super(refusal.sentence);
  }
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
export function createBugGate(options: BugGateOptions): BugGate {
  const looks: Looks = new Map();
  return {
    ruling: (decision) => ruling(options, decision),
    async take(decision, at) {
      const problem = ruling(options, decision);
      if (problem) return problem;
      try {
        await EFFECTS[decision.verb]({ ...options, looks, decision, actor: decision.actor ?? TEMPORAL_OPERATOR, at });
        return null;
      } catch (error) {
        if (error instanceof Refused) return error.refusal;
        throw error;
      }
    },
  };
}

/** What each verb does once the table lets it through. */
const EFFECTS: Readonly<Record<BugVerb, (taking: Taking) => Promise<void> | void>> = {
  confirm: step0,
  reject: (taking) => settle(taking, { kind: 'bug.rejected', data: {} }),
  'attach-fix': attachFix,
  'approve-prod': approveProd,
  'fail-validation': failValidation,
  retry,
  withdraw,
  close,
};

function ruling({ journal, policy }: BugGateOptions, decision: BugDecision): Refusal | null {
  const gate = { state: journal.state(), policy };
  const answer = decideBug(gate, decision, decision.actor ?? TEMPORAL_OPERATOR);
  return answer.allowed ? null : answer.refusal;
}

function refuse(taking: Taking, code: RefusalCode, sentence: string, presentSha: string | null = null): never {
  const { journal, policy, actor } = taking;
  throw new Refused(refusal({ state: journal.state(), policy }, actor, code, sentence, presentSha));
}

async function facts<T>(taking: Taking, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    const { policy, decision } = taking;
    // The repository's own final word (no such ref, a conflict) is no outage.
    if (isWorldly(error) && error.cause.nonRetryable) return refuse(taking, 'invalid', error.cause.message);
    const sentence = `Tidegate cannot read what it needs of ${policy.service} right now (${worldly(error)}), so ${decision.verb} was not taken. Try again in a minute.`;
    return refuse(taking, 'unavailable', sentence);
  }
}

/** The last word: the table again, then the event, with no await between. */
function settle(taking: Taking, event: BugEvent): void {
  const { journal, decision, at } = taking;
  const problem = ruling(taking, decision);
  if (problem) throw new Refused(problem);
  journal.decide(event, decision, at);
}

const nextT1 = (taking: Taking): Promise<Booking> =>
  facts(taking, () => gateReads.nextBooking(taking.journal.state(), taking.policy.validation, 'T1', taking.at));

/** Takes the request out of the environment's queue; refused once its train is being built. */
async function takeBack(taking: Taking): Promise<void> {
  const { journal, policy, workflowId, answers, askAgain, decision } = taking;
  const { booking, id } = journal.state();
  const request = booking?.request ?? null;
  if (booking === null || request === null) return;
  const seen = answers.length;
  const answer = () => answers.slice(seen).find((notice) => notice.request === request);
  const environment = getExternalWorkflowHandle(environmentWorkflowId(policy.service, booking.env));
  await facts(taking, () => environment.signal(withdrawSignal, { request, replyTo: workflowId }));
  const summary = `answer of ${booking.env}`;
  if (!(await condition(() => answer() !== undefined, ANSWER_MS, { summary }))) {
    askAgain(request);
    const silent = `${booking.env} does not say whether bug ${id} can still come off its train, so ${decision.verb} was not taken. Look whether the run of ${booking.env} is there (a worker starts it), then try again.`;
    return refuse(taking, 'unavailable', silent);
  }
  if (answer()?.outcome === 'withdrawn') return;
  const sentence = `The train to ${booking.env} with bug ${id} is already being built: ${decision.verb} comes too late. Wait for its end.`;
  refuse(taking, 'wrong-state', sentence);
}

/** The fix leaves the validation environment with its next candidate. */
async function offValidation({ journal, policy }: Taking): Promise<void> {
  const validation = getExternalWorkflowHandle(environmentWorkflowId(policy.service, policy.validation));
  const { id } = journal.state();
  await validation.signal(dropFixSignal, { bug: id }).catch((error: unknown) => {
    log.warn('The fix could not be taken off validation.', { bug: id, error: worldly(error) });
  });
}

/** Step 0, for confirm and for the retry of a bug that it blocked (T-004, X-17). */
async function step0(taking: Taking): Promise<void> {
  const { journal, decision, at } = taking;
  const state = journal.state();
  const severity = decision.severity ?? state.severity;
  const foundIn = decision.foundIn ?? state.foundIn;
  const { choice, booking } = await facts(taking, () => gateReads.assess(state, severity, foundIn, at));
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
  const { journal, policy, decision } = taking;
  const ref = decision.ref ?? '';
  const fix = await facts(taking, () => gateReads.findFix(policy.service, ref));
  if (fix === null) return refuse(taking, 'invalid', noFix(ref, policy));
  const { status } = journal.state();
  const waitsForT1 = status === 'planned' || status === 'deployed_uat' || status === 'pending_prod';
  const next = waitsForT1 ? await nextT1(taking) : journal.state().booking;
  await takeBack(taking);
  settle(taking, { kind: 'bug.fix-attached', data: { fix, booking: next } });
}

async function approveProd(taking: Taking): Promise<void> {
  const { journal, policy, workflowId, actor, decision, at } = taking;
  const { id, fix } = journal.state();
  if (fix === null)
    return refuse(taking, 'wrong-state', `Bug ${id} has no fix any more: attach one first (attach-fix).`);
  const { head, onValidation, productionSha, booking } = await facts(taking, () => look(taking, fix));
  if (head !== fix.head) refuse(taking, 'stale', movedBranch(id, fix.ref, fix.head, head), head);
  if (!onValidation) refuse(taking, 'stale', fellOut(id, policy.validation, fix.head), fix.head);
  const state = journal.state();
  const { reason } = decision;
  const proof = proofOf(workflowId, decision);
  if (proof === null) return refuse(taking, 'not-allowed', `approve-prod of bug ${id} carries no signature.`);
  const approval = { by: actor.id, roles: actor.roles, at, sha: fix.head, productionSha, reason, proof };
  const missing = Math.max(0, approvalRule(policy, state.severity).count - countedApprovals(state) - 1);
  const request = requestId(id, policy.production, fix.head, journal.seq());
  settle(taking, {
    kind: 'bug.approved',
    data: { approval, missing, booking: missing > 0 ? null : { ...booking, request } },
  });
}

function look({ looks, journal, at }: Taking, fix: Fix): ApprovalFacts {
  const found =
    looks.get(fix.head) ?? gateReads.approvalFacts(journal.state(), fix, at).finally(() => void looks.delete(fix.head));
  looks.set(fix.head, found);
  return found;
}

async function failValidation(taking: Taking): Promise<void> {
  settle(taking, { kind: 'bug.validation-failed', data: {} });
  await offValidation(taking);
}

async function retry(taking: Taking): Promise<void> {
  const { journal } = taking;
  if (journal.state().flow === null) return step0(taking);
  const booking = await nextT1(taking);
  settle(taking, { kind: 'bug.retried', data: { flow: journal.state().flow, booking } });
}

async function withdraw(taking: Taking): Promise<void> {
  if (taking.journal.state().status === 'submitted') return settle(taking, { kind: 'bug.withdrawn', data: {} });
  await takeBack(taking);
  settle(taking, { kind: 'bug.approval-withdrawn', data: { by: taking.actor.id } });
}

async function close(taking: Taking): Promise<void> {
  const travelled = taking.journal.state().deployments.length > 0;
  await takeBack(taking);
  settle(taking, { kind: 'bug.closed', data: {} });
  if (travelled) await offValidation(taking);
}

function noFix(ref: string, policy: ServicePolicy): string {
  return `${policy.service}'s repository has no branch ${ref} with commits of its own on top of ${policy.repo.main}. Push the fix there, then attach it.`;
}

function fellOut(bug: string, validation: string, head: string): string {
  return `${validation} does not hold the fix of bug ${bug} at ${head.slice(0, 7)} any more, so there is nothing that was validated: attach the fix again (attach-fix).`;
}

function movedBranch(bug: string, ref: string, validated: string, head: string | null): string {
  const now = head === null ? 'is gone' : `now stands at ${head.slice(0, 7)}`;
  return `${ref} ${now}, but bug ${bug} was validated at ${validated.slice(0, 7)}: attach the fix again (attach-fix), so that what ships is what was validated.`;
}
