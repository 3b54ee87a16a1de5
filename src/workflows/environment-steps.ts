/** The steps of an environment: plan a slot, let a train leave, take in its end. Each is safe to do again. */
import {
  condition,
  getExternalWorkflowHandle,
  log,
  ParentClosePolicy,
  startChild,
  WorkflowIdReusePolicy,
} from '@temporalio/workflow';
import { isReleased } from '../domain/deployment';
import { isKnown } from '../domain/environment-evolve';
import type { DeployRequest, EnvironmentEvent, EnvironmentState } from '../domain/environment';
import {
  arrivalFor,
  deploymentOrder,
  endOnRecord,
  longestDeployment,
  movedWhy,
  remembered,
  shippedBy,
} from '../domain/environment-plan';
import { deploymentId, deploymentWorkflowId, environmentWorkflowId } from '../domain/ids';
import type { ServicePolicy } from '../domain/policy';
import type { SlotKind } from '../domain/slots';
import { queuedText } from '../domain/texts';
import { boards, chooseDeparture, type Departure } from '../domain/train';
import { deploymentWorkflow } from './deployment';
import type { Journal } from './journal';
import * as messages from './messages';
import { environmentReads, gateReads, patientReads } from './proxies';
import { tell } from './tell';
import { inChunks, notify, signalled } from './tell-runs';

/** One environment's run: its record, the present policy, and what has come in and waits for the main loop. */
export interface Place {
  readonly journal: Journal<EnvironmentState, EnvironmentEvent>;
  policy: ServicePolicy;
  readonly ends: messages.DeploymentEnd[];
  /** The deployment whose end Temporal itself brings to this run, its parent; null after continue-as-new. */
  child: string | null;
  /** A deployment said to have ended, by whoever can send a signal. */
  hint: string | null;
  readonly advances: { readonly advance: messages.BaseAdvance; tries: number }[];
  /** Whether this run should continue as new as soon as nothing waits. */
  readonly full: () => boolean;
}

/** How long the first passenger of a T1 waits for others of the same T1: they leave as one train. */
const BOARDING_MS = 2_000;

/** Waits for news, at the longest until an instant. */
export async function changed(place: Place, until?: number, summary = ''): Promise<void> {
  const { journal, ends, advances } = place;
  const seen = journal.seq();
  const news = () => journal.seq() !== seen || ends.length > 0 || advances.length > 0 || place.full();
  if (until === undefined) return condition(news);
  await condition(news, Math.max(1, until - Date.now()), { summary });
}

export async function observe(place: Place): Promise<void> {
  const { journal } = place;
  const { service, env } = journal.state();
  const seen = await environmentReads(service, env).observeEnvironment(service, env, Date.now());
  const { running, source, nextNumber, fence, known } = seen;
  const restored = known && remembered(known);
  journal.emit({ kind: 'environment.observed', data: { running, source, nextNumber, fence, restored } });
  // Its end may have been told to the run before this one.
  await ask(place);
}

/** Approved and queued, but nobody has heard of it yet. */
export function unannounced({ journal }: Place): readonly DeployRequest[] {
  return journal.state().queue.filter((request) => request.kind === 'slot' && !request.announced);
}

export async function announce(place: Place): Promise<void> {
  const requests = unannounced(place);
  place.journal.emit({ kind: 'environment.announced', data: { requests: requests.map(({ id }) => id) } });
  await tell(queuedText(place.journal.state(), requests));
}

/** Walks one step of the plan. */
export async function follow(place: Place, departure: Departure): Promise<void> {
  switch (departure.act) {
    case 'nothing':
      return changed(place);
    case 'wait':
      return changed(place, departure.until, departure.why);
    case 'plan':
      return planSlot(place, departure.slot, departure.after, departure.why);
    case 'leave':
      return leave(place, departure);
  }
}

/** The next slot for what waits; whoever was told another time hears the old one, the new one, and why. */
async function planSlot({ journal }: Place, kind: SlotKind, after: number, why: string): Promise<void> {
  const { service, env, queue, departedSlots } = journal.state();
  const waiting = queue.filter((request) => request.kind === 'slot' && request.slot === kind);
  const question = { service, env, modules: [], kind, departed: departedSlots };
  const first = await gateReads.nextSlot({ ...question, after });
  const late = first.slot.graceUntil < Date.now();
  const answer = late ? await gateReads.nextSlot({ ...question, after: Date.now() }) : first;
  const because = late ? `${first.slot.key} was missed, and its grace is over` : why;
  const { key, at, cutoffAt, graceUntil } = answer.slot;
  const slot = { kind, key, at, cutoffAt, graceUntil };
  const moved = waiting.filter((request) => boards(request, slot) && request.told !== null && request.told !== at);
  journal.emit({ kind: 'environment.slot-planned', data: { slot, label: answer.label, why: because } });
  const notice = { outcome: 'moved' as const, at, slot: kind, label: answer.label, graceUntil };
  const told = movedWhy(answer, because);
  await inChunks(moved, ({ id, replyTo }) => notify(replyTo, { ...notice, request: id, why: told }));
}

async function leave(place: Place, departure: Departure & { readonly act: 'leave' }): Promise<void> {
  const { journal, policy } = place;
  const { requests, slotKey } = departure;
  const boarding = Math.max(
    ...requests.map(({ slot, kind, at }) => (slot === 'T1' && kind === 'immediate' ? at + BOARDING_MS : 0)),
  );
  if (Date.now() < boarding) return changed(place, boarding, 'boarding');
  // A freeze may have begun since the slot was planned, or while a T1 waited for its environment (T-200).
  if (requests.some(({ kind }) => kind === 'hotfix' || kind === 'rollback')) return depart(place, requests, slotKey);
  const { service, env } = journal.state();
  const { requests: frozen, until, freeze } = await gateReads.suspended(service, env, requests, Date.now());
  const again = chooseDeparture(journal.state(), policy.train.mode, Date.now(), frozen);
  if (again.act === 'leave') return depart(place, again.requests, again.slotKey);
  if (again.act === 'wait' && again.until <= (until ?? Infinity)) return follow(place, again);
  if (until !== null) return changed(place, until, `freeze ${freeze ?? ''}`);
}

/** The deployment's id stands in the record before its run is started: a repeat finds the same run. */
async function depart(place: Place, requests: readonly DeployRequest[], slotKey: string | null): Promise<void> {
  const { journal, policy, ends } = place;
  const { service, env, nextNumber, fence, slot } = journal.state();
  const deployment = deploymentId(service, env, nextNumber);
  const bound = slot !== null && requests.every(({ kind }) => kind === 'slot');
  const leaveUntil = bound ? slot.graceUntil : null;
  const current = { deployment, requests, startedAt: Date.now(), fence: fence + 2, slotKey, leaveUntil };
  journal.emit({ kind: 'environment.departed', data: { current } });
  try {
    const child = await startChild(deploymentWorkflow, {
      workflowId: deploymentWorkflowId(service, env, deployment),
      args: [deploymentOrder(journal.state(), policy, current)],
      parentClosePolicy: ParentClosePolicy.ABANDON,
      workflowIdReusePolicy: WorkflowIdReusePolicy.REJECT_DUPLICATE,
      staticDetails: requests
        .flatMap(({ passenger }) => (passenger ? [`- #${passenger.bug} ${passenger.title}`] : []))
        .join('\n'),
      staticSummary: `${deployment}: ${requests.map(({ id }) => id).join(', ')}`,
    });
    place.child = deployment;
    const lost = () => Object.assign(place, { child: null, hint: deployment });
    void child.result().then((end) => void ends.push(end), lost);
  } catch (error) {
    log.warn('The deployment runs already; waiting for its end.', { deployment, error: String(error) });
  }
}

/** A deployment says that it ended a moment before its run is closed. */
const LOOK_AFTER_MS = 2_000;

/** Waits for the present deployment's end; after a long silence asks whether its run is still there. */
export async function untilArrival(place: Place): Promise<void> {
  const { journal, policy, ends } = place;
  const { current, env } = journal.state();
  if (current === null) return;
  const told = () => ends.some(({ deployment }) => deployment === current.deployment);
  // A child's end comes by itself; without that, whoever says that it ended is reason enough to look.
  const hinted = () => place.hint === current.deployment && place.child !== current.deployment;
  if (!told() && hinted()) {
    const landed = await condition(told, LOOK_AFTER_MS, { summary: `look for ${current.deployment}` });
    return landed ? arrive(place) : ask(place);
  }
  const news = () => told() || hinted() || unannounced(place).length > 0 || place.full();
  // Counted from the departure: requests that come in meanwhile must not put off the question for ever.
  const longest = longestDeployment(policy, env);
  const patience = longest - ((Date.now() - current.startedAt) % longest);
  const heard = await condition(news, patience, { summary: `end of ${current.deployment}` });
  if (told()) return arrive(place);
  if (!heard) await ask(place);
}

/** Whether the present deployment's run is still there; one that is not has ended as the ledger says. */
async function ask({ journal, policy, ends }: Place): Promise<void> {
  const { current, service, env } = journal.state();
  if (current === null) return;
  const { run, recorded } = await patientReads.describeDeployment(service, env, current.deployment);
  if (run === 'open' || ends.some(({ deployment }) => deployment === current.deployment)) return;
  const order = deploymentOrder(journal.state(), policy, current);
  ends.push(endOnRecord(order, recorded, `the run of ${current.deployment} is ${run} without a report`));
}

async function arrive({ journal, policy, ends }: Place): Promise<void> {
  const { current, service, env } = journal.state();
  const end = ends.splice(0).find(({ deployment }) => deployment === current?.deployment);
  if (!current || !end) return;
  const { deployment, verdict, running, unknown } = end;
  const committed = isReleased(verdict);
  journal.emit({ kind: 'environment.arrived', data: { deployment, verdict, running, committed, unknown } });
  // A passenger may act on the news at once: what this environment runs stands in the ledger before.
  await journal.recorded();
  await inChunks(current.requests, (request) => {
    const arrival = arrivalFor(request, env, end);
    return signalled(() => getExternalWorkflowHandle(request.replyTo).signal(messages.arrivedSignal, arrival));
  });
  if (!committed || running === null || env !== policy.production) return;
  const advance = { version: running.version, sha: running.sha, shipped: shippedBy(current, end.left) };
  const validation = environmentWorkflowId(service, policy.validation);
  await signalled(() => getExternalWorkflowHandle(validation).signal(messages.baseAdvancedSignal, advance));
}

/** A commit that the repository never shows must not hold the queue for ever. */
const MOST_TRIES = 3;

/** Production moved on: our base follows at once when our build holds all of it by patch. */
export async function advanceBase({ journal, advances }: Place): Promise<void> {
  const [next] = advances;
  if (!next) return;
  const { advance } = next;
  const { running, service } = journal.state();
  next.tries += 1;
  try {
    if (running !== null && !(await patientReads.holds(service, running.sha, advance.sha))) {
      log.warn('Production holds commits that this environment lacks; its base stays.');
      return void advances.shift();
    }
  } catch (error) {
    if (next.tries >= MOST_TRIES) advances.shift();
    throw error;
  }
  advances.shift();
  if (running === null) return;
  const { version, sha, shipped } = advance;
  journal.emit({ kind: 'environment.base-advanced', data: { base: { version, sha }, shipped } });
}

/** Gives a request back unless its train is being built already; one that nobody knows any more rides nowhere. */
export async function withdraw({ journal }: Place, request: string, replyTo: string): Promise<void> {
  const { queue, observedAt } = journal.state();
  const waits = queue.some(({ id }) => id === request);
  if (waits) journal.emit({ kind: 'environment.request-withdrawn', data: { request } });
  // A run that begins anew has yet to hear from the ledger what its queue holds.
  const gone = observedAt !== null && !isKnown(journal.state(), request);
  const outcome = waits || gone ? 'withdrawn' : 'too-late';
  await notify(replyTo, { request, outcome, at: null, slot: null, label: null, graceUntil: null, why: outcome });
}
