/** The steps of a bug: analyse at T1, ride a train, take in what comes back. */
import { condition, getExternalWorkflowHandle } from '@temporalio/workflow';
import type { Booking, BugEvent, BugState } from '../domain/bug';
import { afterRide, type BugStep } from '../domain/bug-plan';
import type { DeployRequest } from '../domain/environment';
import { environmentWorkflowId, requestId } from '../domain/ids';
import type { ServicePolicy } from '../domain/policy';
import { blockedText, movedText, noFixText } from '../domain/texts';
import type { Journal } from './journal';
import { requestSignal, type Arrival, type BookingNotice } from './messages';
import { patientReads } from './proxies';
import { tell } from './tell';
import { isWorldly, worldly } from './worldly';

/** One bug's run: its record, its policy, and what environments have said and waits for the main loop. */
export interface BugRun {
  readonly workflowId: string;
  readonly journal: Journal<BugState, BugEvent>;
  readonly policy: ServicePolicy;
  readonly moves: BookingNotice[];
  readonly arrivals: Arrival[];
  /** Requests sent by this run; after continue-as-new they are sent again, which is harmless. */
  readonly asked: Set<string>;
  readonly full: () => boolean;
}

export async function walk(run: BugRun, step: BugStep): Promise<void> {
  switch (step.step) {
    case 'wait':
      return changed(run);
    case 'sleep':
      return changed(run, step.until);
    case 'analyse':
      return analyse(run);
    case 'ride':
      return ride(run, step.env, step.request);
  }
}

/** Waits for the state to change, at the longest until an instant. */
async function changed({ journal, full }: BugRun, until?: number): Promise<void> {
  const seen = journal.seq();
  const moved = () => journal.seq() !== seen || full();
  if (until === undefined) return condition(moved);
  const { booking } = journal.state();
  const summary = `${booking?.slot ?? 'slot'} at ${booking?.label ?? new Date(until).toISOString()}`;
  await condition(moved, Math.max(1, until - Date.now()), { summary });
}

/** The next T1; null when the calendar has none (an open-ended freeze): then a person must say when to go on. */
async function nextT1({ journal, policy }: BugRun): Promise<Booking | null> {
  try {
    return await patientReads.nextBooking(journal.state(), policy.validation, 'T1', Date.now());
  } catch (error) {
    if (!isWorldly(error)) throw error;
    const what = `There is no T1 to wait for: ${worldly(error)}`;
    journal.emit({ kind: 'bug.blocked', data: { what, whoCanLift: 'whoever owns the freeze, then retry', files: [] } });
    return null;
  }
}

/** T1: root cause and plan; with a fix the bug asks for its place at once, without one it looks again at the next T1. */
async function analyse(run: BugRun): Promise<void> {
  const { journal, policy } = run;
  if (await missedSlot(run)) return;
  journal.emit({ kind: 'bug.analysis-started', data: {} });
  const found = await analysed(run);
  if (found === null) return;
  const { analysis } = found;
  const fix = journal.state().fix ?? found.fix;
  journal.emit({ kind: 'bug.planned', data: { analysis, fix, booking: fix && seat(run, fix.head) } });
  if (fix !== null) return;
  const booking = await nextT1(run);
  if (booking) journal.emit({ kind: 'bug.booked', data: { booking } });
  await tell(noFixText(journal.state(), policy));
}

/** Null when the repository gave up on us for good: the bug waits for a person who says retry. */
async function analysed({ journal }: BugRun): Promise<Awaited<ReturnType<typeof patientReads.analyse>> | null> {
  try {
    return await patientReads.analyse(journal.state(), journal.state().fix);
  } catch (error) {
    if (!isWorldly(error)) throw error;
    journal.emit({ kind: 'bug.planned', data: { analysis: null, fix: null, booking: null } });
    const what = `The analysis could not be made: ${worldly(error)}`;
    journal.emit({ kind: 'bug.blocked', data: { what, whoCanLift: 'an operator, then retry', files: [] } });
    await tell(blockedText(journal.state()));
    return null;
  }
}

/** A T1 that was slept through beyond its grace waits for the next one, and says so. */
async function missedSlot(run: BugRun): Promise<boolean> {
  const { journal } = run;
  const { booking } = journal.state();
  const graceUntil = booking?.graceUntil ?? null;
  if (booking === null || graceUntil === null || Date.now() <= graceUntil) return false;
  const why = `${booking.slot ?? 'the slot'} of ${booking.label ?? 'last night'} was missed by more than its grace`;
  const next = await nextT1(run);
  if (next === null || journal.state().booking !== booking) return true;
  journal.emit({ kind: 'bug.moved', data: { from: booking.at, booking: next, why } });
  await tell(movedText(journal.state(), why));
  return true;
}

/** A place on the validation environment's next train, asked for in this T1. */
function seat({ journal, policy }: BugRun, head: string): Booking {
  const request = requestId(journal.state().id, policy.validation, head, journal.seq());
  return { env: policy.validation, slot: 'T1', at: Date.now(), graceUntil: null, label: null, request };
}

/** A T1 still ahead follows the calendar, and says where it went and why. */
export async function rebookT1(run: BugRun): Promise<void> {
  const { journal } = run;
  const before = journal.state().booking;
  if (before?.slot !== 'T1' || before.request !== null || before.at === null || before.at <= Date.now()) return;
  const booking = await nextT1(run);
  if (booking === null || journal.state().booking !== before || booking.at === before.at) return;
  const why = `the calendar changed, it was ${before.label ?? 'another time'}`;
  journal.emit({ kind: 'bug.moved', data: { from: before.at, booking, why } });
  await tell(movedText(journal.state(), why));
}

/** Asks the environment for a place on its train, and waits for the end of the ride. */
async function ride(run: BugRun, env: string, request: string): Promise<void> {
  const { journal, moves, arrivals, full } = run;
  // What a train stands on is in the ledger before: its deployment looks there right before the switch (6-faults E8).
  await journal.drained();
  if (journal.state().booking?.request !== request) return;
  if (!(await asked(run, env, request))) return;
  const news = () => arrivals.length > 0 || moves.length > 0;
  const stands = () => journal.state().booking?.request === request && run.asked.has(request);
  await condition(() => news() || !stands() || full());
  const end = arrivals.splice(0).find((landed) => landed.request === request);
  const notice = moves.splice(0).findLast((move) => move.request === request);
  if (end && journal.state().booking?.request === request) return settleRide(run, end);
  if (notice && journal.state().booking?.request === request) return rebook(run, env, notice);
}

/** False when there is nobody to ask: the bug waits for a person who brings the environment's run back. */
async function asked(run: BugRun, env: string, request: string): Promise<boolean> {
  if (run.asked.has(request)) return true;
  const { journal, policy } = run;
  try {
    const handle = getExternalWorkflowHandle(environmentWorkflowId(policy.service, env));
    await handle.signal(requestSignal, place(run, env, request));
    run.asked.add(request);
    return true;
  } catch (error) {
    const what = `${env} has no run to ask for a place (${worldly(error)}); a worker starts it`;
    const blocked = { what, whoCanLift: 'an operator, then retry or approve-prod', files: [] };
    const { status } = journal.state();
    const to = status === 'pending_prod' ? 'deployed_uat' : 'planned';
    journal.emit({ kind: 'bug.returned', data: { to, deployment: null, blocked, breach: null } });
    return false;
  }
}

async function settleRide({ journal, policy }: BugRun, end: Arrival): Promise<void> {
  journal.emit(afterRide(journal.state(), end, policy.production));
  if (journal.state().blocked) await tell(blockedText(journal.state()));
}

async function rebook({ journal }: BugRun, env: string, notice: BookingNotice): Promise<void> {
  const { request, slot, at, label, graceUntil, why } = notice;
  const booking = { env, slot, at, label, graceUntil, request };
  journal.emit({ kind: 'bug.moved', data: { from: journal.state().booking?.at ?? null, booking, why } });
  await tell(movedText(journal.state(), why));
}

function place({ journal, policy, workflowId }: BugRun, env: string, request: string): DeployRequest {
  const { id, fix, title, severity, modules, approvals, booking } = journal.state();
  if (fix === null) throw new Error(`bug ${id} asks for a place without a fix`);
  const validating = env === policy.validation;
  return {
    id: request,
    kind: validating ? 'immediate' : 'slot',
    slot: booking?.slot ?? null,
    passenger: { bug: id, title, severity, modules, fix, approvals: validating ? [] : approvals },
    at: validating ? Date.now() : Math.max(...approvals.map(({ at }) => at)),
    told: booking?.at ?? null,
    label: booking?.label ?? null,
    announced: validating,
    replyTo: workflowId,
  };
}
