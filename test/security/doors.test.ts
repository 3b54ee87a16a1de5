/** Which doors are there at all: no open address without tokens, nothing for a page of somebody else. */
import request from 'supertest';
import { refuseOpenDoor } from '../../src/api/server';
import { SHOP, tokenOf, validatedBug } from '../api/sample';
import { answerOf, as, NEW_BUG, useWorld } from '../api/support';

const world = useWorld();
const NOBODY = [{ ...SHOP, people: [{ id: 'ann', roles: ['admin' as const], telegram: null, tokenSha256: null }] }];
const SOMEBODY = NOBODY.map((service) => ({
  ...service,
  people: service.people.map((each) => ({ ...each, tokenSha256: 'a'.repeat(64) })),
}));

test.each(['0.0.0.0', '::', '192.168.1.7', '127.evil.example', 'localhost.evil.example'])(
  'nobody listens on %s without a token for anybody',
  (host) => {
    expect(() => refuseOpenDoor(host, NOBODY)).toThrow(/needs tokens, and nobody of shop has one/);
    expect(() => refuseOpenDoor(host, SOMEBODY)).not.toThrow();
  },
);

test.each(['127.0.0.1', '127.1.2.3', '::1', 'localhost'])('%s is loopback: it opens without tokens', (host) => {
  expect(() => refuseOpenDoor(host, NOBODY)).not.toThrow();
});

test('a page elsewhere can neither send nor read: no cookie counts, no form is taken, no origin is let in, no frame', async () => {
  await world().ledger.append(validatedBug('1'));
  const foreign = { Origin: 'https://evil.example', Cookie: `token=${tokenOf('ann')}` };
  const path = '/v1/bugs/1/decisions';
  const form = await answerOf(request(world().app).post(path).set(foreign).type('form').send('verb=close&reason=x'));
  expect(form.status).toBe(401);
  const bearing = { ...foreign, Authorization: `Bearer ${tokenOf('ann')}` };
  for (const type of ['application/x-www-form-urlencoded', 'text/plain', 'multipart/form-data; boundary=x']) {
    const reply = await answerOf(
      request(world().app).post(path).set(bearing).set('Content-Type', type).send('verb=close'),
    );
    expect([type, reply.status]).toEqual([type, 415]);
  }
  const preflight = await answerOf(request(world().app).options(path).set(foreign).send());
  const read = await answerOf(request(world().app).get('/v1/bugs/1').set(bearing).send());
  for (const { headers } of [preflight, read]) {
    expect(Object.keys(headers).filter((name) => name.startsWith('access-control-'))).toEqual([]);
  }
  expect(read.headers['content-security-policy']).toContain("frame-ancestors 'none'");
  expect(world().conductor.done).toEqual([]);
});

test('looking changes nothing: whatever is asked by GET leaves the record as it was', async () => {
  await world().ledger.append(validatedBug('1'));
  const before = await world().ledger.head();
  for (const path of ['/v1/bugs/1?verb=close', '/v1/bugs', '/v1/inbox', '/v1/tokens', '/v1/events?after=0&follow=0']) {
    await as(world().app, 'ann').get(path);
  }
  expect(await world().ledger.head()).toEqual(before);
  expect((await as(world().app, 'ann').post('/v1/bugs', NEW_BUG)).status).toBe(201);
});
