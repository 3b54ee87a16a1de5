import request from 'supertest';
import { problemSchema } from '../../src/api/schemas/common';
import { answerOf, as, NEW_BUG, useWorld } from './support';
import { tokenOf, validatedBug } from './sample';

const world = useWorld('file');
const bearer = `Bearer ${tokenOf('dev')}`;

const HOSTILE = [
  '$(touch /tmp/owned)',
  '`id`; rm -rf /',
  '--upload-pack=touch owned',
  "'; DROP TABLE bug; --",
  '<script>alert(1)</script>',
  '../../etc/passwd',
  '%2e%2e%2f',
  '\u001b]0;owned\u0007',
  '\u202egnp.exe',
  '=cmd()|calc',
  '{{constructor.constructor("return process")()}}',
  'a\r\nSet-Cookie: x=1',
  '😀'.repeat(50),
  '__proto__',
  'NaN',
];

test.each(HOSTILE)('the title %j is kept as text and does nothing', async (title) => {
  const reply = await as(world().app, 'dev').post('/v1/bugs', { ...NEW_BUG, title, description: title });
  expect(reply.status).toBe(201);
  expect(reply.body.title).toBe(title.trim());
  const found = await as(world().app, 'dev').get(`/v1/bugs?q=${encodeURIComponent(title)}`);
  expect(found.status).toBe(200);
});

test.each(HOSTILE)('%j in paths, queries and names ends in a problem, never in a 500', async (text) => {
  const hostile = encodeURIComponent(text);
  const paths = [
    `/v1/bugs/${hostile}`,
    `/v1/bugs?service=${hostile}`,
    `/v1/bugs?cursor=${hostile}`,
    `/v1/environments/${hostile}/prod`,
    `/v1/deployments/${hostile}`,
    `/v1/deployments?env=${hostile}`,
    `/v1/reports/${hostile}`,
    `/v1/reports/${hostile}.md`,
  ];
  for (const path of paths) {
    const reply = await as(world().app, 'dev').get(path);
    expect([path, [403, 404, 422].includes(reply.status)]).toEqual([path, true]);
    expect(problemSchema.safeParse(reply.body).success).toBe(true);
  }
});

test.each([
  ['a broken escape in the path', '/v1/bugs/%E0%A4%A', 400, 'malformed'],
  ['a path that is not there', '/v1/tonight', 404, 'not-found'],
  ['another method', '/v1/inbox', 405, 'method-not-allowed'],
] as const)('%s has its own problem', async (_name, path, status, code) => {
  const call = status === 405 ? request(world().app).put(path) : request(world().app).get(path);
  const reply = await answerOf(call.set('Authorization', bearer));
  expect([reply.status, reply.body.code]).toEqual([status, code]);
  expect(reply.headers['content-type']).toContain('application/problem+json');
  if (status === 405) expect(reply.headers.allow).toBe('GET, HEAD');
});

describe('a body', () => {
  const send = (body: string, type = 'application/json') =>
    answerOf(request(world().app).post('/v1/bugs').set('Authorization', bearer).set('Content-Type', type).send(body));

  test.each([
    ['cut off', '{"service":', 400, 'malformed'],
    ['a number', '7', 400, 'malformed'],
    ['null', 'null', 400, 'malformed'],
    ['an empty list', '[]', 422, 'invalid'],
    ['with a polluting key', '{"__proto__":{"admin":true},"service":"shop"}', 422, 'invalid'],
    ['with a NUL', JSON.stringify({ ...NEW_BUG, title: 'a\0b' }), 422, 'invalid'],
    ['with half a character', '{"service":"shop","title":"\\ud800","severity":"low","foundIn":"prod"}', 422, 'invalid'],
    ['with a link that runs', JSON.stringify({ ...NEW_BUG, evidence: { url: 'javascript:alert(1)' } }), 422, 'invalid'],
    ['a megabyte long', JSON.stringify({ ...NEW_BUG, title: 'a'.repeat(1_000_000) }), 413, 'too-large'],
    ['nested ten thousand deep', `${'['.repeat(10_000)}${']'.repeat(10_000)}`, 422, 'invalid'],
  ] as const)('that is %s is refused with %i', async (_name, body, status, code) => {
    const before = world().conductor.done.length;
    const reply = await send(body);
    expect([reply.status, reply.body.code]).toEqual([status, code]);
    expect(world().conductor.done).toHaveLength(before);
    expect(reply.text).not.toMatch(/node_modules|\bat .*:\d+:\d+/);
  });

  test('that is no JSON by its own word is refused before it is read', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x']) {
      const reply = await send(JSON.stringify(NEW_BUG), type);
      expect([reply.status, reply.body.code]).toEqual([415, 'unsupported-type']);
    }
  });

  test('of a stranger is not even read', async () => {
    const call = request(world().app).post('/v1/bugs').set('Content-Type', 'application/json');
    expect((await call.send('{"broken":')).status).toBe(401);
  });

  test.each(['id', 'status', 'reporter', 'approvals', 'fix', 'flow', 'actor', 'roles', 'signature', 'recorded'])(
    'cannot set the internal field %s',
    async (field) => {
      await world().ledger.append(validatedBug('711'));
      const report = await as(world().app, 'dev').post('/v1/bugs', { ...NEW_BUG, [field]: 'x' });
      const decision = { verb: 'withdraw', ...(field === 'flow' ? { id: 'x' } : { [field]: 'x' }) };
      const decided = await as(world().app, 'dev').post('/v1/bugs/711/decisions', decision);
      expect([report.status, decided.status]).toEqual([422, 422]);
      expect(report.body.detail).toContain(`unknown key ${field}`);
    },
  );
});

test('our own mistake shows no stack and no secret, only an id to ask about', async () => {
  const broken = { ...world().ledger, bug: () => Promise.reject(new Error('password=hunter2 at /srv/app.js')) };
  const app = world().restarted({ ledger: broken });
  await world().ledger.append(validatedBug('701'));
  const reply = await as(app, 'dev').get('/v1/bugs/701');
  expect([reply.status, reply.body.code]).toEqual([500, 'internal']);
  expect(reply.text).not.toMatch(/hunter2|srv|stack/);
  expect(reply.body.requestId).toBe(reply.headers['x-request-id']);
});

test('a request id of the caller is kept when it is harmless, and replaced when not', async () => {
  const own = await answerOf(request(world().app).get('/healthz').set('X-Request-Id', 'trace-7'));
  expect(own.headers['x-request-id']).toBe('trace-7');
  const other = await answerOf(request(world().app).get('/healthz').set('X-Request-Id', 'a b<script>'));
  expect(other.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
  expect(other.headers['x-powered-by']).toBeUndefined();
  expect(other.headers['x-content-type-options']).toBe('nosniff');
});
