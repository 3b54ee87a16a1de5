/** Text from outside made safe for logs, terminals and pages (abuse 21). */
import { stripVTControlCharacters } from 'node:util';

/* eslint-disable no-control-regex -- control characters are what this file is about */
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;
/** Marks that reorder or hide text: bidirectional controls, zero-width characters, line separators. */
const INVISIBLE = /[\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;
/* eslint-enable no-control-regex */

/** Without escape sequences, control and invisible characters; a line drawn over itself shows its last state. */
export function cleanText(text: string): string {
  const last = text.replace(/\r+$/, '');
  const shown = last.slice(last.lastIndexOf('\r') + 1);
  return stripVTControlCharacters(shown).replace(CONTROL, '').replace(INVISIBLE, '');
}
