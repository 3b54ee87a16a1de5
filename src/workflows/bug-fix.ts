/** The runbook of one bug: from report to production, waiting for people and slots (3-architecture §3). */
import {
  allHandlersFinished,
  condition,
  continueAsNew,
  getExternalWorkflowHandle,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import { isEnded, type Booking, type BugEvent, type BugState } from '../domain/bug';
import { evolveBug } from '../domain/bug-evolve';
import { afterRide, nextStep } from '../domain/bug-plan';
import type { DeployRequest } from '../domain/environment';
import { bugSubject, environmentWorkflowId, requestId } from '../domain/ids';
import { blockedText, movedText, noFixText } from '../domain/texts';
import { readBugDecision } from '../domain/wire';
import { createBugGate } from './bug-gate';
import { createDecisions } from './decisions';
import type { BugInput } from './inputs';
import { openJournal } from './journal';
import {
  arrivedSignal,
  bookedSignal,
  bugStateQuery,
  calendarChangedSignal,
  decideSignal,
  decideUpdate,
  requestSignal,
  type Arrival,
  type BookingNotice,
} from './messages';
import { messenger, patientReads } from './proxies';
import { bugDetails } from '../domain/details';
import { createVisibility } from './visibility';

export async function bugFixWorkflow(input: BugInput): Promise<BugState> {
  const { workflowId } = workflowInfo();
  const { policy } = input;
  const id = input.kind === 'new' ? input.report.id : input.state.id;
  const journal = openJournal<BugState, BugEvent>({
    workflowId,
    service: policy.service,
    subject: bugSubject(id),
    state: input.kind === 'new' ? null : input.state,
    seq: input.kind === 'new' ? 0 : input.carried.seq,
    evolve: evolveBug,
  });
  const { state } = journal;
  if (input.kind === 'new') journal.emit({ kind: 'bug.reported', data: input.report }, input.reporter, null, input.at);

  const answers: BookingNotice[] = [];
  const moves: BookingNotice[] = [];
  const heeded = new Set<BookingNotice>();
  const arrivals: Arrival[] = [];
  const asked = new Set<string>();
  const show = createVisibility(
    input.kind === 'new'
      ? { TidegateStatus: 'submitted', TidegateSeverity: input.report.severity, TidegateWaitingFor: 'person' }
      : {},
  );
  const gate = createBugGate({ journal, policy, workflowId, answers });
  const decisions = createDecisions({
    gate,
    journal,
    read: readBugDecision,
    taken: input.kind === 'new' ? [] : input.carried.decisions,
    status: () => state().status,
  });

  setHandler(decideUpdate, decisions.update, { validator: decisions.validate });
  setHandler(decideSignal, decisions.signal);
  setHandler(arrivedSignal, (arrival) => void arrivals.push(arrival));
  setHandler(bookedSignal, (notice) => void (notice.outcome === 'moved' ? moves : answers).push(notice));
  setHandler(calendarChangedSignal, rebookT1);
  setHandler(bugStateQuery, state);

  while (!isEnded(state()) && !decisions.full()) {
    publish();
    const step = nextStep(state(), Date.now());
    switch (step.step) {
      case 'wait':
        await changed();
        break;
      case 'sleep':
        await changed(step.until);
        break;
      case 'analyse':
        await analyse();
        break;
      case 'ride':
        await ride(step.env, step.request);
        break;
    }
  }
  publish();
  await condition(allHandlersFinished);
  await journal.drained();
  if (isEnded(state())) return state();
  return continueAsNew<typeof bugFixWorkflow>({
    kind: 'continued',
    state: state(),
    policy,
    carried: { seq: journal.seq(), decisions: decisions.taken() },
  });

  /** Waits for the state to change, at the longest until an instant. */
  async function changed(until?: number): Promise<void> {
    const seen = journal.seq();
    const moved = () => journal.seq() !== seen || decisions.full();
    if (until === undefined) return condition(moved);
    const summary = `${state().booking?.slot ?? 'slot'} at ${state().booking?.label ?? new Date(until).toISOString()}`;
    await condition(moved, Math.max(1, until - Date.now()), { summary });
  }

  /** T1: root cause and plan; with a fix the bug asks for its place at once, without one it looks again at the next T1. */
  async function analyse(): Promise<void> {
    if (await missedSlot()) return;
    journal.emit({ kind: 'bug.analysis-started', data: {} });
    const found = await patientReads.analyse(state(), state().fix);
    const fix = found.fix ?? state().fix;
    const booking = fix === null ? await nextT1() : seat(fix.head);
    journal.emit({ kind: 'bug.planned', data: { analysis: found.analysis, fix, booking } });
    if (fix === null) await messenger.tell(noFixText(state(), policy));
  }

  /** A T1 that was slept through beyond its grace waits for the next one, and says so. */
  async function missedSlot(): Promise<boolean> {
    const { booking } = state();
    if (booking === null || booking.graceUntil === null || Date.now() <= booking.graceUntil) return false;
    const why = `${booking.slot ?? 'The slot'} of ${booking.label ?? 'last night'} was missed by more than its grace`;
    journal.emit({ kind: 'bug.moved', data: { from: booking.at, booking: await nextT1(), why } });
    await messenger.tell(movedText(state(), why));
    return true;
  }

  const nextT1 = (): Promise<Booking> => patientReads.nextBooking(state(), policy.validation, 'T1', Date.now());

  /** A place on the validation environment's next train, asked for in this T1. */
  function seat(head: string): Booking {
    const request = requestId(id, policy.validation, head, journal.seq());
    return { env: policy.validation, slot: 'T1', at: Date.now(), graceUntil: null, label: null, request };
  }

  /** A T1 still ahead follows the calendar, and says where it went and why. */
  async function rebookT1(): Promise<void> {
    const before = state().booking;
    if (before?.slot !== 'T1' || before.request !== null || before.at === null || before.at <= Date.now()) return;
    const booking = await nextT1();
    if (state().booking !== before || booking.at === before.at) return;
    const why = `the calendar changed, it was ${before.label ?? 'another time'}`;
    journal.emit({ kind: 'bug.moved', data: { from: before.at, booking, why } });
    await messenger.tell(movedText(state(), why));
  }

  /** Asks the environment for a place on its train, and waits for the end of the ride. */
  async function ride(env: string, request: string): Promise<void> {
    if (!asked.has(request)) {
      asked.add(request);
      await getExternalWorkflowHandle(environmentWorkflowId(policy.service, env)).signal(
        requestSignal,
        place(env, request),
      );
    }
    const arrival = () => arrivals.find((end) => end.request === request);
    const move = () => moves.find((notice) => notice.request === request && !heeded.has(notice));
    await condition(
      () => arrival() !== undefined || move() !== undefined || state().booking?.request !== request || decisions.full(),
    );
    const end = arrival();
    const moved = move();
    if (end) return settleRide(end);
    if (moved) return rebook(env, moved);
  }

  async function settleRide(end: Arrival): Promise<void> {
    journal.emit(afterRide(state(), end));
    if (state().blocked) await messenger.tell(blockedText(state()));
  }

  async function rebook(env: string, notice: BookingNotice): Promise<void> {
    heeded.add(notice);
    const { request, slot, at, label, graceUntil, why } = notice;
    const booking = { env, slot, at, label, graceUntil, request };
    journal.emit({ kind: 'bug.moved', data: { from: state().booking?.at ?? null, booking, why } });
    await messenger.tell(movedText(state(), why));
  }

  function place(env: string, request: string): DeployRequest {
    const { fix, title, severity, modules, approvals, booking } = state();
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

  function publish(): void {
    const { status, severity, flow } = state();
    setCurrentDetails(bugDetails(state(), policy));
    if (status === 'analyzing' || (status === 'planned' && state().booking !== null)) return;
    const waits = nextStep(state(), Date.now()).step === 'wait' && !isEnded(state());
    show({
      TidegateStatus: status,
      TidegateSeverity: severity,
      TidegateWaitingFor: waits ? 'person' : (flow ?? 'none'),
    });
  }
}
