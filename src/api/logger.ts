/** The API's log: JSON lines, without what looks like a secret. */
import { pino, type DestinationStream, type Logger } from 'pino';
import { redact } from '../domain/redact';

/** Keys whose values never reach the log, however deep a library nests them. */
const HIDDEN = [
  ...['authorization', 'token', 'password', 'secret', 'headers', 'cookie'],
  // A task that the SDK could not start is logged whole, in base64, where no shape shows.
  ...['task', 'taskEncoded'],
].flatMap((key) => [key, `*.${key}`, `*.*.${key}`]);

export function createLogger(level: string, destination?: DestinationStream): Logger {
  const options = {
    level,
    redact: { paths: HIDDEN, censor: '[secret]' },
    // Whatever slips into a sentence is taken out by its shape.
    hooks: { streamWrite: redact },
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}
