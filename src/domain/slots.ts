/**
 * When trains leave: slots, cutoff, grace, days, freezes and DST, as pure functions over a `Zones` port
 * and freeze windows that a driver expanded (T-025, T-140, T-141, X-11, X-19, X-20). Instants are epoch ms.
 */

export const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
export type Weekday = (typeof WEEKDAYS)[number];
export type SlotKind = 'T1' | 'T2';

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
