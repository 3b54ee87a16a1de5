import { as, NEW_BUG, useWorld } from './support';
import { HEAD, validatedBug } from './sample';

const world = useWorld();
const key = (value: string) => ({ 'Idempotency-Key': value });

describe('the same key', () => {
  test('with the same report makes one bug, also after a restart', async () => {
    const first = await as(world().app, 'dev').post('/v1/bugs', NEW_BUG, key('k1'));
    const again = await as(world().app, 'dev').post('/v1/bugs', { ...NEW_BUG }, key('k1'));
    const later = await as(world().restarted(), 'dev').post('/v1/bugs', NEW_BUG, key('k1'));
    for (const repeat of [again, later]) {
      expect(repeat.status).toBe(201);
      expect(repeat.body).toEqual(first.body);
      expect(repeat.headers.location).toBe(first.headers.location);
    }
    expect(world().conductor.done).toEqual(['report 1']);
  });

  test('with another body is refused instead of answered with something else', async () => {
    await as(world().app, 'dev').post('/v1/bugs', NEW_BUG, key('k1'));
    const reply = await as(world().app, 'dev').post('/v1/bugs', { ...NEW_BUG, title: 'Another' }, key('k1'));
    expect([reply.status, reply.body.code]).toEqual([422, 'key-reused']);
  });

  test('from another person or on another path is another key', async () => {
    await world().ledger.append([...validatedBug('11'), ...validatedBug('12')]);
    const body = { verb: 'approve-prod', sha: HEAD };
    const replies = [
      await as(world().app, 'bo').post('/v1/bugs/11/decisions', body, key('k')),
      await as(world().app, 'bo').post('/v1/bugs/12/decisions', body, key('k')),
      await as(world().app, 'dev').post('/v1/bugs', NEW_BUG, key('k')),
      await as(world().app, 'ann').post('/v1/bugs', NEW_BUG, key('k')),
    ];
    expect(replies.map(({ status }) => status)).toEqual([200, 200, 201, 201]);
    expect(world().conductor.done).toHaveLength(4);
  });

  test('sent twice at once does it once, and both hear the same', async () => {
    const send = () => as(world().app, 'dev').post('/v1/bugs', NEW_BUG, key('k1'));
    const replies = await Promise.all([send(), send(), send()]);
    expect(new Set(replies.map(({ status, body }) => `${status} ${body.id}`))).toEqual(new Set(['201 1']));
    expect(world().conductor.done).toEqual(['report 1']);
  });

  test('after an outage tries again under the same number, for nothing was accepted', async () => {
    world().conductor.mode = 'down';
    const down = await as(world().app, 'dev').post('/v1/bugs', NEW_BUG, key('k1'));
    expect(down.status).toBe(503);
    world().conductor.mode = 'up';
    const up = await as(world().restarted(), 'dev').post('/v1/bugs', NEW_BUG, key('k1'));
    expect([up.status, up.body.id]).toEqual([201, '1']);
  });

  test('repeats a refusal as it was and records it once', async () => {
    await world().ledger.append(validatedBug('11', 'bo'));
    const send = () =>
      as(world().app, 'bo').post('/v1/bugs/11/decisions', { verb: 'approve-prod', sha: HEAD }, key('k'));
    const [first, second] = [await send(), await send()];
    expect(first.status).toBe(403);
    expect({ ...second.body, requestId: '' }).toEqual({ ...first.body, requestId: '' });
    const events = await world().ledger.timeline('shop', 'bug/11', 100);
    expect(events.filter(({ event }) => event.kind === 'decision.refused')).toHaveLength(1);
  });

  test('of an approval whose answer was lost does not approve twice', async () => {
    await world().ledger.append(validatedBug('11'));
    const body = { verb: 'approve-prod', sha: HEAD };
    world().conductor.mode = 'slow';
    expect((await as(world().app, 'bo').post('/v1/bugs/11/decisions', body, key('k'))).status).toBe(202);
    world().conductor.mode = 'up';
    const repeat = await as(world().restarted(), 'bo').post('/v1/bugs/11/decisions', body, key('k'));
    expect(repeat.status).toBe(200);
    expect(world().conductor.done).toEqual(['approve-prod 11']);
  });
});

test('a key that cannot be one is refused', async () => {
  const reply = await as(world().app, 'dev').post('/v1/bugs', NEW_BUG, key('x'.repeat(300)));
  expect([reply.status, reply.body.code]).toEqual([422, 'invalid']);
});
