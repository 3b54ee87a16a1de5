import fc from 'fast-check';
import { bucketsSince, quantile } from '../../src/domain/histogram';
import { sampleBetween, withEnoughRequests, type Reading } from '../../src/domain/reading';
import { emptySample } from '../../src/domain/watch';

const NO_GAUGES = { cpu: null, memory: null, queueDepth: null };
const reading = (at: number, requests: number | null, errors = 0, changes: Partial<Reading> = {}): Reading => ({
  at,
  counters: requests === null ? null : { requests, errors },
  histogram: null,
  gauges: NO_GAUGES,
  healthy: null,
  ...changes,
});

describe('readings become samples', () => {
  test('counters become rates', () => {
    const sample = sampleBetween(reading(0, 1_000, 10), reading(10_000, 1_100, 15));
    expect(sample).toMatchObject({ at: 10_000, requestRate: 10, errorRate: 0.05 });
  });

  test('a restart in between counts what came after it, and hides no errors behind the old count', () => {
    const sample = sampleBetween(reading(0, 1_000, 10), reading(10_000, 50, 12));
    expect(sample).toMatchObject({ requestRate: 5, errorRate: 0.24 });
  });

  test.each([
    ['no counters', reading(0, 100), reading(10_000, null), null, null],
    ['no earlier counters', reading(0, null), reading(10_000, 100), null, null],
    ['not a number', reading(0, 100), reading(10_000, Number.NaN), null, null],
    ['the same instant twice', reading(10_000, 100), reading(10_000, 200), null, null],
    ['no traffic', reading(0, 100), reading(10_000, 100), 0, null],
    ['one error in few requests', reading(0, 100), reading(10_000, 105, 1), 0.5, null],
    ['two errors in few requests', reading(0, 100), reading(10_000, 105, 2), 0.5, 0.4],
  ])('no evidence is never a good or bad number: %s', (_name, before, now, requestRate, errorRate) => {
    expect(sampleBetween(before, now)).toMatchObject({ requestRate, errorRate });
  });

  test('gauges and health are taken as they are, and NaN is nothing', () => {
    const gauges = { cpu: 0.5, memory: Number.NaN, queueDepth: 7 };
    const sample = sampleBetween(reading(0, null), reading(1_000, null, 0, { gauges, healthy: false }));
    expect(sample).toMatchObject({ cpu: 0.5, memory: null, queueDepth: 7, health: 0 });
  });

  test('logins become the share that went well, from ten on', () => {
    const logins = (tried: number, good: number) => ({ logins: { tried, good } });
    const share = (before: Partial<Reading>, now: Partial<Reading>) =>
      sampleBetween(reading(0, null, 0, before), reading(60_000, null, 0, now)).loginSuccess;
    expect(share(logins(100, 100), logins(200, 198))).toBe(0.98);
    expect(share(logins(100, 100), logins(105, 100))).toBeNull();
    expect(share(logins(100, 100), logins(50, 40))).toBe(0.8);
    expect(share({}, logins(50, 40))).toBeNull();
  });

  test.each([
    ['enough requests', 1, 0.05, 0.05, 0.2],
    ['few requests and one error', 0.1, 0.17, null, null],
    ['few requests and three errors', 0.1, 0.5, 0.5, null],
    ['no requests', 0, 0, null, null],
    ['a rate of requests that nobody knows', null, 0.5, 0.5, 0.2],
  ])('rates that come ready-made need requests behind them, too: %s', (_name, requestRate, given, errorRate, p99) => {
    const sample = { ...emptySample(0, 1, null), requestRate, errorRate: given, p99: 0.2 };
    expect(withEnoughRequests(sample, 60_000)).toMatchObject({ errorRate, p99 });
  });

  const buckets = (...counts: readonly number[]) =>
    counts.map((count, index) => ({ le: [0.1, 0.2, 0.4, null][index] ?? null, count }));

  test('latencies come from what the histogram gained, not from its whole life', () => {
    const before = reading(0, null, 0, { histogram: buckets(1_000, 1_000, 1_000, 1_000) });
    const now = reading(1_000, null, 0, { histogram: buckets(1_050, 1_090, 1_100, 1_100) });
    const { p50, p95, p99 } = sampleBetween(before, now);
    expect(p50).toBeCloseTo(0.1, 12);
    expect(p95).toBeCloseTo(0.3, 12);
    expect(p99).toBeCloseTo(0.38, 12);
  });

  test.each([
    ['inside the lowest bucket it starts at zero', 0.25, buckets(50, 100, 100, 100), 0.05],
    ['beyond the highest bound it is that bound', 0.99, buckets(50, 60, 70, 100), 0.4],
    ['without observations there is none', 0.5, buckets(0, 0, 0, 0), null],
    ['without +Inf there is none', 0.5, buckets(10, 10, 10), null],
    ['with +Inf alone there is none', 0.5, [{ le: null, count: 10 }], null],
    ['a bucket that lags behind is lifted', 0.5, buckets(50, 40, 100, 100), 0.1],
  ])('a quantile as Prometheus counts it: %s', (_name, q, histogram, expected) => {
    expect(quantile(q, histogram)).toEqual(expected === null ? null : expect.closeTo(expected, 12));
  });

  test('a quantile lies in the bucket of its observation and grows with its share', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(50), { minLength: 4, maxLength: 4 }),
        fc.double({ min: 0.01, max: 0.99, noNaN: true }),
        (gains, q) => {
          let sum = 0;
          const histogram = buckets(...gains.map((gain) => (sum += gain)));
          const value = quantile(q, histogram);
          if (sum === 0) return expect(value).toBeNull();
          const home = histogram.findIndex(({ count }) => count >= q * sum);
          expect(value).toBeLessThanOrEqual(histogram[home]?.le ?? 0.4);
          expect(value).toBeGreaterThanOrEqual(home === 0 ? 0 : (histogram[home - 1]?.le ?? 0));
          expect(quantile(Math.min(1, q + 0.01), histogram)).toBeGreaterThanOrEqual(value!);
        },
      ),
    );
  });

  test('a histogram that went back or changed its bounds gives no difference', () => {
    expect(bucketsSince(buckets(5, 5, 5, 5), buckets(4, 5, 5, 5))).toBeNull();
    expect(bucketsSince(buckets(5, 5, 5), buckets(5, 5, 5, 5))).toBeNull();
  });
});
