/** Text from outside made safe for one cell or line of Markdown: it shows as it is and does nothing. */
import { cleanText } from '../text';

const MAX_LENGTH = 2_000;

/** An underscore inside a word is only an underscore; names stay readable as they are. */
const EMPHASIS = /(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])/g;

/** One line, without control, escape and bidirectional characters, and with all that means something escaped. */
export function inline(value: unknown): string {
  const line = cleanText(String(value).replaceAll('\r', ' ')).replace(/\s+/g, ' ').trim();
  const short = line.length > MAX_LENGTH ? `${line.slice(0, MAX_LENGTH)}…` : line;
  return short
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replace(/[\\`*[\]|~]/g, (sign) => `\\${sign}`)
    .replace(EMPHASIS, '\\_')
    .replace(/^(?:[=-]|[#+](?=[#\s]|$))/, (sign) => `\\${sign}`)
    .replace(/^(\d+)([.)])(?=\s|$)/, '$1\\$2');
}
