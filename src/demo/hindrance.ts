import type { Bug } from '../api/schemas/bug';

/** What a story needs to know of a bug to tell whether it gets on. */
export type Underway = Pick<Bug, 'id' | 'status' | 'blockedBy' | 'waitingFor' | 'nextEvent'>;

/** Longer than any step of the demo takes on a slow machine. */
const STUCK_MS = 240_000;
/** No slot of a start lies so far ahead. */
const FAR_MS = 15 * 60_000;
/** How long a new calendar may take to reach a bug that waits. */
const SETTLE_MS = 15_000;

/** What comes next, with the wall clock. */
export const eventWords = ({ nextEvent }: Pick<Bug, 'nextEvent'>): string =>
  nextEvent?.at ? `${nextEvent.what}, ${new Date(nextEvent.at).toLocaleString()}` : (nextEvent?.what ?? 'nothing');

/**
 * What keeps a bug from going on, as a sentence; null while all is well. `since` is when its status was first seen
 * (epoch ms); who has all the time in the world passes it as `now`.
 */
export function whatHinders(
  { id, status, blockedBy, waitingFor }: Underway,
  since: number,
  now: number,
): string | null {
  if (blockedBy !== null) return `bug ${id} is ${status} and blocked: ${blockedBy.what} (${blockedBy.whoCanLift})`;
  if (now - since < STUCK_MS) return null;
  const wait = waitingFor ? ` It waits for ${waitingFor.who}: ${waitingFor.what}.` : '';
  return `bug ${id} has been ${status} for ${Math.round((now - since) / 1000)} s.${wait}`;
}

/** Whether a bug is booked for a slot of another day, and a new calendar had its time to say otherwise. */
export function missedItsSlot({ status, nextEvent }: Underway, since: number, now: number): boolean {
  const bound = status === 'confirmed' || status === 'planned' || status === 'pending_prod';
  const at = nextEvent?.at ? Date.parse(nextEvent.at) : 0;
  return bound && at - now > FAR_MS && now - since > SETTLE_MS;
}
