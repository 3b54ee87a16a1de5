/**
 * When trains leave: slots, cutoff, grace, days, freezes and DST, as pure functions over a `Zones` port
 * and freeze windows that a driver expanded (T-025, T-140, T-141, X-11, X-19, X-20). Instants are epoch ms.
 */

import { TidegateFailure } from './failures';
import { concerns, freezeAt } from './freeze';

const DAY_MS = 86_400_000;

export const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
export type Weekday = (typeof WEEKDAYS)[number];
export const SLOT_KINDS = ['T1', 'T2'] as const;
export type SlotKind = (typeof SLOT_KINDS)[number];

/** A nightly time of day in the service's zone, as data. */
export interface SlotRule {
  /** `HH:mm:ss`. */
  readonly at: string;
  readonly days: readonly Weekday[];
  /** How long before the slot approvals stop counting for it; 0 for T1. */
  readonly cutoffMs: number;
  /** How late a missed slot may still run. */
  readonly graceMs: number;
}

/** A freeze as configured: one-off (`from`/`to`, whole local days or date-times) or recurring (`cron` + `forMs`). */
export interface FreezeRule {
  readonly name: string;
  readonly from: string | null;
  readonly to: string | null;
  readonly cron: string | null;
  readonly forMs: number | null;
  readonly environments: readonly string[] | null;
  readonly modules: readonly string[] | null;
  readonly reason: string;
  readonly owner: string | null;
}

/** A freeze expanded to instants: `fromAt` inclusive, `toAt` exclusive; null scopes mean everything. */
export interface FreezeWindow {
  readonly name: string;
  readonly fromAt: number;
  readonly toAt: number;
  readonly environments: readonly string[] | null;
  readonly modules: readonly string[] | null;
  readonly reason: string;
  readonly owner: string | null;
}

/** A local calendar date `YYYY-MM-DD`. */
export type LocalDate = string;

/** What Tidegate needs to know of time zones; implemented by drivers/luxon. */
export interface Zones {
  /** The instants at which the wall clock of `zone` shows `date` `time` (`HH:mm:ss`): none in a gap, two in an overlap, ascending. */
  instants(date: LocalDate, time: string, zone: string): readonly number[];
  /** The first valid instant after a wall-clock time that a gap swallowed. */
  afterGap(date: LocalDate, time: string, zone: string): number;
  /** The wall clock of `zone` at an instant. */
  local(at: number, zone: string): { readonly date: LocalDate; readonly time: string; readonly weekday: Weekday };
  /** `date` plus `days` calendar days. */
  addDays(date: LocalDate, days: number): LocalDate;
  /** Weekday of a calendar date. */
  weekday(date: LocalDate): Weekday;
}

/** One occurrence of a slot: at most one departure ever happens for its `key`. */
export interface Slot {
  readonly kind: SlotKind;
  /** `<service>/<kind>/<local date>/<HH:mm:ss>`: an edited time is a new occurrence. */
  readonly key: string;
  readonly date: LocalDate;
  readonly at: number;
  /** Approvals accepted strictly before this make the slot (T-025). */
  readonly cutoffAt: number;
  /** The last instant at which a missed slot still runs, inclusive. */
  readonly graceUntil: number;
}

/** A slot that would have been next but for a freeze. */
export interface SkippedSlot {
  readonly slot: Slot;
  readonly freeze: FreezeWindow;
}

/** The next slot that runs, and every earlier one that a freeze suspended, with the freeze. */
export interface SlotAnswer {
  readonly slot: Slot;
  readonly skipped: readonly SkippedSlot[];
}

/** For whom a calendar is asked: freezes may be scoped to environments and modules. */
export interface SlotScope {
  readonly service: string;
  readonly zone: string;
  readonly env: string;
  /** The modules the fix touches; a module freeze hits only a fix that touches one of them (T-203, T-204). */
  readonly modules: readonly string[];
}

/** The question for the next slot: `after` is the instant of the approval or request (T-025). */
export interface SlotSearch extends SlotScope {
  readonly after: number;
  /** Keys that already departed and never do again. */
  readonly departed: readonly string[];
}

/** How far ahead a slot is looked for: a bit more than a year, so that yearly freezes are seen through. */
export const HORIZON_DAYS = 400;

/**
 * The occurrence of a slot on a local date; null when the rule does not run on that weekday, or when the zone skipped
 * the whole date (Apia has no 2011-12-30: a night that never was has no slot). A time inside a gap becomes the first
 * valid moment after it, a time that comes twice is the first.
 */
export function slotOn(
  rule: SlotRule,
  kind: SlotKind,
  scope: Pick<SlotScope, 'service' | 'zone'>,
  date: LocalDate,
  zones: Zones,
): Slot | null {
  if (!rule.days.includes(zones.weekday(date)) || !happens(date, scope.zone, zones)) return null;
  const at = zones.instants(date, rule.at, scope.zone)[0] ?? zones.afterGap(date, rule.at, scope.zone);
  const key = `${scope.service}/${kind}/${date}/${rule.at}`;
  return { kind, key, date, at, cutoffAt: at - rule.cutoffMs, graceUntil: at + rule.graceMs };
}

function happens(date: LocalDate, zone: string, zones: Zones): boolean {
  const midnight = '00:00:00';
  if (zones.instants(date, midnight, zone).length > 0) return true;
  return zones.local(zones.afterGap(date, midnight, zone), zone).date === date;
}

/** Every slot whose local date is one of `days` dates beginning with `from`, in order of time, frozen or not. */
function* occurrences(
  rule: SlotRule,
  kind: SlotKind,
  scope: Pick<SlotScope, 'service' | 'zone'>,
  from: LocalDate,
  days: number,
  zones: Zones,
): Generator<Slot> {
  for (let day = 0; day < days; day += 1) {
    const slot = slotOn(rule, kind, scope, zones.addDays(from, day), zones);
    if (slot) yield slot;
  }
}

/** One day of margin: a gap over midnight moves a slot into the next date. */
const dateBefore = (at: number, zone: string, zones: Zones): LocalDate => zones.addDays(zones.local(at, zone).date, -1);

/**
 * Like `nextSlot`, but looks only `days` ahead and answers null when nothing runs in them, so that a caller need not
 * expand a year of freezes for tonight's answer. `windows` must cover these days.
 */
export function findSlot(
  rule: SlotRule,
  kind: SlotKind,
  question: SlotSearch,
  windows: readonly FreezeWindow[],
  zones: Zones,
  days: number,
): SlotAnswer | null {
  const skipped: SkippedSlot[] = [];
  const from = dateBefore(question.after + rule.cutoffMs, question.zone, zones);
  for (const slot of occurrences(rule, kind, question, from, days + 2, zones)) {
    if (question.after >= slot.cutoffAt || question.departed.includes(slot.key)) continue;
    const freeze = freezeAt(windows, question, slot.at);
    if (!freeze) return { slot, skipped };
    skipped.push({ slot, freeze });
  }
  return null;
}

/**
 * The first slot that runs for what was asked at `after`: its cutoff lies strictly later (T-025), it has not departed
 * yet and no freeze of this scope covers it (T-200); the slots that a freeze suspended come along.
 * The answer may lie in the past when `after` does: ask `mayStillRun`. `windows` must cover the horizon.
 * @throws BadPlan when nothing may run within `HORIZON_DAYS`
 */
export function nextSlot(
  rule: SlotRule,
  kind: SlotKind,
  question: SlotSearch,
  windows: readonly FreezeWindow[],
  zones: Zones,
): SlotAnswer {
  const found = findSlot(rule, kind, question, windows, zones, HORIZON_DAYS);
  if (found) return found;
  const { service, env, after, zone } = question;
  const freezes = [...new Set(windows.filter((window) => concerns(window, question)).map((window) => window.name))];
  throw new TidegateFailure(
    'BadPlan',
    `Service ${service} has no ${kind} that may run on ${env} within ${HORIZON_DAYS} days after ` +
      `${zones.local(after, zone).date} (days: ${rule.days.join(', ') || 'none'}; freezes: ` +
      `${freezes.join(', ') || 'none'}). Add a weekday to slots.${kind.toLowerCase()}.days or end the freeze.`,
    { service, env, kind, freezes },
  );
}

/**
 * The T2 that belongs to a T1: the first T2 instant after it, also across midnight, frozen or not.
 * Null when T2 never runs within a week after it.
 */
export function t2AfterT1(
  t1: Pick<Slot, 'at'>,
  t2: SlotRule,
  scope: Pick<SlotScope, 'service' | 'zone'>,
  zones: Zones,
): Slot | null {
  for (const slot of occurrences(t2, 'T2', scope, dateBefore(t1.at, scope.zone, zones), 10, zones)) {
    if (slot.at > t1.at) return slot;
  }
  return null;
}

/** Every slot from `fromAt` (inclusive) to `toAt` (exclusive), each with the freeze that suspends it, or null. */
export function slotsBetween(
  rule: SlotRule,
  kind: SlotKind,
  scope: SlotScope,
  span: { readonly fromAt: number; readonly toAt: number },
  windows: readonly FreezeWindow[],
  zones: Zones,
): readonly { readonly slot: Slot; readonly freeze: FreezeWindow | null }[] {
  const days = Math.ceil((span.toAt - span.fromAt) / DAY_MS) + 3;
  return [...occurrences(rule, kind, scope, dateBefore(span.fromAt, scope.zone, zones), days, zones)]
    .filter((slot) => span.fromAt <= slot.at && slot.at < span.toAt)
    .map((slot) => ({ slot, freeze: freezeAt(windows, scope, slot.at) }));
}

/** Whether a slot's time has come and its grace is not over; the freeze in force now is a question of its own. */
export function mayStillRun(slot: Pick<Slot, 'at' | 'graceUntil'>, now: number): boolean {
  return slot.at <= now && now <= slot.graceUntil;
}

/** Whether a slot was missed for good: it goes to the next one, and everyone is told. */
export function missed(slot: Pick<Slot, 'graceUntil'>, now: number): boolean {
  return now > slot.graceUntil;
}
