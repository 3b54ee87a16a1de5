import type { Message } from '../domain/events';

/** Tells people. A dead channel never holds a deployment: send never throws for a channel that is down. */
export interface Messenger {
  send(message: Message): Promise<void>;
}
