/**
 * The runbook of one environment: the single writer of a place where a service runs, and its queue. One deployment at a
 * time by construction; it lives for ever by continue-as-new (3-architecture §3).
 */
import {
  allHandlersFinished,
  condition,
  continueAsNew,
  getExternalWorkflowHandle,
  log,
  ParentClosePolicy,
  setCurrentDetails,
  setHandler,
  startChild,
  WorkflowIdReusePolicy,
  workflowInfo,
} from '@temporalio/workflow';
import { environmentDetails } from '../domain/details';
import { type DeployRequest, type EnvironmentEvent, type EnvironmentState } from '../domain/environment';
import { emptyEnvironment, evolveEnvironment } from '../domain/environment-evolve';
import { arrivalFor, deploymentOrder, longestDeployment, movedWhy } from '../domain/environment-plan';
import { deploymentId, deploymentWorkflowId, environmentSubject, environmentWorkflowId } from '../domain/ids';
import type { SlotKind } from '../domain/slots';
import { queuedText } from '../domain/texts';
import { boards, chooseDeparture, type Departure } from '../domain/train';
import { readEnvironmentDecision } from '../domain/wire';
import { createDecisions } from './decisions';
import { deploymentWorkflow } from './deployment';
import { createEnvironmentGate } from './environment-gate';
import type { EnvironmentInput } from './inputs';
import { openJournal } from './journal';
import * as messages from './messages';
import { environmentReads, gateReads, messenger, patientReads } from './proxies';
import { createVisibility } from './visibility';

/** How long the first passenger of a T1 waits for others of the same T1: they leave as one train. */
const BOARDING_MS = 2_000;

export async function environmentWorkflow(input: EnvironmentInput): Promise<void> {
  const { workflowId } = workflowInfo();
  let { policy } = input;
  const { service, env } = input.kind === 'new' ? input : input.state;
  const journal = openJournal<EnvironmentState, EnvironmentEvent>({
    workflowId,
    service,
    subject: environmentSubject(env),
    state: input.kind === 'new' ? emptyEnvironment(service, env) : input.state,
    seq: input.kind === 'new' ? 0 : input.carried.seq,
    evolve: evolveEnvironment,
  });
  const { state } = journal;
  const ends: messages.DeploymentEnd[] = [];
  const advances: messages.BaseAdvance[] = [];
  const show = createVisibility();
  const decisions = createDecisions({
    gate: createEnvironmentGate(journal),
    journal,
    read: readEnvironmentDecision,
    taken: input.kind === 'new' ? [] : input.carried.decisions,
    status: () => (state().current ? 'deploying' : 'idle'),
  });
  let ticks = 0;

  if (input.kind === 'new')
    journal.emit({ kind: 'environment.configured', data: { service, env, revision: policy.revision } });
  setHandler(messages.decideEnvironmentUpdate, decisions.update, { validator: decisions.validate });
  setHandler(messages.decideEnvironmentSignal, decisions.signal);
  setHandler(messages.environmentStateQuery, state);
  setHandler(messages.configureSignal, configure);
  setHandler(messages.requestSignal, (request) => journal.emit({ kind: 'environment.requested', data: { request } }));
  setHandler(messages.withdrawSignal, withdraw);
  setHandler(messages.dropFixSignal, ({ bug }) => journal.emit({ kind: 'environment.fix-dropped', data: { bug } }));
  setHandler(messages.deploymentEndedSignal, (end) => void ends.push(end));
  setHandler(messages.baseAdvancedSignal, (advance) => void advances.push(advance));

  if (state().running === null && state().current === null) await observe();
  while (!full()) {
    publish();
    if (fresh().length > 0) await announce();
    else if (state().current) await untilArrival();
    else if (advances.length > 0) await advanceBase();
    else await next(chooseDeparture(state(), policy.train.mode, Date.now()));
  }
  await condition(allHandlersFinished);
  await journal.drained();
  return continueAsNew<typeof environmentWorkflow>({
    kind: 'continued',
    state: state(),
    policy,
    carried: { seq: journal.seq(), decisions: decisions.taken() },
  });

  /** Approved and queued, but nobody has heard of it yet. */
  function fresh(): readonly DeployRequest[] {
    return state().queue.filter((request) => request.kind === 'slot' && !request.announced);
  }

  async function announce(): Promise<void> {
    const requests = fresh();
    journal.emit({ kind: 'environment.announced', data: { requests: requests.map(({ id }) => id) } });
    await messenger.tell(queuedText(state(), requests));
  }

  function full(): boolean {
    const busy = ends.length > 0 || advances.length > 0;
    return !busy && (decisions.full() || workflowInfo().continueAsNewSuggested);
  }

  async function next(departure: Departure): Promise<void> {
    switch (departure.act) {
      case 'nothing':
        return changed();
      case 'wait':
        return changed(departure.until, departure.why);
      case 'plan':
        return planSlot(departure.slot, departure.after, departure.why);
      case 'leave':
        return leave(departure);
    }
  }

  /** Waits for news, at the longest until an instant. */
  async function changed(until?: number, summary = ''): Promise<void> {
    const seen = journal.seq() + ticks;
    const news = () => journal.seq() + ticks !== seen || ends.length > 0 || advances.length > 0 || full();
    if (until === undefined) return condition(news);
    await condition(news, Math.max(1, until - Date.now()), { summary });
  }

  async function observe(): Promise<void> {
    const seen = await environmentReads(service, env).observeEnvironment(service, env, Date.now());
    journal.emit({ kind: 'environment.observed', data: seen });
  }

  function configure(present: typeof policy): void {
    if (present.revision === state().revision) return;
    policy = present;
    journal.emit({ kind: 'environment.configured', data: { service, env, revision: present.revision } });
    if (state().slot)
      journal.emit({
        kind: 'environment.slot-planned',
        data: { slot: null, label: null, why: 'the calendar changed' },
      });
  }

  /** Gives a request back unless its train is being built already. */
  async function withdraw({ request, replyTo }: { readonly request: string; readonly replyTo: string }): Promise<void> {
    const aboard = state().current?.requests.some(({ id }) => id === request) ?? false;
    if (!aboard) journal.emit({ kind: 'environment.request-withdrawn', data: { request } });
    const outcome = aboard ? 'too-late' : 'withdrawn';
    await tellBug(replyTo, { request, outcome, at: null, slot: null, label: null, graceUntil: null, why: outcome });
  }

  /** The next slot for what waits; whoever was told another time hears the old one, the new one, and why. */
  async function planSlot(kind: SlotKind, after: number, why: string): Promise<void> {
    const waiting = state().queue.filter((request) => request.kind === 'slot' && request.slot === kind);
    const question = { service, env, modules: [], kind, departed: state().departedSlots };
    const first = await gateReads.nextSlot({ ...question, after });
    const late = first.slot.graceUntil < Date.now();
    const answer = late ? await gateReads.nextSlot({ ...question, after: Date.now() }) : first;
    const { key, at, cutoffAt, graceUntil } = answer.slot;
    const slot = { kind, key, at, cutoffAt, graceUntil };
    const moved = waiting.filter((request) => boards(request, slot) && request.told !== null && request.told !== at);
    journal.emit({ kind: 'environment.slot-planned', data: { slot, label: answer.label, why } });
    for (const request of moved) {
      const notice = {
        request: request.id,
        outcome: 'moved' as const,
        at,
        slot: kind,
        label: answer.label,
        graceUntil,
      };
      await tellBug(request.replyTo, { ...notice, why: movedWhy(answer, why) });
    }
  }

  async function leave(departure: Departure & { readonly act: 'leave' }): Promise<void> {
    const { requests, slotKey } = departure;
    const boarding = Math.max(...requests.map(({ slot, at }) => (slot === 'T1' ? at + BOARDING_MS : 0)));
    if (Date.now() < boarding) return changed(boarding, 'boarding');
    if (requests.every(({ kind }) => kind !== 'slot')) return depart(requests, slotKey);
    const { requests: frozen, until, freeze } = await gateReads.suspended(service, env, requests, Date.now());
    const again = chooseDeparture(state(), policy.train.mode, Date.now(), frozen);
    if (again.act === 'leave') return depart(again.requests, again.slotKey);
    if (until !== null) return changed(until, `freeze ${freeze ?? ''}`);
  }

  async function depart(requests: readonly DeployRequest[], slotKey: string | null): Promise<void> {
    const deployment = deploymentId(service, env, state().nextNumber);
    const current = { deployment, requests, startedAt: Date.now(), fence: state().fence + 2, slotKey };
    journal.emit({ kind: 'environment.departed', data: { current } });
    const order = deploymentOrder(state(), policy, current);
    try {
      await startChild(deploymentWorkflow, {
        workflowId: deploymentWorkflowId(service, env, deployment),
        args: [order],
        parentClosePolicy: ParentClosePolicy.ABANDON,
        workflowIdReusePolicy: WorkflowIdReusePolicy.REJECT_DUPLICATE,
        staticSummary: `${deployment}: ${requests.map(({ id }) => id).join(', ')}`,
      });
    } catch (error) {
      log.warn('The deployment runs already; waiting for its end.', { deployment, error: String(error) });
    }
  }

  /** Waits for the present deployment's end; after a long silence asks whether its run is still there. */
  async function untilArrival(): Promise<void> {
    const current = state().current;
    if (current === null) return;
    const told = () => ends.some(({ deployment }) => deployment === current.deployment);
    const silent = !(await condition(told, longestDeployment(policy, env), {
      summary: `end of ${current.deployment}`,
    }));
    if (!silent) return arrive();
    const run = await patientReads.describeDeployment(service, env, current.deployment);
    if (run === 'open' || told()) return;
    const reason = `the run of ${current.deployment} is ${run} without a report`;
    const nothing = { breach: null, left: [], alsoHolds: [], running: null };
    ends.push({ ...nothing, deployment: current.deployment, verdict: 'Aborted', reason, unknown: reason });
  }

  async function arrive(): Promise<void> {
    const current = state().current;
    const end = ends.splice(0).find(({ deployment }) => deployment === current?.deployment);
    if (!current || !end) return;
    const { deployment, verdict, running, unknown } = end;
    const committed = verdict === 'Released' || verdict === 'Released-with-override';
    journal.emit({ kind: 'environment.arrived', data: { deployment, verdict, running, committed, unknown } });
    for (const request of current.requests) {
      await signalled(() =>
        getExternalWorkflowHandle(request.replyTo).signal(messages.arrivedSignal, arrivalFor(request, env, end)),
      );
    }
    if (!committed || running === null || env !== policy.production) return;
    const shipped = current.requests.flatMap(({ passenger }) => (passenger ? [passenger] : []));
    const left = new Set(end.left.map(({ bug }) => bug));
    const advance = {
      version: running.version,
      sha: running.sha,
      shipped: shipped.filter(({ bug }) => !left.has(bug)).map(({ bug }) => bug),
    };
    const validation = environmentWorkflowId(service, policy.validation);
    await signalled(() => getExternalWorkflowHandle(validation).signal(messages.baseAdvancedSignal, advance));
  }

  /** Production moved on: our base follows at once when our build holds all of it by patch. */
  async function advanceBase(): Promise<void> {
    const advance = advances.shift();
    const sha = state().running?.sha;
    if (!advance || !sha) return;
    if (!(await patientReads.holds(service, sha, advance.sha))) {
      log.warn('Production holds commits that this environment lacks; its base stays.', {
        production: advance.version,
      });
      return;
    }
    const { version, shipped } = advance;
    journal.emit({ kind: 'environment.base-advanced', data: { base: { version, sha: advance.sha }, shipped } });
  }

  function tellBug(replyTo: string, notice: messages.BookingNotice): Promise<void> {
    return signalled(() => getExternalWorkflowHandle(replyTo).signal(messages.bookedSignal, notice));
  }

  /** A run that has ended meanwhile needs no news. */
  async function signalled(send: () => Promise<void>): Promise<void> {
    try {
      await send();
    } catch (error) {
      log.warn('Nobody there to tell.', { error: String(error) });
    } finally {
      ticks += 1;
    }
  }

  function publish(): void {
    setCurrentDetails(environmentDetails(state()));
    const version = state().running?.version ?? 'none';
    if (state().current === null)
      show({ TidegateVersion: version, TidegateStatus: state().unknown ? 'unknown' : 'idle' });
  }
}
