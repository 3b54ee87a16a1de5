/** Who leaves an environment's queue now: priority, slot, cutoff, grace and holds (3-architecture §3, T-025, X-19, X-20). */
import type { DeployRequest, EnvironmentState, RequestKind } from './environment';
import type { TrainPolicy } from './policy';
import { mayStillRun, missed, type SlotKind } from './slots';

/** Order of departure. */
const PRIORITY: readonly RequestKind[] = ['rollback', 'hotfix', 'immediate', 'slot'];

export type Departure =
  /**
   * These leave now as one deployment. `slotKey` is the occurrence that this uses up: null when none, or while others
   * of the same slot still leave one by one.
   */
  | { readonly act: 'leave'; readonly requests: readonly DeployRequest[]; readonly slotKey: string | null }
  | { readonly act: 'wait'; readonly until: number; readonly why: string }
  /** Slot requests wait, and the slot of the state is of no use to them: ask for the next one of this kind `after`. */
  | { readonly act: 'plan'; readonly slot: SlotKind; readonly after: number; readonly why: string }
  | { readonly act: 'nothing'; readonly why: string };

/** A request boards a slot when it was made strictly before its cutoff and asked for that kind (T-025). */
export function boards(request: DeployRequest, slot: NonNullable<EnvironmentState['slot']>): boolean {
  return request.kind === 'slot' && request.slot === slot.kind && request.at < slot.cutoffAt;
}

/** Whether the slot the queue waits for went by unused: its passengers move to the next one, and are told. */
export function slotMissed(state: Pick<EnvironmentState, 'slot' | 'departedSlots'>, now: number): boolean {
  return state.slot !== null && !state.departedSlots.includes(state.slot.key) && missed(state.slot, now);
}

/**
 * The next departure. One deployment at a time, and none in an unknown state; a hold stops everything but a
 * rollback, hotfixes too: who held the environment must let go of it. Of the first kind that waits, rollbacks leave
 * alone and in their order, the others together or one by one as `mode` says; kinds never share a train.
 * @param suspended requests that a freeze holds back at `now`
 */
export function chooseDeparture(
  state: Pick<EnvironmentState, 'queue' | 'current' | 'slot' | 'departedSlots' | 'holds' | 'unknown'>,
  mode: TrainPolicy['mode'],
  now: number,
  suspended: readonly string[] = [],
): Departure {
  if (state.current) return { act: 'nothing', why: `deployment ${state.current.deployment} is under way` };
  if (state.unknown) return { act: 'nothing', why: `the state is unknown since ${state.unknown.deployment}` };
  const hold = state.holds[0];
  const free = state.queue.filter(
    (request) => !suspended.includes(request.id) && (!hold || request.kind === 'rollback'),
  );
  const kind = PRIORITY.find((candidate) => free.some((request) => request.kind === candidate));
  if (kind === undefined) return { act: 'nothing', why: whyIdle(state.queue.length, hold) };
  const waiting = free.filter((request) => request.kind === kind);
  if (kind === 'slot') return slotDeparture(state, waiting, mode, now);
  return { act: 'leave', requests: kind === 'rollback' ? waiting.slice(0, 1) : train(waiting, mode), slotKey: null };
}

function whyIdle(queued: number, hold: EnvironmentState['holds'][number] | undefined): string {
  if (queued === 0) return 'nothing is asked for';
  return hold ? `held by ${hold.by}: ${hold.reason}` : 'a freeze holds back everything that waits';
}

function slotDeparture(
  state: Pick<EnvironmentState, 'slot' | 'departedSlots'>,
  waiting: readonly DeployRequest[],
  mode: TrainPolicy['mode'],
  now: number,
): Departure {
  const { slot, departedSlots } = state;
  const kind = waiting[0]?.slot ?? 'T2';
  const askedAt = Math.min(...waiting.map((request) => request.at));
  const plan = (why: string, after = askedAt): Departure => ({ act: 'plan', slot: kind, after, why });
  if (!slot) return plan('no slot is planned');
  if (departedSlots.includes(slot.key)) return plan(`${slot.key} departed already`);
  if (missed(slot, now)) return plan(`${slot.key} was missed, and its grace is over`, now);
  const aboard = waiting.filter((request) => boards(request, slot));
  if (aboard.length === 0) return plan(`nothing that waits makes ${slot.key}`);
  if (!mayStillRun(slot, now)) return { act: 'wait', until: slot.at, why: `waits for ${slot.key}` };
  const requests = train(aboard, mode);
  return { act: 'leave', requests, slotKey: requests.length === aboard.length ? slot.key : null };
}

function train(waiting: readonly DeployRequest[], mode: TrainPolicy['mode']): readonly DeployRequest[] {
  return mode === 'together' ? waiting : waiting.slice(0, 1);
}
