import fc from 'fast-check';
import { findSlot, slotOn, WEEKDAYS, type FreezeWindow, type SlotRule } from '../../src/domain/slots';
import { createLuxonZones } from '../../src/drivers/luxon/zones';

const zones = createLuxonZones();
const HARD_ZONES = [
  'Europe/Berlin',
  'America/New_York',
  'Australia/Lord_Howe',
  'Asia/Kathmandu',
  'Pacific/Chatham',
  'Pacific/Apia',
  'America/St_Johns',
  'Africa/Casablanca',
  'Asia/Tehran',
  'Antarctica/Troll',
];
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const at = (iso: string): number => Date.parse(iso);
const rule = (time: string, changes: Partial<SlotRule> = {}): SlotRule => ({
  at: time,
  days: WEEKDAYS,
  cutoffMs: 0,
  graceMs: HOUR,
  ...changes,
});
const shop = (zone: string) => ({ service: 'shop', zone, env: 'prod', modules: [] });

describe('wall clocks on the days that hurt', () => {
  test.each([
    ['Berlin, gap of an hour', 'Europe/Berlin', '2027-03-28', '02:30:00', '2027-03-28T01:00:00Z'],
    ['Berlin, twice', 'Europe/Berlin', '2027-10-31', '02:30:00', '2027-10-31T00:30:00Z'],
    ['New York, gap', 'America/New_York', '2027-03-14', '02:59:59', '2027-03-14T07:00:00Z'],
    ['Lord Howe, half an hour twice', 'Australia/Lord_Howe', '2027-04-04', '01:30:00', '2027-04-03T14:30:00Z'],
    ['Lord Howe, half an hour gone', 'Australia/Lord_Howe', '2027-10-03', '02:15:00', '2027-10-02T15:30:00Z'],
    ['Chatham, 12:45 to 13:45', 'Pacific/Chatham', '2027-09-26', '03:00:00', '2027-09-25T14:00:00Z'],
    ['Troll, two hours gone', 'Antarctica/Troll', '2027-03-28', '01:30:00', '2027-03-28T01:00:00Z'],
    ['Kathmandu, +05:45', 'Asia/Kathmandu', '2027-01-01', '22:00:00', '2027-01-01T16:15:00Z'],
    ['St Johns, gap at one past midnight', 'America/St_Johns', '2011-03-13', '00:30:00', '2011-03-13T03:31:00Z'],
    ['leap day', 'Europe/Berlin', '2028-02-29', '22:00:00', '2028-02-29T21:00:00Z'],
  ])('a slot keeps its night: %s', (_name, zone, date, time, expected) => {
    expect(slotOn(rule(time), 'T2', { service: 'shop', zone }, date, zones)?.at).toBe(at(expected));
  });

  test('Apia has no 2011-12-30, so that night has no slot and none leaves twice for it', () => {
    const apia = { service: 'shop', zone: 'Pacific/Apia' };
    expect(slotOn(rule('22:00:00'), 'T2', apia, '2011-12-30', zones)).toBeNull();
    const next = findSlot(
      rule('22:00:00'),
      'T2',
      { ...shop('Pacific/Apia'), after: at('2011-12-30T08:00:00Z'), departed: [] },
      [],
      zones,
      10,
    );
    expect(next?.slot).toMatchObject({ date: '2011-12-31', at: at('2011-12-31T08:00:00Z') });
  });

  test('a zone or date that does not exist is refused in words, not with NaN', () => {
    expect(() => zones.local(0, 'Europe/Atlantis')).toThrow('Time zone "Europe/Atlantis" is not known here');
    expect(() => zones.addDays('2027-02-30', 1)).toThrow('is no date and time');
  });
});

const anyZone = fc.constantFrom(...HARD_ZONES);
/** Around a year with changes of the clock in it, and around the year in which Apia lost a day. */
const anyInstant = fc.oneof(
  fc.integer({ min: at('2027-01-01T00:00:00Z'), max: at('2028-03-31T00:00:00Z') }),
  fc.integer({ min: at('2011-09-01T00:00:00Z'), max: at('2012-05-01T00:00:00Z') }),
);
const anyTime = fc
  .tuple(fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 59 }), fc.constantFrom(0, 0, 30, 59))
  .map((parts) => parts.map((part) => String(part).padStart(2, '0')).join(':'));
const anyDays = fc.subarray([...WEEKDAYS], { minLength: 1 });
const someFreezes = (around: number) =>
  fc.array(
    fc
      .record({ from: fc.integer({ min: -5 * DAY, max: 20 * DAY }), length: fc.integer({ min: 1, max: 3 * DAY }) })
      .map(({ from, length }): FreezeWindow => ({
        name: 'quiet days',
        fromAt: around + from,
        toAt: around + from + length,
        environments: null,
        modules: null,
        reason: 'test',
        owner: null,
      })),
    { maxLength: 4 },
  );
const anyWorld = fc.tuple(anyZone, anyInstant, anyTime, anyDays, fc.integer({ min: 0, max: 6 * HOUR })).chain((world) =>
  someFreezes(world[1]).map((windows) => ({
    zone: world[0],
    after: world[1],
    rule: rule(world[2], { days: world[3], cutoffMs: world[4] }),
    windows,
  })),
);

describe('slots in ten zones', () => {
  test('a slot shows its wall time, or is the first valid moment after a gap, on one of its weekdays', () => {
    fc.assert(
      fc.property(anyWorld, ({ zone, after, rule: t2, windows }) => {
        const slot = findSlot(t2, 'T2', { ...shop(zone), after, departed: [] }, windows, zones, 60)?.slot;
        if (!slot) throw new Error('no slot in sixty days');
        expect(t2.days).toContain(zones.weekday(slot.date));
        const local = zones.local(slot.at, zone);
        if (local.date === slot.date && local.time === t2.at) {
          // Of a time that comes twice it is the first: clocks go back by half an hour, one or two.
          for (const back of [HOUR / 2, HOUR, 2 * HOUR]) expect(zones.local(slot.at - back, zone)).not.toEqual(local);
          expect(zones.instants(slot.date, t2.at, zone)[0]).toBe(slot.at);
        } else {
          expect(zones.instants(slot.date, t2.at, zone)).toEqual([]);
          const wanted = `${slot.date} ${t2.at}`;
          const [before, now] = [zones.local(slot.at - 1, zone), local].map(({ date, time }) => `${date} ${time}`);
          expect(before! < wanted && wanted < now!).toBe(true);
        }
      }),
      { numRuns: 300 },
    );
  });

  test('nights come in strict order, each once, none in a freeze, and none that was due is missing', () => {
    fc.assert(
      fc.property(anyWorld, ({ zone, after, rule: t2, windows }) => {
        const departed: string[] = [];
        const told: string[] = [];
        let asked = after;
        for (let night = 0; night < 8; night += 1) {
          const answer = findSlot(t2, 'T2', { ...shop(zone), after: asked, departed }, windows, zones, 60);
          if (!answer) throw new Error('no slot in sixty days');
          const { slot, skipped } = answer;
          expect(slot.cutoffAt).toBeGreaterThan(asked);
          expect(departed).not.toContain(slot.key);
          expect(windows.some((window) => window.fromAt <= slot.at && slot.at < window.toAt)).toBe(false);
          for (const skip of skipped) {
            expect(skip.freeze.fromAt <= skip.slot.at && skip.slot.at < skip.freeze.toAt).toBe(true);
          }
          told.push(...skipped.map((skip) => skip.slot.key), slot.key);
          departed.push(slot.key);
          asked = Math.max(asked, slot.cutoffAt);
        }
        expect(told).toEqual(everyKey(t2, zone, after, told.length));
      }),
      { numRuns: 100 },
    );
  });

  test('an approval one millisecond before the cutoff makes the night; at it and after it waits for the next', () => {
    fc.assert(
      fc.property(anyWorld, ({ zone, after, rule: t2 }) => {
        const ask = (asked: number) =>
          findSlot(t2, 'T2', { ...shop(zone), after: asked, departed: [] }, [], zones, 60)?.slot;
        const tonight = ask(after)!;
        expect(ask(tonight.cutoffAt - 1)?.key).toBe(tonight.key);
        expect(ask(tonight.cutoffAt)?.at).toBeGreaterThan(tonight.at);
        expect(ask(tonight.cutoffAt + 1)?.key).toBe(ask(tonight.cutoffAt)?.key);
      }),
      { numRuns: 200 },
    );
  });
});

/** The keys that must come, found the plain way: from every date that the wall clock really showed. */
function everyKey(t2: SlotRule, zone: string, after: number, count: number): readonly string[] {
  const keys = new Set<string>();
  for (let moment = after - 2 * DAY; keys.size <= count; moment += 12 * HOUR) {
    const { date, weekday } = zones.local(moment, zone);
    const due = zones.instants(date, t2.at, zone)[0] ?? zones.afterGap(date, t2.at, zone);
    if (t2.days.includes(weekday) && due - t2.cutoffMs > after) keys.add(`shop/T2/${date}/${t2.at}`);
  }
  return [...keys].slice(0, count);
}
