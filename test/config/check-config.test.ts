import { checkConfig } from '../../src/config/check-config';
import type { FreezeWindow, Slot } from '../../src/domain/slots';
import type { Calendars } from '../../src/ports/calendars';
import { inFolder, SMALL, VARIABLES } from './support';

const DAY = 86_400_000;
/** Sunday 2026-11-22 17:00 in Bangkok. */
const NOW = Date.parse('2026-11-22T10:00:00Z');
const FREEZE: FreezeWindow = {
  name: 'go-live',
  fromAt: Date.parse('2026-11-24T17:00:00Z'),
  toAt: Date.parse('2026-11-25T17:00:00Z'),
  environments: ['prod'],
  modules: null,
  reason: 'go-live',
  owner: null,
};

/** Every day at 20:00 and 22:00 in Bangkok (which has no summer time), with one freeze of production. */
const calendars: Calendars = {
  next: ({ service, env, kind, after, departed }) => {
    const offset = (kind === 'T1' ? 13 : 15) * 3_600_000;
    const skipped = [];
    for (let day = Math.floor(after / DAY); ; day++) {
      const at = day * DAY + offset;
      const key = `${service}/${kind}/${day}`;
      if (at <= after || departed.includes(key)) continue;
      const slot: Slot = { kind, key, date: '', at, cutoffAt: at - 60_000, graceUntil: at + 3_600_000 };
      const frozen = calendars.frozen(service, env, [], at);
      if (frozen === null) return { slot, skipped };
      skipped.push({ slot, freeze: frozen });
    }
  },
  frozen: (_service, env, modules, at) => {
    if (env === 'prod' && at >= FREEZE.fromAt && at < FREEZE.toAt) return FREEZE;
    return modules.includes('billing') && env === 'uat' ? { ...FREEZE, name: 'month end' } : null;
  },
};

const check = () =>
  inFolder(
    {
      'tidegate.yaml': `${SMALL}freezes:\n  - { name: go-live, from: '2026-11-25', to: '2026-11-25', environments: [prod] }\n  - { name: month end, cron: '0 0 28 * *', for: 96h, modules: [billing] }\n`,
    },
    (cwd) => checkConfig({ configPath: null, cwd, variables: VARIABLES, secrets: 'require' }, () => calendars, NOW),
  );

test('config check tells seven nights of each environment, with what a freeze suspends, so that no one waits in vain', () => {
  const [report] = check().reports;
  const [uat, prod] = report?.environments ?? [];
  expect(uat?.slots).toHaveLength(7);
  expect(uat?.slots[0]?.without).toEqual([{ modules: ['billing'], freeze: 'month end' }]);
  expect(prod?.slots.map((slot) => slot.frozenBy)).toEqual([null, null, null, 'go-live', null, null, null]);
  expect(prod?.slots.every((slot) => slot.at >= NOW && slot.at < NOW + 7 * DAY)).toBe(true);
});

test('config check reads as sentences in the time of the service', () => {
  const { text } = check();
  expect(text).toContain('prod (T2, approved fixes leave for production)');
  expect(text).toContain(
    '  Sun 2026-11-22 22:00:00 +07:00  takes what is approved before 21:59:00; if missed, it runs until Sun 2026-11-22 23:00:00 +07:00',
  );
  expect(text).toContain('  Wed 2026-11-25 22:00:00 +07:00  suspended by the freeze "go-live"');
  expect(text).toContain('; without billing ("month end")');
  expect(text).toContain('  month end: at "0 0 28 * *" for 4d; every environment; modules billing');
});

test('config check says which rules nobody can meet and where a deployment would be aborted', () => {
  expect(check().reports[0]?.notes).toEqual([
    'prod needs 2 approvals in a freeze by admin or senior, and only ann is that.',
    'uat has no smoke checks: a deployment there ends as Aborted.',
    'prod has no smoke checks: a deployment there ends as Aborted.',
  ]);
});

test('a calendar that stands still ends the forecast instead of hanging the check', () => {
  const slot: Slot = { kind: 'T1', key: 'k', date: '', at: NOW, cutoffAt: NOW, graceUntil: NOW };
  const still: Calendars = { next: () => ({ slot, skipped: [] }), frozen: () => null };
  const { reports } = inFolder({ 'tidegate.yaml': SMALL }, (cwd) =>
    checkConfig({ configPath: null, cwd, variables: {}, secrets: 'require' }, () => still, NOW),
  );
  expect(reports[0]?.environments.map((each) => each.slots.length)).toEqual([1, 1]);
});
