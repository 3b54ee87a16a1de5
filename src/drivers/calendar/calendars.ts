/** The live calendars: rules of the config, time zones by luxon, freezes by croner, joined behind one port. */
import { TidegateFailure } from '../../domain/failures';
import { freezeAt } from '../../domain/freeze';
import type { Calendar } from '../../domain/policy';
import {
  findSlot,
  HORIZON_DAYS,
  nextSlot,
  slotsBetween,
  type FreezeWindow,
  type Slot,
  type SlotKind,
  type SlotRule,
  type Zones,
} from '../../domain/slots';
import type { Calendars } from '../../ports/calendars';
import { expandFreezes } from '../croner/freezes';
import { createLuxonZones } from '../luxon/zones';

const DAY_MS = 86_400_000;
const WEEK_MS = 7 * DAY_MS;
/** Most answers lie within these days; only a long freeze makes the whole horizon worth expanding. */
const NEAR_DAYS = 35;

export interface UpcomingSlot {
  readonly slot: Slot;
  /** The freeze that suspends it, or null. */
  readonly freeze: FreezeWindow | null;
}

/** The port, and beside it the preview that `config check` prints. */
export interface LiveCalendars extends Calendars {
  /** Every slot of both kinds from `fromAt` to `toAt` for an environment, in order of time. */
  upcoming(service: string, env: string, fromAt: number, toAt: number): readonly UpcomingSlot[];
}

interface Entry {
  readonly calendar: Calendar;
  /** Freeze windows that cover an instant and the `days` after it, with every margin the slot search needs. */
  readonly windows: (at: number, days: number) => readonly FreezeWindow[];
}

/** @throws BadPlan from every question for a service without a calendar, or a freeze or zone that cannot be read */
export function createCalendars(calendars: readonly Calendar[]): LiveCalendars {
  const zones = createLuxonZones();
  const entries = new Map(calendars.map((calendar) => [calendar.service, entryOf(calendar, zones)]));
  const entry = (service: string): Entry => entries.get(service) ?? unknownService(service, calendars);

  return {
    next: (question) => {
      const { calendar, windows } = entry(question.service);
      const rule = ruleOf(calendar, question.kind);
      const search = { ...question, zone: calendar.zone };
      const near = windows(question.after, NEAR_DAYS);
      return (
        findSlot(rule, question.kind, search, near, zones, NEAR_DAYS) ??
        nextSlot(rule, question.kind, search, windows(question.after, HORIZON_DAYS), zones)
      );
    },
    frozen: (service, env, modules, at) => freezeAt(entry(service).windows(at, NEAR_DAYS), { env, modules }, at),
    upcoming: (service, env, fromAt, toAt) => {
      const { calendar, windows } = entry(service);
      const scope = { service, zone: calendar.zone, env, modules: [] };
      const freezes = windows(fromAt, Math.ceil((toAt - fromAt) / DAY_MS));
      return (['T1', 'T2'] as const)
        .flatMap((kind) => slotsBetween(ruleOf(calendar, kind), kind, scope, { fromAt, toAt }, freezes, zones))
        .sort((a, b) => a.slot.at - b.slot.at);
    },
  };
}

function ruleOf(calendar: Calendar, kind: SlotKind): SlotRule {
  return kind === 'T1' ? calendar.t1 : calendar.t2;
}

function entryOf(calendar: Calendar, zones: Zones): Entry {
  const cutoffMs = Math.max(calendar.t1.cutoffMs, calendar.t2.cutoffMs);
  const kept = new Map<number, { readonly fromAt: number; readonly windows: readonly FreezeWindow[] }>();
  return {
    calendar,
    windows: (at, days) => {
      // The span starts on a round week, so that the questions of one week share one expansion.
      const fromAt = Math.floor(at / WEEK_MS) * WEEK_MS;
      const last = kept.get(days);
      if (last?.fromAt === fromAt) return last.windows;
      const toAt = fromAt + WEEK_MS + cutoffMs + (days + 4) * DAY_MS;
      const windows = expandFreezes(calendar.freezes, calendar.zone, zones, { fromAt, toAt });
      kept.set(days, { fromAt, windows });
      return windows;
    },
  };
}

function unknownService(service: string, calendars: readonly Calendar[]): never {
  const names = calendars.map((calendar) => calendar.service).join(', ') || 'none';
  throw new TidegateFailure('BadPlan', `No calendar is configured for service "${service}" (configured: ${names}).`, {
    service,
  });
}
