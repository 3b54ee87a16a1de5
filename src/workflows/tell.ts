import { log } from '@temporalio/workflow';
import type { Message } from '../domain/events';
import { messenger } from './proxies';

/** Tells people; a dead channel holds nothing and ends no run (T-157, 6-faults F48). */
export async function tell(message: Message): Promise<void> {
  try {
    await messenger.tell(message);
  } catch (error) {
    log.warn('A message could not be sent.', { title: message.title, error: String(error) });
  }
}
