import { createPrometheusMetrics, type PrometheusOptions } from '../../src/drivers/prometheus/metrics';
import { defaultQueries } from '../../src/drivers/prometheus/queries';
import { emptySample, judge, METRICS, type Sample } from '../../src/domain/watch';
import { WATCH_PRESETS } from '../../src/domain/watch-rules';
import { json, silence, startFakeService, text, type Answer, type FakeService } from '../support/fake-service';

const NOW = 1_800_000_000_000;
const MINUTE = 60_000;
const PATH = 'POST /api/v1/query_range';
const SELECTOR = 'job="shop",env="prod"';

let prometheus: FakeService;

beforeEach(async () => {
  prometheus = await startFakeService();
});

afterEach(() => prometheus.close());

const metrics = (options: Partial<PrometheusOptions> = {}) =>
  createPrometheusMetrics({
    url: prometheus.url,
    selector: SELECTOR,
    rangeMs: null,
    queries: {},
    authorization: null,
    health: () => Promise.resolve(true),
    timeoutMs: 500,
    ...options,
  });

const matrix = (...values: readonly (readonly [number, unknown])[]) => ({
  status: 'success',
  data: {
    resultType: 'matrix',
    result: values.length === 0 ? [] : [{ metric: {}, values: values.map(([at, value]) => [at / 1000, value]) }],
  },
});

async function minute(answer: Answer, options: Partial<PrometheusOptions> = {}): Promise<Sample> {
  prometheus.answers.set(PATH, answer);
  const samples = await metrics(options).samples({ after: NOW, until: NOW + MINUTE, everyMs: MINUTE });
  expect(samples).toHaveLength(1);
  return samples[0] ?? emptySample(0, null, null);
}

const huge: Answer = (response) => {
  response.writeHead(200, { 'content-type': 'application/json' });
  const more = (): void => {
    while (response.write('x'.repeat(1_048_576)));
    response.once('drain', more);
  };
  more();
};

describe('a Prometheus that lies, limps or is away never makes a release look good (F49, abuse 28)', () => {
  const half = { ...matrix([NOW + MINUTE, '5']), warnings: ['store eu-1 did not answer'] };

  test.each<[string, Answer, string]>([
    ['starting up', text('Service Unavailable', 503), 'answered 503, expected 200'],
    ['too busy', json({ status: 'error', errorType: 'timeout', error: 'query timed out' }, 503), 'query timed out'],
    ['refusing the query', json({ status: 'error', errorType: 'bad_data', error: 'parse error' }, 400), 'parse error'],
    ['refusing the caller', text('who are you', 401), 'answered 401'],
    ['an error with status 200', json({ status: 'error', error: 'shard lost' }), 'shard lost'],
    ['a login page', text('<html>please log in</html>'), 'not as Prometheus does'],
    ['half of the truth', json(half), 'only part of an answer: store eu-1'],
    ['another kind of result', json({ status: 'success', data: { resultType: 'vector', result: [] } }), 'matrix'],
    ['values that are no pairs', json(matrix([NOW, 5])), 'no pair'],
    ['no answer at all', silence, 'within 500 ms'],
    ['an answer without an end', (response) => void response.write('{'), 'within 500 ms'],
    ['hanging up', (response) => void response.destroy(), 'gave no answer'],
  ])('%s: an error that names itself, not a sample', async (_name, answer, words) => {
    const sample = await minute(answer);
    expect(sample).toMatchObject({ errorRate: null, requestRate: null, p99: null, health: 1 });
    expect(sample.unanswered).toContain(words);
  });

  test('10 GB are not read', async () => {
    expect((await minute(huge, { timeoutMs: 20_000 })).unanswered).toContain('larger than');
  });

  test('a redirect is not followed, so that no credential travels to another host', async () => {
    const elsewhere = await startFakeService();
    const answer: Answer = (response) => void response.writeHead(307, { location: `${elsewhere.url}/api` }).end();
    expect((await minute(answer, { authorization: () => 'Bearer canary' })).unanswered).toContain('answered 307');
    expect(prometheus.requests[0]?.headers.authorization).toBe('Bearer canary');
    expect(elsewhere.requests).toEqual([]);
    await elsewhere.close();
  });

  test.each([
    ['an empty vector', matrix()],
    ['NaN', matrix([NOW + MINUTE, 'NaN'])],
    ['infinity', matrix([NOW + MINUTE, '+Inf'])],
    ['an empty text', matrix([NOW + MINUTE, ''])],
    ['a value of another instant', matrix([NOW - 60 * MINUTE, '0'])],
  ])('%s is no evidence, and in production a window of it proves nothing', async (_name, body) => {
    const sample = await minute(json(body));
    expect(sample).toEqual(emptySample(NOW + MINUTE, 1, null));
    const options = { startedAt: NOW, now: NOW + 3 * MINUTE, noDataMs: 3 * MINUTE, errorLimit: 3, finished: true };
    const samples = [1, 2, 3].map((number) => ({ ...sample, at: NOW + number * MINUTE }));
    expect(judge(samples, null, WATCH_PRESETS.default, { ...options, missing: 'hard' })).toMatchObject({
      outcome: 'hard',
      breach: { rule: 'no-data' },
    });
  });

  test('remarks on the wording of a query leave nothing out, so the answer counts', async () => {
    const remark = { ...matrix([NOW + MINUTE, '100']), warnings: ['PromQL info: metric might not be a counter'] };
    expect(await minute(json(remark))).toMatchObject({ requestRate: 100 });
  });

  test('words of a stranger are cut and do nothing in a terminal', async () => {
    const sample = await minute(json({ status: 'error', error: `\u001b[2J${'x'.repeat(5_000)}` }, 500));
    expect(sample.unanswered?.length).toBeLessThan(400);
    expect(sample.unanswered).not.toContain('\u001b');
  });

  test('a target that does not answer is known to be down, even when Prometheus is away', async () => {
    expect(await minute(text('', 503), { health: () => Promise.resolve(false) })).toMatchObject({ health: 0 });
  });
});

describe('what is asked', () => {
  test('nothing before the first interval is over; then each missed interval, at its own instant', async () => {
    prometheus.answers.set(PATH, json(matrix([NOW + MINUTE, '100'], [NOW + 3 * MINUTE, '300'])));
    const range = { after: NOW, everyMs: MINUTE };
    expect(await metrics().samples({ ...range, until: NOW + MINUTE - 1 })).toEqual([]);
    expect(prometheus.requests).toEqual([]);
    const samples = await metrics().samples({ ...range, until: NOW + 3.5 * MINUTE });
    expect(samples.map(({ at, requestRate }) => [(at - NOW) / MINUTE, requestRate])).toEqual([
      [1, 100],
      [2, null],
      [3, 300],
    ]);
    const form = new URLSearchParams(prometheus.requests[0]?.body);
    expect(Object.fromEntries(form)).toMatchObject({
      start: String((NOW + MINUTE) / 1000),
      end: String((NOW + 3 * MINUTE) / 1000),
      step: '60000ms',
    });
  });

  test('every series in every default query is one of the environment: no one else is judged', () => {
    for (const query of Object.values(defaultQueries({ selector: SELECTOR, rangeMs: MINUTE }))) {
      const selectors = [...query.matchAll(/\{([^}]*)\}/g)].map(([, inside]) => inside ?? '');
      expect(selectors.length).toBeGreaterThan(0);
      for (const inside of selectors) expect(inside.startsWith(SELECTOR)).toBe(true);
      expect(query.match(/[a-z_]+(_total|_count|_bucket|_bytes|_ratio|_depth|_size|_usage)(?!\{|\w)/g)).toBeNull();
    }
    expect(METRICS.every((metric) => metric in defaultQueries({ selector: SELECTOR, rangeMs: MINUTE }))).toBe(true);
  });

  test('a selector with the signs of a replacement pattern arrives as it was written', async () => {
    prometheus.answers.set(PATH, json(matrix()));
    const selector = 'job="a$&b"';
    await metrics({ selector, queries: { cpu: 'max(busy{ {{selector}} }[{{range}}])' } }).samples({
      after: NOW,
      until: NOW + MINUTE,
      everyMs: MINUTE,
    });
    const asked = prometheus.requests.map(({ body }) => new URLSearchParams(body).get('query'));
    expect(asked).toContain(`max(busy{ ${selector} }[60000ms])`);
  });
});
