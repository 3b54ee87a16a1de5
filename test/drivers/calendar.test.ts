import type { Calendar } from '../../src/domain/policy';
import { t2AfterT1, WEEKDAYS, type FreezeRule } from '../../src/domain/slots';
import { createCalendars } from '../../src/drivers/calendar/calendars';
import { createLuxonZones } from '../../src/drivers/luxon/zones';

const at = (iso: string): number => Date.parse(iso);
const freeze = (changes: Partial<FreezeRule>): FreezeRule => ({
  name: 'month end',
  from: null,
  to: null,
  cron: null,
  forMs: null,
  environments: null,
  modules: null,
  reason: 'books close',
  owner: 'ann',
  ...changes,
});
const calendar = (changes: Partial<Calendar> = {}): Calendar => ({
  service: 'shop',
  zone: 'Asia/Bangkok',
  t1: { at: '20:00:00', days: ['mon', 'tue', 'wed', 'thu', 'fri'], cutoffMs: 0, graceMs: 3_600_000 },
  t2: { at: '22:00:00', days: WEEKDAYS, cutoffMs: 0, graceMs: 3_600_000 },
  freezes: [],
  ...changes,
});
const question = {
  service: 'shop',
  env: 'prod',
  modules: [] as string[],
  kind: 'T2' as const,
  after: at('2026-11-29T10:00:00Z'),
  departed: [] as string[],
};

describe('freezes move slots', () => {
  test('a freeze in whole days holds from its first midnight to the end of its last day in the zone', () => {
    const calendars = createCalendars([calendar({ freezes: [freeze({ from: '2026-11-30', to: '2026-12-02' })] })]);
    const frozen = (iso: string) => calendars.frozen('shop', 'prod', [], at(iso))?.name ?? null;
    expect(frozen('2026-11-29T16:59:59.999Z')).toBeNull();
    expect(frozen('2026-11-29T17:00:00Z')).toBe('month end');
    expect(frozen('2026-12-02T16:59:59.999Z')).toBe('month end');
    expect(frozen('2026-12-02T17:00:00Z')).toBeNull();
  });

  test('the answer names every night that the freeze takes, so that people are told what moved and why', () => {
    const calendars = createCalendars([calendar({ freezes: [freeze({ from: '2026-11-29', to: '2026-12-02' })] })]);
    const { slot, skipped } = calendars.next(question);
    expect(slot).toMatchObject({ key: 'shop/T2/2026-12-03/22:00:00', at: at('2026-12-03T15:00:00Z') });
    expect(skipped.map((skip) => [skip.slot.date, skip.freeze.name, skip.freeze.reason])).toEqual(
      ['2026-11-29', '2026-11-30', '2026-12-01', '2026-12-02'].map((date) => [date, 'month end', 'books close']),
    );
  });

  test.each([
    ['a fix that touches the module', { modules: ['billing'] }, 'prod', ['billing', 'cart'], true],
    ['a fix that touches another module', { modules: ['billing'] }, 'prod', ['cart'], false],
    ['a fix that names no module', { modules: ['billing'] }, 'prod', [], false],
    ['the environment named', { environments: ['prod'] }, 'prod', [], true],
    ['another environment', { environments: ['prod'] }, 'uat', [], false],
    ['the module on another environment', { environments: ['prod'], modules: ['billing'] }, 'uat', ['billing'], false],
  ])('a scoped freeze holds only what it names: %s', (_name, scope, env, modules, held) => {
    const rule = freeze({ from: '2026-11-29', to: '2026-11-29', ...scope });
    const calendars = createCalendars([calendar({ freezes: [rule] })]);
    expect(calendars.next({ ...question, env, modules }).skipped).toHaveLength(held ? 1 : 0);
    expect(calendars.frozen('shop', env, modules, question.after) !== null).toBe(held);
  });

  test('a freeze between date-times holds only these hours, in the zone or with an offset of its own', () => {
    for (const [from, to] of [
      ['2026-11-29T21:30', '2026-11-29T22:30:00'],
      ['2026-11-29T14:30:00Z', '2026-11-29T16:30:00+01:00'],
    ]) {
      const calendars = createCalendars([calendar({ freezes: [freeze({ from: from!, to: to! })] })]);
      expect(calendars.next(question).slot.date).toBe('2026-11-30');
      expect(calendars.frozen('shop', 'prod', [], at('2026-11-29T15:30:00Z'))).toBeNull();
      expect(calendars.frozen('shop', 'prod', [], at('2026-11-29T14:30:00Z'))).not.toBeNull();
    }
  });

  test('a recurring freeze comes back by the wall clock, over the change of the clock, within its from and to', () => {
    const weekly = freeze({
      name: 'weekend',
      cron: '0 21 * * 5',
      forMs: 49 * 3_600_000,
      from: '2027-03-20',
      to: '2027-04-04',
    });
    const t2 = { at: '22:00:00', days: ['sun' as const], cutoffMs: 0, graceMs: 0 };
    const calendars = createCalendars([calendar({ zone: 'Europe/Berlin', t2, freezes: [weekly] })]);
    const { slot, skipped } = calendars.next({ ...question, after: at('2027-03-22T12:00:00Z') });
    // Friday 21:00 + 49 h is Sunday 22:00, exclusive; with the hour that Berlin loses it is Sunday 23:00.
    expect(skipped.map((skip) => skip.slot.date)).toEqual(['2027-03-28']);
    expect(slot.date).toBe('2027-04-04');
    expect(calendars.frozen('shop', 'prod', [], at('2027-04-09T19:30:00Z'))).toBeNull();
  });

  test('a freeze without an end is said to leave no slot, with what to change, instead of searching for ever', () => {
    const calendars = createCalendars([calendar({ freezes: [freeze({ name: 'for good' })] })]);
    expect(() => calendars.next(question)).toThrow(/no T2 that may run on prod within 400 days .*freezes: for good/);
    expect(calendars.frozen('shop', 'prod', [], question.after)?.owner).toBe('ann');
  });

  test('a freeze of half a year is seen through to its last night', () => {
    const calendars = createCalendars([calendar({ freezes: [freeze({ from: '2026-11-01', to: '2027-05-01' })] })]);
    const { slot, skipped } = calendars.next(question);
    expect([slot.date, skipped.length]).toEqual(['2027-05-02', 154]);
  });

  test.each([
    ['30.11.2026', { from: '30.11.2026' }, /"30.11.2026" in the freeze "month end" is no date/],
    [
      'a bad cron',
      { cron: 'every friday', forMs: 1000 },
      /cron "every friday" of the freeze "month end" cannot be read/,
    ],
    ['every second', { cron: '* * * * * *', forMs: 1000 }, /starts more than/],
  ])('a freeze that cannot be read is refused with its name, never ignored: %s', (_name, rule, message) => {
    expect(() => createCalendars([calendar({ freezes: [freeze(rule)] })]).next(question)).toThrow(message);
  });
});

describe('which night', () => {
  const calendars = createCalendars([
    calendar(),
    calendar({ service: 'late', t2: { ...calendar().t2, at: '00:30:00' } }),
  ]);

  test('T1 rests on the weekend of the zone, also where UTC is a day behind', () => {
    const saturday = calendars.next({ ...question, kind: 'T1', after: at('2026-11-27T13:00:00Z') });
    expect(saturday.slot.date).toBe('2026-11-30');
  });

  test('a slot that departed never departs again, and an edited time is a slot of its own', () => {
    const first = calendars.next(question).slot;
    expect(calendars.next({ ...question, departed: [first.key] }).slot.date).toBe('2026-11-30');
    const edited = createCalendars([calendar({ t2: { ...calendar().t2, at: '22:15:00' } })]);
    expect(edited.next({ ...question, departed: [first.key] }).slot.key).toBe('shop/T2/2026-11-29/22:15:00');
  });

  test('a T2 past midnight belongs to the T1 of the evening before, and a bug is not sent to the night after', () => {
    const zones = createLuxonZones();
    const t1 = calendars.next({ ...question, service: 'late', kind: 'T1', after: at('2026-11-30T10:00:00Z') }).slot;
    const t2 = t2AfterT1(t1, { ...calendar().t2, at: '00:30:00' }, { service: 'late', zone: 'Asia/Bangkok' }, zones);
    expect([t1.date, t2?.date, t2 && t2.at - t1.at]).toEqual(['2026-11-30', '2026-12-01', 4.5 * 3_600_000]);
  });

  test('a shop without a calendar is named, with those that have one', () => {
    expect(() => calendars.next({ ...question, service: 'shpo' })).toThrow('service "shpo" (configured: shop, late)');
  });

  test('the preview of a week shows both slots of each night and what a freeze takes', () => {
    const rule = freeze({ from: '2026-12-01', to: '2026-12-01' });
    const week = createCalendars([calendar({ freezes: [rule] })]).upcoming(
      'shop',
      'prod',
      question.after,
      question.after + 7 * 86_400_000,
    );
    expect(week.map(({ slot, freeze: held }) => `${slot.date} ${slot.kind}${held ? ' frozen' : ''}`)).toEqual([
      '2026-11-29 T2',
      '2026-11-30 T1',
      '2026-11-30 T2',
      '2026-12-01 T1 frozen',
      '2026-12-01 T2 frozen',
      '2026-12-02 T1',
      '2026-12-02 T2',
      '2026-12-03 T1',
      '2026-12-03 T2',
      '2026-12-04 T1',
      '2026-12-04 T2',
      '2026-12-05 T2',
    ]);
  });
});
