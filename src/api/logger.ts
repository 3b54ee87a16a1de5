/** The API's log: JSON lines, without what looks like a secret. */
import { pino, type DestinationStream, type Logger } from 'pino';
import { redact } from '../domain/redact';

/** Keys whose values never reach the log, however deep a library nests them. */
const HIDDEN = [
  ...['authorization', 'token', 'password', 'secret', 'headers', 'cookie'],
  // A task that the SDK could not start is logged whole, in base64, where no shape shows.
  ...['task', 'taskEncoded'],
].flatMap((key) => [key, `*.${key}`, `*.*.${key}`]);

/** What JSON leaves as it is, and a terminal or a reader does not: C1 controls, marks that reorder or hide. */
const DRIVING = /[\u007f-\u009f\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;
const writtenOut = (line: string): string =>
  line.replace(DRIVING, (mark) => `\\u${mark.charCodeAt(0).toString(16).padStart(4, '0')}`);

export function createLogger(level: string, destination?: DestinationStream): Logger {
  const options = {
    level,
    redact: { paths: HIDDEN, censor: '[secret]' },
    // Whatever slips into a sentence is taken out by its shape.
    hooks: { streamWrite: (line: string) => writtenOut(redact(line)) },
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}
