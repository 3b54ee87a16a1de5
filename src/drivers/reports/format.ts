/** How figures and times look in a report. */
import { DateTime } from 'luxon';

const NONE = '–';

/** `2026-11-03 22:00:05 +07:00` */
export const timeIn = (at: number | null, zone: string): string =>
  at === null ? NONE : DateTime.fromMillis(at, { zone }).toFormat('yyyy-MM-dd HH:mm:ss ZZ');

/** `850 ms`, `12 s`, `3 min 20 s`, `1 h 5 min` */
export function duration(ms: number | null): string {
  if (ms === null) return NONE;
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  const seconds = Math.round(ms / 1_000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3_600) return join(Math.floor(seconds / 60), 'min', seconds % 60, 's');
  return join(Math.floor(seconds / 3_600), 'h', Math.floor((seconds % 3_600) / 60), 'min');
}

const join = (big: number, bigUnit: string, small: number, smallUnit: string): string =>
  small === 0 ? `${big} ${bigUnit}` : `${big} ${bigUnit} ${small} ${smallUnit}`;

/** Time after the start of the window: `T+3:20`. */
export function sinceStart(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  return `T+${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

const rounded = (value: number, digits: number): string => String(Number(value.toFixed(digits)));

export const figure = (value: number | null, digits = 2): string => (value === null ? NONE : rounded(value, digits));
/** A ratio 0..1 as percent. */
export const percent = (ratio: number | null): string => (ratio === null ? NONE : `${rounded(ratio * 100, 2)} %`);
/** Seconds as milliseconds. */
export const millis = (seconds: number | null): string =>
  seconds === null ? NONE : `${rounded(seconds * 1_000, 1)} ms`;

export const yesNo = (ok: boolean | null): string => (ok === null ? NONE : ok ? 'yes' : 'no');
export const passFail = (ok: boolean | null): string => (ok === null ? 'running' : ok ? 'pass' : 'FAIL');
export const orNone = (text: string | null): string => (text === null || text === '' ? NONE : text);
