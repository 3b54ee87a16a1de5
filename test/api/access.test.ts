import request from 'supertest';
import { operations } from '../../src/api/operations';
import type { Operation } from '../../src/api/operation';
import { answerOf, as, pathOf, useWorld, type Reply } from './support';
import { askedEvents, deploymentEvents, environmentEvents, SHOP, tokenEvents, tokenOf, validatedBug } from './sample';

const world = useWorld();
const protectedOnes = operations.filter(({ access }) => access === 'people');

const named = (list: readonly Operation[]) =>
  list.map((operation) => [`${operation.method} ${operation.path}`, operation] as const);

test.each(named(protectedOnes))(
  '%s is closed to whoever has no token, a wrong one, or half of one',
  async (_name, operation) => {
    const { app } = world();
    const good = tokenOf('ann');
    for (const header of [
      null,
      'Bearer tg_wrongwrongwrongwrongwrong',
      `Bearer ${good.slice(0, -1)}`,
      `Basic ${good}`,
      good,
    ]) {
      const call = request(app)[operation.method](pathOf(operation));
      const reply = await answerOf((header === null ? call : call.set('Authorization', header)).send());
      expect([reply.status, reply.body.code]).toEqual([401, 'unauthorized']);
      expect(reply.headers['www-authenticate']).toContain('Bearer');
    }
  },
);

/** What each role may do on a fresh sample, as status codes: reading for all, acting by role. */
const MATRIX: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  reportBug: { ann: 201, bo: 201, sen: 201, dev: 201, aud: 403 },
  decideBug: { ann: 409, bo: 409, sen: 409, dev: 409, aud: 403 },
  decideBatch: { ann: 200, bo: 200, sen: 200, dev: 200, aud: 200 },
  // The first answer counts: whoever may answer after that finds it answered.
  decideDeployment: { dev: 403, sen: 403, aud: 403, ann: 200, bo: 409 },
  decideEnvironment: { ann: 200, bo: 200, sen: 403, dev: 403, aud: 403 },
  makeToken: { aud: 403, dev: 403, sen: 403, bo: 403, ann: 201 },
  decideToken: { aud: 403, sen: 403, bo: 403, dev: 200, ann: 200 },
};

test.each(named(protectedOnes))('%s answers each role as the matrix says', async (_name, operation) => {
  const row = operation.method === 'get' ? { ann: 200, bo: 200, sen: 200, dev: 200, aud: 200 } : MATRIX[operation.id];
  if (!row) throw new Error(`${operation.id} has no row in the matrix: say who may call it`);
  const seeds = [...validatedBug('1'), ...deploymentEvents('shop-prod-1'), ...environmentEvents('prod')];
  const more = [...validatedBug('2'), ...askedEvents('shop-prod-2'), ...tokenEvents('6b6f1d2a9c3b')];
  await world().ledger.append([...seeds, ...more]);
  for (const [person, status] of Object.entries(row)) {
    const who = as(world().app, person);
    const path = pathOf(operation);
    const reply = await (operation.method === 'get' ? who.get(path) : who.post(path, operation.example.body));
    expect([person, reply.status]).toEqual([person, status]);
  }
});

test('an auditor who approves in a batch is refused for every bug in it', async () => {
  await world().ledger.append([...validatedBug('1'), ...validatedBug('2')]);
  const reply = await as(world().app, 'aud').post('/v1/decisions', { verb: 'approve-prod', ids: ['1', '2'] });
  expect(reply.body.items.map(({ status }) => status)).toEqual([403, 403]);
  expect(world().conductor.done).toEqual([]);
});

test('people of another service see and touch nothing of this one', async () => {
  await world().ledger.append([...validatedBug('1'), ...deploymentEvents('shop-prod-1'), ...environmentEvents('prod')]);
  const zoe = as(world().app, 'zoe');
  const denied = [
    '/v1/bugs/1',
    '/v1/bugs/1?service=shop',
    '/v1/bugs?service=shop',
    '/v1/environments/shop/prod',
    '/v1/environments?service=shop',
    '/v1/deployments/shop-prod-1',
    '/v1/deployments/shop-prod-1/log',
    '/v1/deployments/shop-prod-1/samples',
    '/v1/deployments?service=shop',
    '/v1/events?service=shop&follow=0',
    '/v1/tokens?service=shop',
  ];
  for (const path of denied) {
    const reply = await zoe.get(path);
    expect([path, reply.status, reply.body.code]).toEqual([path, 403, 'no-access']);
  }
  await world().ledger.append(tokenEvents('6b6f1d2a9c3b'));
  for (const path of ['/v1/bugs', '/v1/deployments', '/v1/inbox', '/v1/tokens']) {
    expect([path, (await zoe.get(path)).body.items]).toEqual([path, []]);
  }
  const approve = await zoe.post('/v1/bugs/1/decisions?service=shop', { verb: 'close', reason: 'x' });
  const hold = await zoe.post('/v1/environments/shop/prod/decisions', { verb: 'hold', reason: 'x' });
  const report = await zoe.post('/v1/bugs', { service: 'shop', title: 'x', severity: 'low', foundIn: 'prod' });
  const revoke = await zoe.post('/v1/tokens/6b6f1d2a9c3b/decisions', { verb: 'revoke' });
  expect([approve.status, hold.status, report.status, revoke.status]).toEqual([403, 403, 403, 403]);
  expect((await zoe.get('/v1/events?after=0&follow=0')).text).toBe('');
  expect(world().conductor.done).toEqual([]);
});

test('a person without a token in the config cannot be guessed with an empty one', async () => {
  const services = [{ ...SHOP, people: [{ id: 'nobody', roles: ['admin' as const], tokenSha256: null }] }];
  const app = world().restarted({ services });
  for (const header of ['Bearer ', 'Bearer tg_', `Bearer tg_${'0'.repeat(64)}`]) {
    expect((await request(app).get('/v1/bugs').set('Authorization', header)).status).toBe(401);
  }
});

test('a flood from one person is stopped with 429, and others go on', async () => {
  const app = world().restarted({ limits: { perMinute: 3 } });
  const replies: Reply[] = [];
  for (let count = 0; count < 4; count++) replies.push(await as(app, 'dev').get('/v1/reports'));
  expect(replies.map(({ status }) => status)).toEqual([200, 200, 200, 429]);
  expect(replies[3]?.body).toMatchObject({ code: 'too-many', status: 429 });
  expect(Number(replies[3]?.headers['retry-after'])).toBeGreaterThan(0);
  expect((await as(app, 'ann').get('/v1/reports')).status).toBe(200);
});
