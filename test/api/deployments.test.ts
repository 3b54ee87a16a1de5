import { createServer, type Server } from 'node:http';
import { TidegateFailure } from '../../src/domain/failures';
import type { AddressInfo } from 'node:net';
import type { Reading } from '../../src/domain/reading';
import type { Sample } from '../../src/domain/watch';
import { as, DEPOT_REPORT, REPORT, useWorld } from './support';
import { AT, askedEvents, BREACH, deploymentEvents, environmentEvents, tokenOf } from './sample';

const world = useWorld();
const DEPLOYMENT = 'shop-prod-1';

const line = (offset: number, text: string) => ({ offset, at: AT + offset, text });

async function listening<T>(use: (url: string) => Promise<T>): Promise<T> {
  const server: Server = createServer(world().app).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  try {
    return await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

const follow = (url: string, headers: Readonly<Record<string, string>> = {}) =>
  fetch(`${url}/v1/deployments/${DEPLOYMENT}/log?follow=1`, {
    headers: { Authorization: `Bearer ${tokenOf('dev')}`, ...headers },
  });

test('a deployment shows its candidate, phases and verdict', async () => {
  await world().ledger.append(deploymentEvents(DEPLOYMENT));
  const { body } = await as(world().app, 'dev').get(`/v1/deployments/${DEPLOYMENT}`);
  expect(body).toMatchObject({
    ...{ id: DEPLOYMENT, env: 'prod', verdict: 'Released', endedAt: expect.any(String) },
    candidate: { version: '1.4.3', aboard: ['1'] },
    phases: [{ phase: 'preflight', ok: true }],
  });
  const list = await as(world().app, 'dev').get('/v1/deployments?service=shop&env=prod');
  expect(list.body).toMatchObject({ items: [{ id: DEPLOYMENT }], next: null });
});

test('the log is text with times, and nothing in it can drive a terminal', async () => {
  await world().ledger.append(deploymentEvents(DEPLOYMENT));
  await world().ledger.addLog(DEPLOYMENT, [
    line(0, 'pulling'),
    line(8, '\u001b]0;owned\u0007\u001b[31mred\u001b[0m\u0007'),
  ]);
  const reply = await as(world().app, 'dev').get(`/v1/deployments/${DEPLOYMENT}/log`);
  expect(reply.headers['content-type']).toContain('text/plain');
  expect(reply.text).toBe('2026-11-20T12:00:00.000Z pulling\n2026-11-20T12:00:00.008Z red\n');
});

test('a long log comes whole, in order', async () => {
  await world().ledger.append(deploymentEvents(DEPLOYMENT));
  const lines = Array.from({ length: 1_234 }, (_, index) => line(index * 10, `line ${index}`));
  await world().ledger.addLog(DEPLOYMENT, lines);
  const { text } = await as(world().app, 'dev').get(`/v1/deployments/${DEPLOYMENT}/log`);
  const words = text
    .trim()
    .split('\n')
    .map((each) => each.split(' ').slice(1).join(' '));
  expect(words).toEqual(lines.map((each) => each.text));
});

test('a follower sees lines as they are written and hears the verdict at the end', async () => {
  await world().ledger.append(deploymentEvents(DEPLOYMENT, false));
  await world().ledger.addLog(DEPLOYMENT, [line(0, 'pulling')]);
  const text = await listening(async (url) => {
    const reply = await follow(url);
    expect(reply.headers.get('content-type')).toContain('text/event-stream');
    await world().ledger.addLog(DEPLOYMENT, [line(8, 'booting')]);
    await world().ledger.append(deploymentEvents(DEPLOYMENT).slice(-1));
    return reply.text();
  });
  const events = text
    .trim()
    .split('\n\n')
    .map((frame) => /id: (\d+)\nevent: (\w+)\ndata: (.*)/.exec(frame)?.slice(1));
  expect(events.map((event) => event?.slice(0, 2))).toEqual([
    ['0', 'line'],
    ['8', 'line'],
    ['8', 'end'],
  ]);
  expect(JSON.parse(events[2]?.[2] ?? '')).toEqual({ verdict: 'Released' });
});

test('a follower that lost the line goes on where it was', async () => {
  await world().ledger.append(deploymentEvents(DEPLOYMENT));
  await world().ledger.addLog(DEPLOYMENT, [line(0, 'pulling'), line(8, 'booting')]);
  const text = await listening(async (url) => (await follow(url, { 'Last-Event-ID': '0' })).text());
  expect(text).not.toContain('pulling');
  expect(text).toContain('booting');
});

test('samples are pages of figures, and a reading that gave none is no sample', async () => {
  await world().ledger.append(deploymentEvents(DEPLOYMENT));
  const gauges = { cpu: null, memory: null, queueDepth: null };
  const reading = (at: number): Reading => ({ at, counters: null, histogram: null, gauges, healthy: true });
  const nothing = { p50: null, p95: null, cpu: null, memory: null, queueDepth: null, health: 1, loginSuccess: null };
  const sample = (at: number): Sample => ({ at, errorRate: 0.01, requestRate: 5, p99: 0.2, ...nothing });
  await world().ledger.addSample(`deploy/${DEPLOYMENT}`, AT, reading(AT), null);
  for (const at of [AT + 1_000, AT + 2_000]) {
    await world().ledger.addSample(`deploy/${DEPLOYMENT}`, at, reading(at), sample(at));
  }
  const first = await as(world().app, 'dev').get(`/v1/deployments/${DEPLOYMENT}/samples?limit=1`);
  expect(first.body.items).toMatchObject([{ at: '2026-11-20T12:00:01.000Z', values: { errorRate: 0.01, cpu: null } }]);
  const second = await as(world().app, 'dev').get(
    `/v1/deployments/${DEPLOYMENT}/samples?limit=1&cursor=${first.body.next}`,
  );
  expect(second.body).toMatchObject({ items: [{ at: '2026-11-20T12:00:02.000Z' }], next: null });
});

test('a report is read as Markdown, as evidence, or as both', async () => {
  const dev = as(world().app, 'dev');
  expect((await dev.get('/v1/reports')).body.items).toMatchObject([{ name: REPORT }]);
  const markdown = await dev.get(`/v1/reports/${REPORT}.md`);
  expect([markdown.headers['content-type'], markdown.text]).toEqual([
    'text/markdown; charset=utf-8',
    '# Released 1.4.3\n',
  ]);
  expect((await dev.get(`/v1/reports/${REPORT}.json`)).body).toEqual({ verdict: 'Released' });
  expect((await dev.get(`/v1/reports/${REPORT}`)).body).toEqual({
    name: REPORT,
    markdown: '# Released 1.4.3\n',
    evidence: { verdict: 'Released' },
  });
  expect((await dev.get('/v1/reports/release_9.9.9_prod_2026-11-20-2200.md')).status).toBe(404);
});

test('each person finds the reports of their own services, all of them, and no other ones', async () => {
  const { app } = world();
  const names = async (person: string) => (await as(app, person).get('/v1/reports')).body.items.map(({ name }) => name);
  expect(await names('dev')).toEqual([REPORT]);
  expect(await names('zoe')).toEqual([DEPOT_REPORT]);
  expect(await names('bo')).toEqual([DEPOT_REPORT, REPORT]);
  expect((await as(app, 'bo').get(`/v1/reports/${DEPOT_REPORT}.md`)).text).toBe('# Released 2.0.0\n');
  expect((await as(app, 'dev').get(`/v1/reports/${DEPOT_REPORT}.md`)).status).toBe(404);
});

test('readiness says which of Temporal and the ledger is away, and nothing about where they are', async () => {
  const ready = await as(world().app, 'dev').get('/readyz');
  expect([ready.status, ready.body.ready]).toEqual([200, true]);
  world().conductor.mode = 'down';
  const down = await as(world().app, 'dev').get('/readyz');
  expect(down.status).toBe(503);
  expect(down.body.checks).toEqual({
    temporal: { ok: false, detail: 'Temporal does not answer.' },
    ledger: { ok: true, detail: 'The ledger answers.' },
    workers: { ok: false, detail: 'Only Temporal could tell.' },
  });
});

test('the metrics count calls by path pattern, so that hostile paths cannot fill the memory', async () => {
  for (const id of ['1', '2', '3']) await as(world().app, 'dev').get(`/v1/bugs/${id}`);
  const { text } = await as(world().app, 'dev').get('/metrics');
  expect(text).toContain('tidegate_http_problems_total{method="GET",path="/v1/bugs/{id}",status="404"} 3');
  expect(text).not.toContain('/v1/bugs/1');
});

test('a deployment whose watch asks shows the question, who may answer, until when, and what happens else', async () => {
  const { ledger, app } = world();
  const current = { deployment: 'shop-prod-2', requests: [], startedAt: AT, fence: 2, slotKey: null, leaveUntil: null };
  await ledger.append([
    ...environmentEvents('prod', [{ kind: 'environment.departed', data: { current } }]),
    ...askedEvents('shop-prod-2'),
  ]);
  const { body } = await as(app, 'dev').get('/v1/deployments/shop-prod-2');
  expect(body).toMatchObject({
    waitingFor: { who: 'admin or manager', what: `an answer on the watch of prod: ${BREACH.sentence}` },
    question: { rule: 'p99-1.5x', otherwise: 'rollback', until: '2026-11-20T12:15:00.000Z', answer: null },
  });
  const inboxes = await Promise.all(['ann', 'sen', 'dev', 'zoe'].map((who) => as(app, who).get('/v1/inbox')));
  expect(inboxes.map((inbox) => inbox.body.items.map(({ verbs }) => verbs.map(({ verb }) => verb)))).toEqual([
    [['continue', 'rollback', 'extend', 'take']],
    [['rollback', 'take']],
    [],
    [],
  ]);
});

test('the first answer counts; the next one is told who gave which, and the refusal is recorded', async () => {
  const { ledger, app } = world();
  await ledger.append(askedEvents('shop-prod-2'));
  const decide = (who: string, body: object) => as(app, who).post('/v1/deployments/shop-prod-2/decisions', body);
  expect((await decide('ann', { verb: 'rollback' })).body).toMatchObject({ code: 'invalid', status: 422 });
  expect((await decide('ann', { verb: 'extend', minutes: 31 })).body.detail).toContain('may grow by 30 min in all');
  const taken = await decide('ann', { verb: 'extend', minutes: 10 });
  expect(taken.body).toMatchObject({
    question: null,
    questions: [{ answer: { verb: 'extend', minutes: 10, by: 'ann' } }],
  });
  const late = await decide('bo', { verb: 'rollback', reason: 'too slow' });
  expect([late.status, late.body.detail]).toEqual([
    409,
    'The question of shop-prod-2 is answered: ann answered extend by 10 min by api at 2026-11-20T12:01:00.000Z. The first answer counts.',
  ]);
  const kinds = (await ledger.timeline('shop', 'deploy/shop-prod-2', 50)).map(({ event }) => event.kind);
  expect(kinds.filter((kind) => kind === 'decision.refused')).toHaveLength(3);
});

test('an abort needs no ledger: with the ledger away it goes through, and nobody without the role can use that', async () => {
  const { ledger, conductor } = world();
  const away = () => Promise.reject(new TidegateFailure('Unavailable', 'the ledger is away'));
  const app = world().restarted({ ledger: { ...ledger, deployment: away, append: away } });
  conductor.decideDeployment = (service, env, { verb, actor }, id) => {
    conductor.done.push(`${verb} ${service} ${env} ${id} ${actor?.id ?? ''}`);
    return Promise.resolve({ outcome: 'accepted', result: { recorded: false, status: 'aborting' }, cancelled: true });
  };
  const abort = (who: string) => as(app, who).post('/v1/deployments/shop-prod-2/decisions', { verb: 'abort' });
  expect((await abort('dev')).body.code).toBe('not-allowed');
  expect((await abort('zoe')).body.code).toBe('no-access');
  const { status, body } = await abort('sen');
  expect([status, body]).toMatchObject([202, { id: 'shop-prod-2', env: 'prod', stage: 'aborting', recorded: false }]);
  expect(conductor.done).toEqual(['abort shop prod shop-prod-2 sen']);
  expect((await as(app, 'ann').post('/v1/deployments/shop-prod-2/decisions', { verb: 'continue' })).status).toBe(503);
});
