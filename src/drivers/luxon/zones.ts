/** Time zones by luxon over the runtime's own tz database. */
import { IANAZone } from 'luxon';
import { TidegateFailure } from '../../domain/failures';
import { WEEKDAYS, type LocalDate, type Weekday, type Zones } from '../../domain/slots';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
/** Offsets reach from -12 h to +14 h, so a wall-clock time lies within this of the same time read as UTC. */
const REACH_MS = 15 * 60 * MINUTE_MS;

/** @throws BadPlan for a zone, date or time that does not exist */
export function createLuxonZones(): Zones {
  const known = new Map<string, IANAZone>();
  const zoneOf = (name: string): IANAZone => {
    const zone = known.get(name) ?? ianaZone(name);
    known.set(name, zone);
    return zone;
  };
  return {
    instants: (date, time, zone) => instants(asUtc(date, time), zoneOf(zone)),
    afterGap: (date, time, zone) => firstAtOrPast(asUtc(date, time), zoneOf(zone)),
    local: (at, zone) => {
      const wall = at + offsetMs(at, zoneOf(zone));
      const text = isoOf(wall);
      return { date: text.slice(0, 10), time: text.slice(11, 19), weekday: weekdayOf(wall) };
    },
    addDays: (date, days) => isoOf(asUtc(date, '00:00:00') + days * DAY_MS).slice(0, 10),
    weekday: (date) => weekdayOf(asUtc(date, '00:00:00')),
  };
}

function ianaZone(name: string): IANAZone {
  const zone = IANAZone.create(name);
  if (zone.isValid) return zone;
  throw new TidegateFailure(
    'BadPlan',
    `Time zone "${name}" is not known here. Use a name of the IANA database, such as Europe/Berlin.`,
    { zone: name },
  );
}

const offsetMs = (at: number, zone: IANAZone): number => Math.round(zone.offset(at) * MINUTE_MS);

/** A wall-clock time read as if it were UTC, the form in which wall clocks are compared and counted here. */
function asUtc(date: LocalDate, time: string): number {
  const wall = Date.parse(`${date}T${time}Z`);
  // Date.parse takes 30 February for 1 March: what comes back must be what went in.
  if (!Number.isNaN(wall) && isoOf(wall).startsWith(`${date}T${time}`)) return wall;
  throw new TidegateFailure('BadPlan', `"${date} ${time}" is no date and time. Write YYYY-MM-DD and HH:mm:ss.`);
}

function isoOf(wall: number): string {
  return new Date(wall).toISOString();
}

function instants(wall: number, zone: IANAZone): readonly number[] {
  const offsets = new Set([wall - REACH_MS, wall, wall + REACH_MS].map((at) => offsetMs(at, zone)));
  return [...offsets]
    .map((offset) => wall - offset)
    .filter((at) => at + offsetMs(at, zone) === wall)
    .sort((a, b) => a - b);
}

/** luxon moves a time inside a gap by the length of the gap; X-20 asks for the first moment after the gap instead. */
function firstAtOrPast(wall: number, zone: IANAZone): number {
  const exact = instants(wall, zone)[0];
  if (exact !== undefined) return exact;
  // A date-line change makes a gap of a whole day, so the search reaches a day further on both sides.
  let before = wall - REACH_MS - DAY_MS;
  let past = wall + REACH_MS + DAY_MS;
  while (past - before > 1) {
    const middle = Math.floor((before + past) / 2);
    if (middle + offsetMs(middle, zone) >= wall) past = middle;
    else before = middle;
  }
  return past;
}

function weekdayOf(wall: number): Weekday {
  const sundayFirst = new Date(wall).getUTCDay();
  return WEEKDAYS[(sundayFirst + 6) % 7] ?? 'mon';
}
