import type { Logger } from 'pino';
import type { Messenger } from '../../ports/messenger';

/** Messages to the log, for people who read it and for whoever ships it on; the ledger keeps each one besides. */
export function createLogMessenger(logger: Pick<Logger, 'info'>): Messenger {
  return {
    send(message) {
      logger.info(
        { topic: message.topic, service: message.service, env: message.env, bugs: message.bugs },
        `${message.title}\n${message.text}`,
      );
      return Promise.resolve();
    },
  };
}
