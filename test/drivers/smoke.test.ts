import { createHttpSmokeRunner } from '../../src/drivers/http/smoke-runner';
import { firstDifference } from '../../src/drivers/http/json-subset';
import type { SmokeCase } from '../../src/domain/policy';
import { json, silence, startFakeService, text, type FakeService } from '../support/fake-service';

const VALUES = { version: '1.4.3+bug.7', sha: 'b'.repeat(40), deployment: 'shop-prod-1' };

let service: FakeService;
let elsewhere: FakeService;

beforeAll(async () => {
  service = await startFakeService();
  elsewhere = await startFakeService();
});

afterAll(async () => {
  await service.close();
  await elsewhere.close();
});

const smokeCase = (
  more: Partial<Omit<SmokeCase, 'expect'>> & { expect?: Partial<SmokeCase['expect']> },
): SmokeCase => ({
  name: 'one',
  method: 'GET',
  path: '/',
  headers: {},
  body: null,
  timeoutMs: 5_000,
  ...more,
  expect: { status: 200, json: null, contains: null, ...more.expect },
});

const run = (cases: readonly SmokeCase[], signal = new AbortController().signal) =>
  createHttpSmokeRunner({ url: service.url, allowedHosts: [], maxBytes: 1_000 }).run(cases, VALUES, signal);

async function runOne(more: Parameters<typeof smokeCase>[0]) {
  const [result] = await run([smokeCase(more)]);
  return result!;
}

test('a check can log in with secrets of the worker; no answer, difference or error brings one back into the result', async () => {
  const secrets = { '${env:SMOKE_TOKEN}': 'canary "7f3a"/x', '${env:SMOKE_PIN}': 'canary-pin' };
  const asked = async (more: Parameters<typeof smokeCase>[0]) => {
    const runner = createHttpSmokeRunner({ url: service.url, allowedHosts: [], secrets });
    const [result] = await runner.run([smokeCase(more)], VALUES, new AbortController().signal);
    return result!;
  };
  service.answers.set('POST /login', (response, seen) =>
    json({ user: `${'x'.repeat(100)} ${seen.headers.authorization}`, got: JSON.parse(seen.body) })(response, seen),
  );
  const login = {
    method: 'POST' as const,
    path: '/login',
    headers: { authorization: 'Bearer ${env:SMOKE_TOKEN}', 'x-other': '${env:NOT_OURS}' },
    body: { pin: '${env:SMOKE_PIN}', version: '{{version}}' },
  };
  const results = [
    await asked({ ...login, expect: { json: { got: { version: '{{version}}' } } } }),
    await asked({ ...login, expect: { json: { user: 'nobody', got: { pin: 'none' } } } }),
    await asked({ ...login, expect: { json: { got: { pin: 'none' } } } }),
    await asked({ ...login, headers: { 'x-bad': '${env:SMOKE_TOKEN}\n' } }),
  ];
  expect(results.map(({ ok }) => ok)).toEqual([true, false, false, false]);
  expect(JSON.stringify(results)).not.toContain('canary');
  expect(results[2]?.detail).toContain('***REDACTED***');
  expect(service.requests.find(({ path }) => path === '/login')).toMatchObject({
    headers: { authorization: 'Bearer canary "7f3a"/x', 'x-other': '${env:NOT_OURS}' },
    body: JSON.stringify({ pin: 'canary-pin', version: VALUES.version }),
  });
});

test('a check is filled from the candidate everywhere, so it cannot pass on the old version', async () => {
  service.answers.set('POST /orders?v=1.4.3%2Bbug.7', (response, seen) =>
    json({ got: JSON.parse(seen.body) })(response, seen),
  );
  const result = await runOne({
    method: 'POST',
    path: '/orders?v={{version}}',
    headers: { 'x-deployment': '{{deployment}}' },
    body: { sha: '{{ sha }}', list: ['{{version}}', 1] },
    expect: { json: { got: { sha: '{{sha}}', list: ['{{version}}', 1] } }, contains: '{{sha}}' },
  });
  expect(result).toMatchObject({
    ok: true,
    status: 200,
    detail: 'POST /orders?v={{version}}: answered 200 as expected',
  });
  expect(service.requests.at(-1)?.headers).toMatchObject({
    'x-deployment': 'shop-prod-1',
    'content-type': 'application/json',
  });
});

test('every case has its own result, in order, and a failed one does not stop the next', async () => {
  service.answers.set('GET /api/version', json({ version: '1.4.2', build: { sha: 'x' } }));
  service.answers.set('GET /health', text('fine'));
  const results = await run([
    smokeCase({ name: 'version', path: '/api/version', expect: { json: { version: '{{version}}' } } }),
    smokeCase({ name: 'status', path: '/health', expect: { status: 204 } }),
    smokeCase({ name: 'text', path: '/health', expect: { contains: 'well' } }),
    smokeCase({ name: 'no json', path: '/health', expect: { json: {} } }),
    smokeCase({ name: 'good', path: '/health', expect: { contains: 'fine' } }),
  ]);
  expect(results.map(({ name, ok, status, detail }) => [name, ok, status, detail])).toEqual([
    ['version', false, 200, 'GET /api/version: version is "1.4.2", expected "1.4.3+bug.7"'],
    ['status', false, 200, 'GET /health: answered 200, expected 204'],
    ['text', false, 200, 'GET /health: the body does not contain "well"'],
    ['no json', false, 200, 'GET /health: the body is not JSON'],
    ['good', true, 200, 'GET /health: answered 200 as expected'],
  ]);
});

test('a target that does not answer, answers too much or is not there fails the case with the reason', async () => {
  service.answers.set('GET /silent', silence);
  service.answers.set('GET /huge', text('x'.repeat(5_000)));
  expect(await runOne({ path: '/silent', timeoutMs: 150 })).toMatchObject({
    ok: false,
    status: null,
    detail: expect.stringContaining('nothing came within 150 ms'),
  });
  expect(await runOne({ path: '/huge' })).toMatchObject({ ok: false, detail: expect.stringContaining('larger than') });
  const gone = await startFakeService();
  await gone.close();
  const [refused] = await createHttpSmokeRunner({ url: gone.url, allowedHosts: [] }).run(
    [smokeCase({})],
    VALUES,
    new AbortController().signal,
  );
  expect(refused).toMatchObject({ ok: false, detail: expect.stringContaining('refused') });
});

test('neither a path nor a redirect leads a check to a host that is not allowed', async () => {
  service.answers.set(
    'GET /away',
    (response) => void response.writeHead(302, { location: `${elsewhere.url}/secret` }).end(),
  );
  service.answers.set('GET /near', (response) => void response.writeHead(302, { location: '/health' }).end());
  service.answers.set('GET /loop', (response) => void response.writeHead(302, { location: '/loop' }).end());
  service.answers.set('GET /health', text('fine'));
  for (const path of [
    '/away',
    `${elsewhere.url}/x`,
    `//${elsewhere.host}/x`,
    'file:///etc/passwd',
    'http://u:p@127.0.0.1/',
  ]) {
    expect(await runOne({ path })).toMatchObject({ ok: false, status: null });
  }
  expect(elsewhere.requests).toEqual([]);
  expect(await runOne({ path: '/near' })).toMatchObject({ ok: true });
  expect(await runOne({ path: '/near', expect: { status: 302 } })).toMatchObject({ ok: true, status: 302 });
  expect(await runOne({ path: '/loop' })).toMatchObject({ detail: expect.stringContaining('more than 5 times') });
  const allowed = createHttpSmokeRunner({ url: service.url, allowedHosts: [elsewhere.host] });
  const [result] = await allowed.run(
    [smokeCase({ path: '/away', expect: { status: 404 } })],
    VALUES,
    new AbortController().signal,
  );
  expect(result).toMatchObject({ ok: true });
});

test('when the time for all checks is over, those not asked are failed ones and not forgotten', async () => {
  const abort = new AbortController();
  service.answers.set('GET /stuck', () => abort.abort());
  const results = await run([smokeCase({ path: '/stuck' }), smokeCase({ path: '/last' })], abort.signal);
  expect(results).toMatchObject([
    { ok: false, detail: expect.stringContaining('cancelled') },
    { ok: false, detail: expect.stringContaining('not asked') },
  ]);
});

test.each([
  [{ a: { b: [1, { c: 2 }] } }, { a: { b: [1, { c: 3, d: 4 }] }, e: 5 }, 'a.b[1].c is 3, expected 2'],
  [{ a: 1 }, {}, 'a is missing, expected 1'],
  [[1], [1, 2], 'the body has 2 items, expected 1'],
  [{ a: [] }, { a: {} }, 'a is {}, expected a list'],
  [{ constructor: 1 }, {}, 'constructor is missing, expected 1'],
  [null, 0, 'the body is 0, expected null'],
  [{ a: null, b: 'x' }, { a: null, b: 'x', c: 1 }, null],
])('what %j lacks in %j is named by its path', (expected, actual, difference) => {
  expect(firstDifference(expected, actual)).toBe(difference);
});
