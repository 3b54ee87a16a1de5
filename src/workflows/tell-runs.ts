/** News for other runs: how many hear at once, and what becomes of those that are gone. */
import { getExternalWorkflowHandle, log } from '@temporalio/workflow';
import { bookedSignal, type BookingNotice } from './messages';

export function notify(replyTo: string, notice: BookingNotice): Promise<void> {
  return signalled(() => getExternalWorkflowHandle(replyTo).signal(bookedSignal, notice));
}

/** How many runs hear at the same time: one after the other costs a workflow task each, all at once a flood (5-quality §3). */
const CHUNK = 50;

/** Tells a few at a time. */
export async function inChunks<T>(items: readonly T[], send: (item: T) => Promise<void>): Promise<void> {
  for (let from = 0; from < items.length; from += CHUNK) await Promise.all(items.slice(from, from + CHUNK).map(send));
}

/** A run that has ended meanwhile needs no news. */
export async function signalled(send: () => Promise<void>): Promise<void> {
  try {
    await send();
  } catch (error) {
    log.warn('Nobody there to tell.', { error: String(error) });
  }
}
