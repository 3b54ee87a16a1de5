/** The runbook of one bug: from report to production, waiting for people and slots (3-architecture §3). */
import {
  allHandlersFinished,
  condition,
  continueAsNew,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import { bugRound, isEnded, type BugEvent, type BugState } from '../domain/bug';
import { evolveBug } from '../domain/bug-evolve';
import { nextStep } from '../domain/bug-plan';
import { bugDetails } from '../domain/details';
import { bugSubject } from '../domain/ids';
import type { ServicePolicy } from '../domain/policy';
import { readBugDecision } from '../domain/wire';
import { createBugGate } from './bug-gate';
import { rebookT1, walk, type BugRun } from './bug-steps';
import { createDecisions, type Decisions } from './decisions';
import { onSignal, onStrangers } from './guarded';
import type { BugInput } from './inputs';
import { createIntake } from './intake';
import { openJournal } from './journal';
import * as messages from './messages';
import { readable } from './readable';
import { createVisibility } from './visibility';

export async function bugFixWorkflow(input: BugInput): Promise<BugState> {
  const { run, decisions } = open(readable(input));
  const { journal, policy } = run;
  const publish = publisher(input);

  do {
    while (!isEnded(journal.state()) && !run.full()) {
      publish(journal.state(), policy);
      await walk(run, nextStep(journal.state(), Date.now()));
    }
    publish(journal.state(), policy);
    await condition(allHandlersFinished);
    await journal.drained();
    // Whatever came in meanwhile is not left to the next run, and no decision is cut off in the middle.
  } while ((!isEnded(journal.state()) && !run.full()) || !allHandlersFinished());
  if (isEnded(journal.state())) return journal.state();
  const carried = { seq: journal.seq(), decisions: decisions.taken() };
  return continueAsNew<typeof bugFixWorkflow>({ kind: 'continued', state: journal.state(), policy, carried });
}

const ARRIVAL = {
  request: 'string',
  env: 'string',
  deployment: 'string',
  verdict: 'string',
  reason: 'string',
  alsoHolds: 'object',
  left: 'object or null',
  breach: 'object or null',
} as const;

/** The run with its handlers: what a person decides, and what environments say. */
function open(input: BugInput): { readonly run: BugRun; readonly decisions: Decisions } {
  const { workflowId } = workflowInfo();
  const { policy } = input;
  const journal = openJournal<BugState, BugEvent>({
    workflowId,
    service: policy.service,
    subject: bugSubject(input.kind === 'new' ? input.report.id : input.state.id),
    state: input.kind === 'new' ? null : input.state,
    seq: input.kind === 'new' ? 0 : input.carried.seq,
    evolve: evolveBug,
  });
  if (input.kind === 'new') journal.emit({ kind: 'bug.reported', data: input.report }, input.reporter, null, input.at);
  const answers: messages.BookingNotice[] = [];
  const asked = new Set<string>();
  const intake = createIntake();
  const decisions = createDecisions({
    gate: createBugGate({ journal, policy, workflowId, answers, askAgain: (request) => void asked.delete(request) }),
    journal,
    intake,
    read: readBugDecision,
    taken: input.kind === 'new' ? [] : input.carried.decisions,
    status: () => journal.state().status,
    service: policy.service,
    signedFor: () => ({ ...policy, workflow: workflowId, round: bugRound(journal.state()) }),
  });
  const arrivals: messages.Arrival[] = [];
  const moves: messages.BookingNotice[] = [];
  // Nothing that came in may be lost when the run continues as new.
  const full = () => intake.full() && arrivals.length === 0 && moves.length === 0;
  const run: BugRun = { workflowId, journal, policy, moves, arrivals, asked, full };
  setHandler(messages.decideUpdate, decisions.update, { validator: decisions.validate });
  setHandler(messages.decideSignal, decisions.signal);
  // Only the ride under way can end or move: what concerns an older request is no news.
  const concerns = ({ request }: { readonly request: string }) => journal.state().booking?.request === request;
  onSignal(journal, intake, messages.arrivedSignal, ARRIVAL, (arrival) => {
    if (concerns(arrival)) run.arrivals.push(arrival);
  });
  onSignal(journal, intake, messages.bookedSignal, { request: 'string', outcome: 'string' }, (notice) => {
    if (notice.outcome !== 'moved') answers.push(notice);
    else if (concerns(notice)) run.moves.push(notice);
  });
  setHandler(messages.calendarChangedSignal, () => {
    intake.took();
    return rebookT1(run);
  });
  onStrangers(journal, intake);
  setHandler(messages.bugStateQuery, () => journal.state());
  return { run, decisions };
}

/** Search attributes where somebody waits, and the end; what only passes by is not worth an event. */
function publisher(input: BugInput): (state: BugState, policy: ServicePolicy) => void {
  const show = createVisibility(
    input.kind === 'new'
      ? { TidegateStatus: 'submitted', TidegateSeverity: input.report.severity, TidegateWaitingFor: 'person' }
      : {},
  );
  let waited = true;
  return (state, policy) => {
    setCurrentDetails(bugDetails(state, policy));
    const { status, severity, flow, booking } = state;
    const waits = nextStep(state, Date.now()).step === 'wait' && !isEnded(state);
    // A bug that only passes by is not worth an event, unless somebody was said to be waited for.
    const passing = status === 'analyzing' || (status === 'planned' && booking !== null);
    if (passing && !waited) return;
    waited = waits;
    show({
      TidegateStatus: status,
      TidegateSeverity: severity,
      TidegateWaitingFor: waits ? 'person' : (flow ?? 'none'),
    });
  };
}
