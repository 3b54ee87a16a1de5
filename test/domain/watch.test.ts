import fc from 'fast-check';
import { baselineOf, judge, METRICS, type Baseline, type JudgeOptions, type Sample } from '../../src/domain/watch';
import { WATCH_PRESETS } from '../../src/domain/watch-rules';

const MINUTE = 60_000;
const EMPTY = Object.fromEntries(METRICS.map((metric) => [metric, null])) as Baseline['values'];
/** A quiet, healthy minute at 50 requests a second, with what a case changes. */
const minute = (number: number, changes: Partial<Sample> = {}): Sample => ({
  ...EMPTY,
  at: number * MINUTE,
  requestRate: 50,
  errorRate: 0.015,
  p95: 0.1,
  p99: 0.2,
  health: 1,
  ...changes,
});
const nothing = (number: number): Sample => ({ ...EMPTY, at: number * MINUTE });
const BASELINE = baselineOf([minute(-2), minute(-1), minute(0)], -3 * MINUTE, 0);
const options = (changes: Partial<JudgeOptions> = {}): JudgeOptions => ({
  startedAt: 0,
  now: 15 * MINUTE,
  noDataMs: 3 * MINUTE,
  errorLimit: 3,
  missing: 'hard',
  finished: false,
  ...changes,
});
const verdict = (
  samples: readonly Sample[],
  changes: Partial<JudgeOptions> = {},
  baseline: Baseline | null = BASELINE,
) => judge(samples, baseline, WATCH_PRESETS.default, options({ now: samples.at(-1)?.at ?? 0, ...changes }));

describe('the baseline', () => {
  test('weighs errors by traffic and shrugs off one spike of latency', () => {
    const samples = [
      minute(1, { errorRate: 0.5, requestRate: 1 }),
      minute(2, { errorRate: 0, requestRate: 99, p99: 9 }),
      minute(3, { errorRate: null, requestRate: 0, p99: 0.25 }),
      nothing(4),
      minute(9, { errorRate: 1 }),
    ];
    const baseline = baselineOf(samples, 0, 5 * MINUTE);
    expect(baseline).toMatchObject({ samples: 3, values: { errorRate: 0.005, p99: 0.25, loginSuccess: null } });
  });
});

describe('the default rules judge a window', () => {
  test('a hard breach ends the window at once with metric, multiple and T+', () => {
    expect(verdict([minute(1), minute(2, { errorRate: 0.183 })])).toMatchObject({
      outcome: 'hard',
      samples: 2,
      breach: {
        rule: 'error-rate-2x',
        afterMs: 2 * MINUTE,
        sentence: 'errorRate 0.183 is 12.2x the baseline 0.015 at T+2 min (rule error-rate-2x, hard)',
      },
    });
  });

  test.each<[string, readonly Partial<Sample>[], string, string | null]>([
    ['errors at exactly 2x', [{ errorRate: 0.03 }], 'hard', 'error-rate-2x'],
    ['errors just below 2x', [{ errorRate: 0.0299 }], 'soft', 'error-rate-1.5x'],
    ['errors at exactly 1.5x', [{ errorRate: 0.0225 }], 'soft', 'error-rate-1.5x'],
    ['errors just below 1.5x', [{ errorRate: 0.0224 }], 'pass', null],
    ['p99 at exactly 3x', [{ p99: 0.6 }], 'hard', 'p99-3x'],
    ['p99 just below 3x', [{ p99: 0.599 }], 'soft', 'p99-1.5x'],
    ['p99 just below 1.5x', [{ p99: 0.299 }], 'pass', null],
    ['health failing twice in a row', [{ health: 0 }, { health: 0 }], 'hard', 'health-2-in-a-row'],
    [
      'health failing twice with an unasked minute between',
      [{ health: 0 }, { health: null }, { health: 0 }],
      'hard',
      'health-2-in-a-row',
    ],
    ['a single health blip', [{ health: 0 }, {}, { health: 0 }], 'soft', 'health-blip'],
    ['a queue high twice', [{ queueDepth: 40 }, { queueDepth: 40 }], 'pass', null],
    [
      'a queue high three times',
      [{ queueDepth: 40 }, { queueDepth: 40 }, { queueDepth: 40 }],
      'soft',
      'queue-steady-high',
    ],
  ])('%s', (_name, changes, outcome, rule) => {
    const baseline = { ...BASELINE, values: { ...BASELINE.values, queueDepth: 20 } };
    const samples = [...changes.map((change, index) => minute(index + 1, change)), minute(9), minute(10)];
    const result = verdict(samples, { finished: true }, baseline);
    expect(result.outcome).toBe(outcome);
    expect('breach' in result ? result.breach.rule : null).toBe(rule);
  });

  test('notify and page are told while the window goes on, and never decide', () => {
    const rules = WATCH_PRESETS.default.filter((rule) => rule.class === 'notify' || rule.class === 'page');
    const samples = [minute(1, { errorRate: 0.09, p99: 0.61, health: 0 }), minute(2)];
    const running = judge(samples, BASELINE, rules, options({ now: 2 * MINUTE }));
    expect(running.outcome === 'continue' && running.breaches.map((breach) => breach.rule)).toEqual([
      'error-rate-over-2x',
      'response-over-3x',
      'error-rate-over-5x',
      'uptime-failed',
    ]);
    expect(judge(samples, BASELINE, rules, options({ now: 2 * MINUTE, finished: true })).outcome).toBe('pass');
  });

  test('samples from before the start never count against the new version', () => {
    expect(verdict([minute(0, { errorRate: 1 }), minute(1)]).outcome).toBe('continue');
  });
});

describe('little or nothing to compare with', () => {
  const clean = { ...BASELINE, values: { ...BASELINE.values, errorRate: 0 } };

  test.each([
    ['one error in a million after none', 1_000_000 / 60, 0.000001, 'continue'],
    ['one lone error among few requests', 20 / 60, 1 / 20, 'continue'],
    ['two errors among few requests', 20 / 60, 2 / 20, 'hard'],
    ['one request in five hundred', 50, 0.002, 'hard'],
  ])('with a baseline of no errors: %s', (_name, requestRate, errorRate, outcome) => {
    expect(verdict([minute(1, { requestRate, errorRate })], {}, clean).outcome).toBe(outcome);
  });

  test('the sentence says so when the floor stood in for the baseline', () => {
    const result = verdict([minute(1, { errorRate: 0.2 })], {}, clean);
    expect('breach' in result && result.breach.sentence).toBe(
      'errorRate 0.2 is 200x 0.001, the least that counts (baseline 0) at T+1 min (rule error-rate-2x, hard)',
    );
  });

  test('a few milliseconds more are no breach, a tenth of a second is', () => {
    const fast = { ...clean, values: { ...clean.values, p99: 0.002 } };
    expect(verdict([minute(1, { errorRate: 0, p99: 0.03 })], {}, fast).outcome).toBe('continue');
    expect(verdict([minute(1, { errorRate: 0, p99: 0.1 })], {}, fast)).toMatchObject({
      outcome: 'hard',
      breach: { rule: 'p99-3x' },
    });
  });

  test('without any baseline an outage still rolls back, and latency is left alone', () => {
    expect(verdict([minute(1, { errorRate: 0.02, p99: 9 })], {}, null).outcome).toBe('continue');
    expect(verdict([minute(1, { errorRate: 0.05 })], {}, null)).toMatchObject({
      outcome: 'hard',
      breach: { baseline: null },
    });
  });
});

describe('missing evidence', () => {
  test.each([
    ['hard in production', 'hard' as const, 'hard'],
    ['soft below it', 'soft' as const, 'continue'],
  ])('no data in the first three minutes is a breach: %s', (_name, missing, outcome) => {
    const empty = [nothing(1), nothing(2)];
    expect(verdict(empty, { missing, now: 3 * MINUTE - 1 })).toMatchObject({ outcome: 'continue', breaches: [] });
    const result = verdict(empty, { missing, now: 3 * MINUTE });
    expect(result).toMatchObject(
      missing === 'hard'
        ? { outcome, breach: { rule: 'no-data', sentence: 'no data for 180 s at T+3 min (rule no-data, hard)' } }
        : { outcome, breaches: [{ rule: 'no-data', class: 'soft' }] },
    );
  });

  test('a target that goes dark later breaches as well, a watcher that was away does not', () => {
    const dark = [minute(1), nothing(2), nothing(3), nothing(4), nothing(5)];
    expect(verdict(dark).outcome).toBe('hard');
    expect(verdict([minute(1), minute(30)]).outcome).toBe('continue');
    expect(verdict([minute(1)], { now: 30 * MINUTE }).outcome).toBe('continue');
  });

  test.each<[string, readonly Sample[], Partial<JudgeOptions>, string]>([
    ['one sample', [minute(14)], {}, 'too-few-samples'],
    ['nothing at the end', [minute(1), minute(2)], { now: 15 * MINUTE }, 'no-data'],
    [
      'no traffic at all',
      [1, 2, 3].map((n) => minute(n, { requestRate: 0, errorRate: null, p99: null })),
      {},
      'too-few-requests',
    ],
  ])(
    'a window that proves nothing never promotes in production, and is reported below: %s',
    (_name, samples, changes, rule) => {
      expect(verdict(samples, { ...changes, finished: true })).toMatchObject({
        outcome: 'inconclusive',
        breach: { rule, class: 'hard' },
      });
      expect(verdict(samples, { ...changes, finished: true, missing: 'soft' })).toMatchObject({
        outcome: 'soft',
        breach: { rule },
      });
    },
  );

  test('whatever the samples: a pass rests on at least two with data, and none of them reached a hard bound', () => {
    const value = fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: null });
    const rate = fc.option(fc.integer({ min: 0, max: 200 }), { nil: null });
    const samples = fc.array(fc.tuple(value, value, rate, fc.constantFrom(0, 1, null)), { maxLength: 8 });
    fc.assert(
      fc.property(samples, (rows) => {
        const window = rows.map(([errorRate, p99, requestRate, health], index) =>
          minute(index + 1, { errorRate, p99, requestRate, health, p95: null }),
        );
        const result = verdict(window, { finished: true });
        if (result.outcome !== 'pass')
          return expect('breach' in result && result.breach.sentence).toMatch(/ at T\+\d+ (s|min)/);
        expect(result.samples).toBeGreaterThanOrEqual(2);
        for (const { errorRate, p99, requestRate } of window) {
          const reference = Math.max(0.015, 1 / Math.max(1, (requestRate ?? 0) * 60));
          if (requestRate) expect(errorRate ?? 0).toBeLessThan(2 * reference);
          expect(p99 ?? 0).toBeLessThan(0.6);
        }
      }),
    );
  });
});

describe('errors of the source are counted apart from failures of the target', () => {
  const away = (number: number, why = 'refused'): Sample => ({ ...nothing(number), unanswered: why });

  test.each<[string, readonly Sample[], string, string | null]>([
    ['one question without an answer', [minute(1), away(2)], 'continue', null],
    ['two of them', [minute(1), away(2), away(3)], 'continue', null],
    ['three in a row, in production', [minute(1), away(2), away(3), away(4, '503')], 'inconclusive', 'source-away'],
    ['an answer in between', [minute(1), away(2), away(3), minute(4), away(5)], 'continue', null],
    ['an empty answer in between', [minute(1), away(2), away(3), nothing(4), away(5)], 'continue', null],
    [
      'a target that is known to be bad',
      [minute(1, { errorRate: 1 }), away(2), away(3), away(4)],
      'hard',
      'error-rate-2x',
    ],
    [
      'a target that says itself that it is down',
      [minute(1), { ...away(2), health: 0 }, { ...away(3), health: 0 }],
      'hard',
      'health-2-in-a-row',
    ],
    [
      'a source that is back, and fills the time it was away with nothing',
      [minute(1), nothing(2), nothing(3), nothing(4), away(4), nothing(5)],
      'continue',
      null,
    ],
    ['nothing from the start', [away(1), away(2), away(3)], 'inconclusive', 'source-away'],
  ])('%s', (_name, samples, outcome, rule) => {
    const result = verdict(samples);
    expect(result.outcome).toBe(outcome);
    expect('breach' in result ? result.breach.rule : null).toBe(rule);
  });

  test('the sentence names the error and the count; below production it is a soft breach while it lasts', () => {
    const lost = [minute(1), away(2), away(3), away(4, 'Prometheus answered 503')];
    const sentence =
      'the source of the metrics failed 3 times in a row (Prometheus answered 503) at T+4 min (rule source-away, hard)';
    expect(verdict(lost)).toMatchObject({ outcome: 'inconclusive', breach: { sentence } });
    const below = { missing: 'soft' } as const;
    expect(verdict(lost, below)).toMatchObject({
      outcome: 'continue',
      breaches: [{ rule: 'source-away', class: 'soft' }],
    });
    expect(verdict([...lost, minute(5)], below)).toMatchObject({ outcome: 'continue', breaches: [] });
    expect(verdict([...lost, minute(5)], { ...below, finished: true }).outcome).toBe('pass');
  });

  test('however errors are strewn in: they alone never breach a rule, and a limit that is reached never passes', () => {
    const kinds = fc.array(fc.constantFrom('good', 'away'), { minLength: 1, maxLength: 15 });
    fc.assert(
      fc.property(kinds, fc.integer({ min: 1, max: 5 }), fc.boolean(), (list, errorLimit, finished) => {
        const samples = list.map((kind, index) => (kind === 'good' ? minute(index + 1) : away(index + 1)));
        const result = verdict(samples, { errorLimit, finished, noDataMs: 60 * MINUTE });
        const inARow = list.length - 1 - list.lastIndexOf('good');
        if (inARow >= errorLimit)
          return expect(result).toMatchObject({ outcome: 'inconclusive', breach: { rule: 'source-away' } });
        const enough = list.filter((kind) => kind === 'good').length >= 2;
        expect(result.outcome).toBe(finished ? (enough ? 'pass' : 'inconclusive') : 'continue');
      }),
    );
  });

  test('health that nobody could tell proves no health', () => {
    const unknown = [1, 2, 3].map((number) => minute(number, { health: null }));
    expect(verdict(unknown, { finished: true })).toMatchObject({
      outcome: 'inconclusive',
      breach: { rule: 'no-health' },
    });
  });
});

describe('the named presets', () => {
  test.each<[keyof typeof WATCH_PRESETS, Partial<Sample>, string | null]>([
    ['t-181', { errorRate: 0.0049 }, null],
    ['t-181', { errorRate: 0.005 }, 't-181-error-rate'],
    ['t-181', { p95: 0.119, errorRate: 0 }, null],
    ['t-181', { p95: 0.12, errorRate: 0 }, 't-182-p95'],
    ['t-181', { memory: 0.85, errorRate: 0 }, 't-183-memory'],
    ['t-181', { loginSuccess: 0.99, errorRate: 0 }, 't-184-login-success'],
    ['s-135', { p95: 0.2, errorRate: 0.051 }, null],
    ['s-135', { p95: 0.201 }, 's-135-p95-2x'],
    ['s-050', { errorRate: 0.0151 }, null],
    ['s-050', { errorRate: 0.01515 }, 's-050-error-increase'],
    ['s-050', { p95: 0.1099 }, null],
    ['s-050', { p95: 0.11 }, 's-050-latency-increase'],
  ])('%s draws its line where the source does: %j', (preset, change, rule) => {
    const good = { errorRate: preset === 't-181' ? 0 : 0.015 };
    const samples = [minute(1, good), minute(2, { ...good, ...change })];
    const result = judge(samples, BASELINE, WATCH_PRESETS[preset], options({ now: 2 * MINUTE, finished: true }));
    expect('breach' in result ? result.breach.rule : null).toBe(rule);
  });
});
