import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Express } from 'express';
import request from 'supertest';
import { DEFAULT_LIMITS } from '../../src/api/app';
import { TidegateFailure } from '../../src/domain/failures';
import { deploymentEvents, AT, SHOP, tokenEvents, tokenOf, validatedBug } from './sample';
import { answerOf, as, NEW_BUG, useWorld, type Reply } from './support';

const world = useWorld();
const ID = '6b6f1d2a9c3b';
const HOUR = 3_600_000;
const DAY_MINUTES = 1_440;
/** A token that its person made: the ledger learns its hash. */
const SECRET = tokenOf('made on a laptop');
const sha256 = createHash('sha256').update(SECRET).digest('hex');
const WISH = { service: 'shop', person: 'dev', scope: 'decide', sha256, minutes: 60 };

const bearing = (token: string, app: Express = world().app) => ({
  get: (path: string): Promise<Reply> => answerOf(request(app).get(path).set('Authorization', `Bearer ${token}`)),
  post: (path: string, body: object): Promise<Reply> =>
    answerOf(request(app).post(path).set('Authorization', `Bearer ${token}`).send(body)),
});
const make = (wish: object = WISH, person = 'ann'): Promise<Reply> => as(world().app, person).post('/v1/tokens', wish);

describe('a token of the ledger', () => {
  test('opens what its person may do, and nothing of another service', async () => {
    const made = await make({ ...WISH, person: 'bo' });
    expect([made.status, made.body]).toMatchObject([201, { person: 'bo', state: 'valid', madeBy: 'ann' }]);
    const reply = await bearing(SECRET).post('/v1/bugs', NEW_BUG);
    expect(reply.body).toMatchObject({ reporter: 'bo' });
    // bo is a manager of the depot too, but this token is for the shop.
    expect((await bearing(SECRET).get('/v1/bugs?service=depot')).status).toBe(403);
    expect((await as(world().app, 'bo').get('/v1/bugs?service=depot')).status).toBe(200);
  });

  test('with the scope read cannot decide anything, whatever its person may', async () => {
    await world().ledger.append([...tokenEvents(ID, 'read', 'ann'), ...validatedBug('1')]);
    const reader = bearing(tokenOf('ledger read ann'));
    expect((await reader.get('/v1/bugs/1')).status).toBe(200);
    for (const [path, body] of [
      ['/v1/bugs', NEW_BUG],
      ['/v1/bugs/1/decisions', { verb: 'close', reason: 'x' }],
      ['/v1/decisions', { verb: 'approve-prod', ids: ['1'] }],
      ['/v1/tokens', WISH],
    ] as const) {
      const reply = await reader.post(path, body);
      expect([path, reply.status, reply.body.detail]).toEqual([path, 403, expect.stringContaining('may only read')]);
    }
    expect(world().conductor.done).toEqual([]);
  });

  test('opens nothing from the instant on at which it ends', async () => {
    await world().ledger.append(tokenEvents(ID));
    const token = tokenOf('ledger read dev');
    const just = world().restarted({ now: () => AT + HOUR - 1 });
    expect((await bearing(token, just).get('/v1/inbox')).status).toBe(200);
    const late = await bearing(token, world().restarted({ now: () => AT + HOUR })).get('/v1/inbox');
    expect([late.status, late.body.detail]).toEqual([401, expect.stringContaining(`Token ${ID} has expired`)]);
  });

  test('opens nothing after it was taken back, and its bearer is told by whom', async () => {
    const { body } = await make();
    expect((await bearing(SECRET).get('/v1/inbox')).status).toBe(200);
    const reply = await as(world().app, 'ann').post(`/v1/tokens/${body.id}/decisions`, { verb: 'revoke', reason: 'x' });
    expect([reply.status, reply.body]).toMatchObject([200, { state: 'revoked', revokedBy: 'ann' }]);
    const refused = await bearing(SECRET).get('/v1/inbox');
    expect([refused.status, refused.body.detail]).toEqual([401, expect.stringContaining('was revoked by ann')]);
    // Neither the same hash again nor a second word revives it.
    expect((await make()).status).toBe(422);
    expect((await bearing(SECRET).get('/v1/inbox')).status).toBe(401);
  });

  test('of somebody who left the config opens nothing', async () => {
    await make();
    const people = SHOP.people.filter(({ id }) => id !== 'dev');
    const app = world().restarted({ services: [{ ...SHOP, people }] });
    const reply = await bearing(SECRET, app).get('/v1/inbox');
    expect([reply.status, reply.body.detail]).toEqual([401, 'dev is no longer among the people of shop.']);
  });

  test('cannot make one that lasts longer than itself', async () => {
    await make({ ...WISH, person: 'ann' });
    const other = { ...WISH, sha256: 'f'.repeat(64) };
    expect((await bearing(SECRET).post('/v1/tokens', { ...other, minutes: 61 })).status).toBe(422);
    expect((await bearing(SECRET).post('/v1/tokens', { ...other, minutes: 60 })).status).toBe(201);
  });

  test.each([
    ['a person who is not there', { person: 'nobody' }, 'people'],
    ['more than 90 days', { minutes: 90 * DAY_MINUTES + 1 }, '90 days'],
    ['no end', { minutes: null }, 'minutes'],
    ['the token itself in place of its hash', { sha256: SECRET }, 'SHA-256'],
    ['a token that a person of the config has', { sha256: SHOP.people[0]?.tokenSha256 }, 'given before'],
    ['a scope of its own making', { scope: 'admin' }, 'scope'],
  ])('for %s is refused', async (_name, wrong, word) => {
    const reply = await make({ ...WISH, ...wrong });
    expect(reply.status).toBe(422);
    expect(reply.text).toContain(word === 'people' ? 'nobody called' : word);
  });

  test('is nowhere in the ledger; who made it, for whom, and who took it back is', async () => {
    const { body } = await make();
    await as(world().app, 'dev').post(`/v1/tokens/${body.id}/decisions`, { verb: 'revoke' });
    const events = await world().ledger.timeline('shop', `token/${body.id}`, 10);
    expect(events.map(({ event }) => [event.kind, event.actor])).toEqual([
      ['token.made', 'ann'],
      ['token.revoked', 'dev'],
    ]);
    expect(JSON.stringify(await world().ledger.eventsAfter(0, 100))).not.toContain(SECRET);
  });

  test('is listed for its own person, and for admins and auditors; others see that there is none', async () => {
    await make();
    const seen = async (person: string) => (await as(world().app, person).get('/v1/tokens')).body.items.length;
    expect([await seen('dev'), await seen('ann'), await seen('aud'), await seen('bo')]).toEqual([1, 1, 1, 0]);
    expect((await as(world().app, 'ann').get('/v1/tokens')).text).not.toContain(sha256);
  });

  test('that cannot be looked up opens nothing; the tokens of the config still do', async () => {
    const broken = {
      ...world().ledger,
      token: () => Promise.reject(new TidegateFailure('Unavailable', 'The ledger is away.')),
    };
    const app = world().restarted({ ledger: broken });
    expect((await bearing(SECRET, app).get('/v1/reports')).status).toBe(503);
    expect((await as(app, 'ann').get('/v1/reports')).status).toBe(200);
  });
});

describe('a stream that is open when its token is taken back', () => {
  let server: Server;
  let url = '';
  beforeEach(async () => {
    await world().ledger.append([...tokenEvents(ID), ...deploymentEvents('shop-prod-1', false)]);
    server = createServer(world().restarted({ limits: { recheckMs: 50, feedMs: 10 } })).listen(0, '127.0.0.1');
    await new Promise((done) => server.once('listening', done));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  });

  test.each(['/v1/events', '/v1/deployments/shop-prod-1/log?follow=1'])('%s ends with the reason', async (path) => {
    const headers = { Authorization: `Bearer ${tokenOf('ledger read dev')}`, Accept: 'text/event-stream' };
    const reply = await fetch(`${url}${path}`, { headers });
    expect(reply.status).toBe(200);
    await as(world().app, 'ann').post(`/v1/tokens/${ID}/decisions`, { verb: 'revoke' });
    const text = await reply.text();
    expect(text).toMatch(/event: closed\ndata: .*was revoked by ann/);
    expect((await fetch(`${url}${path}`, { headers })).status).toBe(401);
  });

  test('is looked at often enough that it is closed within five seconds', () => {
    expect(DEFAULT_LIMITS.recheckMs).toBeLessThanOrEqual(2_500);
  });
});
