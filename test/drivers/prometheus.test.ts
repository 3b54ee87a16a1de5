import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createPrometheusMetrics, type PrometheusOptions } from '../../src/drivers/prometheus/metrics';
import { breachesOf } from '../../src/domain/breach';
import { baselineOf, hasData, type Sample } from '../../src/domain/watch';
import { WATCH_PRESETS } from '../../src/domain/watch-rules';
import { startPrometheus, type PrometheusServer } from '../support/prometheus';

const SCRAPE_MS = 200;
const EVERY_MS = 1_000;
const LIMIT_MS = 60_000;
const BOUNDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5];

const WELL = { errorsInTen: 0, seconds: 0.04, logins: true, queue: '3' };

/** A service whose requests a test makes up, ten at a time, with counters as prom-client shows them. */
function createShop() {
  let server: Server | null = null;
  let port = 0;
  let behaviour = WELL;
  let counted = { good: 0, bad: 0, logins: 0, failed: 0, buckets: BOUNDS.map(() => 0), cpu: 0 };

  const work = (): void => {
    const { errorsInTen, seconds, logins } = behaviour;
    counted.bad += errorsInTen;
    counted.good += 10 - errorsInTen;
    counted[logins ? 'logins' : 'failed'] += 10;
    counted.cpu += 0.005;
    counted.buckets = counted.buckets.map((count, index) => count + (seconds <= (BOUNDS[index] ?? 0) ? 10 : 0));
  };
  const page = (): string =>
    [
      `http_requests_total{route="/",status="200"} ${counted.good}`,
      `http_requests_total{route="/",status="500"} ${counted.bad}`,
      ...BOUNDS.map((le, index) => `http_request_duration_seconds_bucket{le="${le}"} ${counted.buckets[index]}`),
      `http_request_duration_seconds_bucket{le="+Inf"} ${counted.good + counted.bad}`,
      `login_attempts_total{result="success"} ${counted.logins}`,
      `login_attempts_total{result="failure"} ${counted.failed}`,
      `process_cpu_seconds_total ${counted.cpu}`,
      'process_resident_memory_bytes 50',
      'process_memory_limit_bytes 200',
      `queue_depth ${behaviour.queue}`,
    ].join('\n');

  const traffic = setInterval(work, 20);
  return {
    host: () => `127.0.0.1:${port}`,
    behave: (change: Partial<typeof behaviour>): void => void (behaviour = { ...behaviour, ...change }),
    async open(): Promise<void> {
      counted = { good: 0, bad: 0, logins: 0, failed: 0, buckets: BOUNDS.map(() => 0), cpu: 0 };
      server = createServer((_, response) => void response.end(`${page()}\n`)).listen(port, '127.0.0.1');
      await once(server, 'listening');
      ({ port } = server.address() as AddressInfo);
    },
    async close(): Promise<void> {
      server?.closeAllConnections();
      await new Promise((resolve) => (server ? server.close(resolve) : resolve(null)));
      server = null;
    },
    end: () => clearInterval(traffic),
  };
}

const shop = createShop();
let prometheus: PrometheusServer;

const metrics = (options: Partial<PrometheusOptions> = {}) =>
  createPrometheusMetrics({
    url: prometheus.url,
    selector: `instance="${shop.host()}"`,
    rangeMs: null,
    queries: {},
    authorization: null,
    health: () => Promise.resolve(null),
    ...options,
  });

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Asks for the newest sample until it is as wanted. */
async function eventually(wanted: (sample: Sample) => boolean, source = metrics()): Promise<Sample> {
  for (let tries = 0; ; tries += 1) {
    const until = Date.now();
    const [sample] = await source.samples({ after: until - EVERY_MS, until, everyMs: EVERY_MS });
    if (sample && wanted(sample)) return sample;
    if (tries > 80) throw new Error(`it never came: ${JSON.stringify(sample)}`);
    await pause(100);
  }
}

const well = ({ errorRate, p99, health }: Sample): boolean => errorRate === 0 && p99 !== null && health === 1;

beforeEach(() => shop.behave(WELL));

beforeAll(async () => {
  await shop.open();
  prometheus = await startPrometheus({ job: 'shop', targets: [shop.host()], everyMs: SCRAPE_MS });
}, LIMIT_MS);

afterAll(async () => {
  await prometheus.close();
  await shop.close();
  shop.end();
}, LIMIT_MS);

describe('a real Prometheus that scrapes a real service', () => {
  test(
    'gives every figure of A-050 by the usual names, and a baseline from before without a recorder',
    async () => {
      const sample = await eventually(well);
      expect(sample).toMatchObject({ errorRate: 0, loginSuccess: 1, memory: 0.25, queueDepth: 3, health: 1 });
      expect(sample.requestRate).toBeGreaterThan(50);
      expect(sample.p99).toBeLessThanOrEqual(0.05);
      expect(sample.cpu).toBeGreaterThan(0);
      await pause(3 * EVERY_MS);
      const until = Date.now();
      const before = await metrics().samples({ after: until - 60_000, until, everyMs: EVERY_MS });
      expect(before.filter(hasData).length).toBeGreaterThanOrEqual(3);
      expect(baselineOf(before, until - 60_000, until).values).toMatchObject({
        errorRate: 0,
        health: 1,
      });
    },
    LIMIT_MS,
  );

  test(
    'an error spike, a p99 that trebles and failing logins are seen as they are',
    async () => {
      shop.behave({ errorsInTen: 5, seconds: 0.3, logins: false });
      const bad = await eventually(
        ({ errorRate, p99, loginSuccess }) => (errorRate ?? 0) > 0.4 && (p99 ?? 0) > 0.25 && loginSuccess === 0,
      );
      expect(bad.p99).toBeLessThanOrEqual(0.5);
      const before = { ...bad, errorRate: 0.01, p99: 0.05 };
      const baseline = baselineOf([before], 0, bad.at);
      const breaches = breachesOf([{ ...bad, at: bad.at + EVERY_MS }], baseline, WATCH_PRESETS.default, bad.at);
      expect(breaches.map(({ rule }) => rule)).toEqual(expect.arrayContaining(['error-rate-2x', 'p99-3x']));
    },
    LIMIT_MS,
  );

  test(
    'a restart of the service is no negative traffic and no error: counters begin again',
    async () => {
      await eventually(well);
      const from = Date.now();
      await shop.close();
      await shop.open();
      await pause(2 * EVERY_MS);
      await eventually(well);
      const across = await metrics().samples({ after: from - EVERY_MS, until: Date.now(), everyMs: EVERY_MS });
      for (const { requestRate, errorRate } of across) {
        expect(requestRate ?? 0).toBeGreaterThanOrEqual(0);
        expect(requestRate ?? 0).toBeLessThan(5_000);
        expect(errorRate ?? 0).toBe(0);
      }
    },
    LIMIT_MS,
  );

  test(
    'a gauge that is NaN is no evidence, and the rest still counts',
    async () => {
      await eventually(well);
      shop.behave({ queue: 'NaN' });
      expect(await eventually(({ queueDepth }) => queueDepth === null)).toMatchObject({ errorRate: 0, memory: 0.25 });
    },
    LIMIT_MS,
  );

  test(
    'a service that is gone is down and silent at once, however long Prometheus remembers it',
    async () => {
      await shop.close();
      const gone = await eventually(
        ({ health, requestRate, memory }) => health === 0 && requestRate === null && memory === null,
      );
      expect(gone).toMatchObject({ errorRate: null, p99: null, queueDepth: null });
      expect(hasData(gone)).toBe(false);
      await shop.open();
      await eventually(well);
    },
    LIMIT_MS,
  );

  test(
    'a Prometheus that is killed in the window is an error, not a breach; when it is back, no minute is missing but its own',
    async () => {
      await eventually(well);
      const from = Date.now();
      await pause(2 * EVERY_MS);
      await prometheus.kill();
      const died = Date.now();
      await pause(2 * EVERY_MS);
      const [lost] = await metrics().samples({ after: from, until: Date.now(), everyMs: EVERY_MS });
      expect(lost).toMatchObject({ requestRate: null, unanswered: expect.stringContaining('refused') });
      await prometheus.start();
      await eventually(well);
      await pause(EVERY_MS);
      const whole = await metrics().samples({ after: from, until: Date.now(), everyMs: EVERY_MS });
      expect(whole.every(({ unanswered }) => unanswered === undefined)).toBe(true);
      expect(whole.filter(({ at }) => at < died - SCRAPE_MS).every(hasData)).toBe(true);
      // What it remembers from before its death is no measurement of the time it was dead.
      expect(whole.some(({ at, memory }) => at > died && memory === null)).toBe(true);
      expect(whole.at(-1)).toMatchObject({ errorRate: 0, health: 1 });
    },
    LIMIT_MS,
  );

  test(
    'series of others are not ours: without a match there is no evidence, never a clean bill',
    async () => {
      const other = metrics({ selector: 'job="depot"' });
      const until = Date.now();
      const [sample] = await other.samples({ after: until - EVERY_MS, until, everyMs: EVERY_MS });
      expect(sample && hasData(sample)).toBe(false);
      expect(sample).toMatchObject({ health: null });
    },
    LIMIT_MS,
  );

  test(
    'own queries take the place of the usual ones, and one that gives several series is refused with its text',
    async () => {
      const own = metrics({ queries: { queueDepth: 'max(queue_depth{ {{selector}} }) * 2' } });
      expect(await eventually(({ queueDepth }) => queueDepth !== null, own)).toMatchObject({ queueDepth: 6 });
      const until = Date.now();
      const several = metrics({ queries: { queueDepth: 'http_requests_total{ {{selector}} }' } });
      const range = { after: until - EVERY_MS, until, everyMs: EVERY_MS };
      expect(await several.samples(range)).toMatchObject([{ unanswered: expect.stringContaining('aggregate') }]);
      const broken = metrics({ queries: { queueDepth: 'sum(' } });
      expect(await broken.samples(range)).toMatchObject([{ unanswered: expect.stringContaining('parse error') }]);
    },
    LIMIT_MS,
  );

  test(
    'the target itself is asked besides: what Prometheus does not see still counts',
    async () => {
      const sick = metrics({ health: () => Promise.resolve(false) });
      expect(await eventually(({ errorRate }) => errorRate === 0, sick)).toMatchObject({ health: 0 });
    },
    LIMIT_MS,
  );
});
