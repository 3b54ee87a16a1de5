/** What goes onto a terminal: text of others made harmless, colours only where they are wanted, tables. */
import { stripVTControlCharacters } from 'node:util';
import Table from 'cli-table3';
import pc from 'picocolors';

/* eslint-disable no-control-regex -- control characters are what is taken out */
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;
/* eslint-enable no-control-regex */
/** Marks that reorder or hide text, so that a title reads other than it is. */
const HIDDEN = /[\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** Text from a server, without anything that drives a terminal. */
export function plain(text: string): string {
  return stripVTControlCharacters(text).replace(CONTROL, '').replace(HIDDEN, '');
}

/** On one line. */
export const line = (text: string): string => plain(text).replace(/\s+/g, ' ').trim();

export type Colours = ReturnType<typeof pc.createColors>;
export const coloursFor = (wanted: boolean): Colours => pc.createColors(wanted);

/** The status in its colour of the source; the word is always there (never colour alone). */
export function statusWord(colours: Colours, status: string, colour: string): string {
  switch (colour) {
    case 'grey':
      return colours.gray(status);
    case 'blue':
    case 'indigo':
      return colours.blue(status);
    case 'purple':
      return colours.magenta(status);
    case 'cyan':
    case 'teal':
      return colours.cyan(status);
    case 'yellow':
      return colours.yellow(status);
    case 'green':
    case 'emerald':
      return colours.green(status);
    case 'red':
      return colours.red(status);
    default:
      return status;
  }
}

const NO_LINES = {
  ...{ top: '', 'top-mid': '', 'top-left': '', 'top-right': '', bottom: '', 'bottom-mid': '', 'bottom-left': '' },
  ...{ 'bottom-right': '', left: '', 'left-mid': '', mid: '', 'mid-mid': '', right: '', 'right-mid': '' },
  middle: '  ',
};

/** Rows under a head, without lines: easy on eyes and on `cut`. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const drawn = new Table({
    head: [...head],
    chars: NO_LINES,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  });
  for (const row of rows) drawn.push(row.map((cell) => cell));
  return drawn
    .toString()
    .split('\n')
    .map((each) => each.trimEnd())
    .join('\n');
}

/** `name  value` lines, the names in one column; null values are left out. */
export function facts(pairs: readonly (readonly [string, string | null])[]): string {
  const shown = pairs.flatMap(([name, value]) => (value === null ? [] : [[name, value] as const]));
  const width = Math.max(0, ...shown.map(([name]) => name.length));
  return shown.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join('\n');
}
