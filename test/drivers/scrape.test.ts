import fc from 'fast-check';
import { parseExposition } from '../../src/drivers/scrape/exposition';
import { createHttpHealth } from '../../src/drivers/http/health';
import { createScrapeReader } from '../../src/drivers/scrape/metrics';
import { createRecordedMetrics } from '../../src/drivers/scrape/recorded-metrics';
import { createRecorder } from '../../src/drivers/scrape/recorder';
import type { Reading } from '../../src/domain/reading';
import { startFakeService, text, type FakeService } from '../support/fake-service';

const NOW = 1_800_000_000_000;

let service: FakeService;

beforeEach(async () => {
  service = await startFakeService();
  service.answers.set('GET /health', text('ok'));
});

afterEach(() => service.close());

const reader = (health = createHttpHealth(`${service.url}/health`, 500)) =>
  createScrapeReader({ url: service.url, path: '/metrics', health, timeoutMs: 500 });
const unasked = (): Promise<null> => Promise.resolve(null);

async function read(body: string): Promise<Reading> {
  service.answers.set('GET /metrics', text(body));
  return reader()(NOW);
}

describe('a reading is what the target says, and nothing it does not say', () => {
  test('requests, errors, latencies and saturation of a service with routes are added up', async () => {
    const reading = await read(`
# HELP http_requests_total Requests
# TYPE http_requests_total counter
http_requests_total{route="/a",status="200"} 90
http_requests_total{route="/a",status="500"} 3 ${NOW - 1_000}
http_requests_total{route="/b, \\"x\\" {}",status="503"} 2 # {trace_id="abc"} 1.0
http_requests_total{route="/b",status="499"} 5
# TYPE http_request_duration_seconds histogram
http_request_duration_seconds_bucket{le="0.5",route="/a"} 7
http_request_duration_seconds_bucket{le="0.1",route="/a"} 4
http_request_duration_seconds_bucket{le="+Inf",route="/a"} 8
http_request_duration_seconds_bucket{le="0.1",route="/b"} 1 # {trace_id="x"} 0.05
http_request_duration_seconds_bucket{le="0.5",route="/b"} 1
http_request_duration_seconds_bucket{le="+Inf",route="/b"} 2
process_cpu_usage 0.25
process_resident_memory_bytes 5.0e7
process_memory_limit_bytes 2e8
queue_depth{queue="mail"} 3
queue_depth{queue="bills"} 4
login_attempts_total{result="success"} 99
login_attempts_total{result="failure"} 1
`);
    expect(reading).toEqual({
      at: NOW,
      counters: { requests: 100, errors: 5 },
      histogram: [
        { le: 0.1, count: 5 },
        { le: 0.5, count: 8 },
        { le: null, count: 10 },
      ],
      gauges: { cpu: 0.25, memory: 0.25, queueDepth: 7 },
      logins: { tried: 100, good: 99 },
      healthy: true,
    });
  });

  test.each([
    [
      'a counter of errors of its own',
      'http_requests_total 10\nhttp_request_errors_total{a="b"} 2',
      { requests: 10, errors: 2 },
    ],
    ['an announced counter that was never raised', '# TYPE http_requests_total counter', { requests: 0, errors: 0 }],
    [
      'a histogram with status and no counter',
      '# TYPE http_server_requests_seconds histogram\nhttp_server_requests_seconds_count{status="5xx"} 1',
      { requests: 1, errors: 1 },
    ],
    ['requests nobody knows the end of', 'http_requests_total{route="/"} 10', null],
    ['NaN', 'http_requests_total{status="200"} NaN', null],
    ['values an hour old', `http_requests_total{status="200"} 5 ${NOW - 3_600_000}`, null],
    ['a page of HTML', '<html><body>http_requests_total is great</body></html>', null],
    ['nothing', '', null],
  ])('%s: a false zero would let a bad release pass', async (_, body, counters) => {
    expect((await read(body)).counters).toEqual(counters);
  });

  test('processor seconds become a share only between two readings, and not across a restart', async () => {
    const source = reader();
    const cpuAt = async (seconds: number, at: number): Promise<number | null> => {
      service.answers.set('GET /metrics', text(`process_cpu_seconds_total ${seconds}`));
      return (await source(at)).gauges.cpu;
    };
    expect(await cpuAt(10, NOW)).toBeNull();
    expect(await cpuAt(15, NOW + 10_000)).toBe(0.5);
    expect(await cpuAt(15.4, NOW + 10_010)).toBe(0.5);
    expect(await cpuAt(0.2, NOW + 20_000)).toBeNull();
    expect(await cpuAt(1.2, NOW + 30_000)).toBe(0.1);
  });

  test('a service that is down is unhealthy at once; one whose health nobody asks for could not be asked', async () => {
    service.answers.set('GET /metrics', text('no', 500));
    service.answers.set('GET /health', text('no', 503));
    expect(await reader()(NOW)).toMatchObject({ healthy: false, counters: null });
    await expect(reader(unasked)(NOW)).rejects.toMatchObject({ kind: 'Unavailable' });
    await service.close();
    expect(await reader()(NOW)).toMatchObject({ healthy: false, counters: null, histogram: null });
    await expect(reader(unasked)(NOW)).rejects.toMatchObject({ kind: 'Unavailable' });
  });
});

test('a label may hold anything: whatever a route is called, its series is read back as it was', () => {
  const quote = (value: string): string => value.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n');
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary' }), { maxLength: 4 }), fc.double(), (values, number) => {
      const plain = values.map((value) => value.replaceAll('\r', ''));
      const labels = plain.map((value, index) => `l${index}="${quote(value)}"`).join(',');
      const shown = number === Infinity ? '+Inf' : number === -Infinity ? '-Inf' : String(number);
      const [series] = parseExposition(`m{${labels}} ${shown}`).series;
      expect(Object.values(series?.labels ?? {})).toEqual(plain);
      expect(series?.value).toEqual(number + 0); // the text of -0 is 0
    }),
  );
});

/** Readings in memory, as the ledger keeps them. */
function memoryStore() {
  const kept: Reading[] = [];
  return {
    kept,
    load: (from: number) => Promise.resolve(kept.filter(({ at }) => at >= from)),
    save: (reading: Reading) => Promise.resolve(void kept.push(reading)),
  };
}

describe('a target without a history gets one', () => {
  const MINUTE = 60_000;
  const shows = (requests: number, errors: number): void =>
    void service.answers.set(
      'GET /metrics',
      text(`http_requests_total{status="200"} ${requests - errors}\nhttp_requests_total{status="500"} ${errors}`),
    );

  test('a watch measures from its own beginning, whatever the deployment did before, and goes on after a worker died', async () => {
    const store = memoryStore();
    const recorded = (read = reader()) => createRecordedMetrics({ read, store, everyMs: MINUTE });
    shows(1_000, 0);
    await recorded().record(NOW - MINUTE / 2);
    shows(1_100, 90); // what the restart broke is not the new version's fault
    const watch = { after: NOW, everyMs: MINUTE };
    expect(await recorded().samples({ ...watch, until: NOW })).toEqual([]);
    shows(1_200, 95);
    expect(await recorded().samples({ ...watch, until: NOW + MINUTE })).toMatchObject([
      { at: NOW + MINUTE, errorRate: 0.05, health: 1 },
    ]);
    shows(1_400, 97);
    const next = { after: NOW + MINUTE, until: NOW + 3 * MINUTE, everyMs: MINUTE };
    expect(await recorded().samples(next)).toMatchObject([{ at: NOW + 3 * MINUTE, errorRate: 0.01 }]);
  });

  test('a question that fails says so and loses nothing: the next answer covers the gap', async () => {
    const store = memoryStore();
    const recorded = createRecordedMetrics({ read: reader(unasked), store, everyMs: MINUTE });
    const watch = { after: NOW, everyMs: MINUTE };
    shows(0, 0);
    await recorded.samples({ ...watch, until: NOW });
    service.answers.set('GET /metrics', text('no', 503));
    const [failed] = await recorded.samples({ ...watch, until: NOW + MINUTE });
    expect(failed).toMatchObject({ at: NOW + MINUTE, errorRate: null, unanswered: expect.stringContaining('503') });
    shows(100, 20);
    const samples = await recorded.samples({ ...watch, until: NOW + 2 * MINUTE });
    expect(samples).toMatchObject([{ at: NOW + 2 * MINUTE, errorRate: 0.2 }]);
  });

  test('the recorder keeps still while a watch asks: half an interval has too few requests to say anything', async () => {
    const store = memoryStore();
    const recorded = createRecordedMetrics({ read: reader(), store, everyMs: MINUTE });
    shows(0, 0);
    await recorded.samples({ after: NOW, until: NOW, everyMs: MINUTE });
    await recorded.record(NOW + MINUTE / 3);
    expect(store.kept.map(({ at }) => at - NOW)).toEqual([0]);
    await recorded.record(NOW + MINUTE);
    expect(store.kept.map(({ at }) => at - NOW)).toEqual([0, MINUTE]);
  });
});

describe('the recorder that gives a baseline from before a deployment', () => {
  test('writes a reading down at once and at every interval, survives failures, and is silent after stop', async () => {
    service.answers.set('GET /metrics', text('queue_depth 1'));
    const saved: number[] = [];
    const errors: number[] = [];
    const forgotten: number[] = [];
    let clock = NOW;
    let enough = (): void => undefined;
    const done = new Promise<void>((resolve) => (enough = resolve));
    const recorded = createRecordedMetrics({
      read: reader(),
      everyMs: 1_000,
      store: {
        load: () => Promise.resolve([]),
        async save({ at, gauges }) {
          if (saved.length + errors.length < 2) throw new Error('the ledger is away');
          saved.push(at - NOW, gauges.queueDepth ?? -1);
          if (saved.length >= 6) enough();
        },
      },
    });
    const recorder = createRecorder({
      record: (at) => recorded.record(at),
      everyMs: 5,
      keepMs: 60_000,
      now: () => (clock += 1_000),
      forget: async (before) => void forgotten.push(before - NOW),
      onError: (_, inARow) => void errors.push(inARow),
    });
    recorder.start();
    recorder.start();
    await done;
    await recorder.stop();
    expect(errors).toEqual([1, 2]);
    const count = saved.length;
    expect(saved.slice(0, 6)).toEqual([3_000, 1, 4_000, 1, 5_000, 1]);
    expect(forgotten).toEqual([3_000 - 60_000]);
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(saved).toHaveLength(count);
  });
});
