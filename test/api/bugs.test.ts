import { bugSchema, bugSummarySchema } from '../../src/api/schemas/bug';
import { listOf } from '../../src/api/schemas/common';
import type { ChainedEvent } from '../../src/ports/ledger';
import { as, NEW_BUG, useWorld } from './support';
import { environmentEvents, FIX, HEAD, validatedBug } from './sample';

const world = useWorld();

describe('reporting a bug', () => {
  test('a reporter gets the bug with a number, a place to look at it, and who must act next', async () => {
    const reply = await as(world().app, 'dev').post('/v1/bugs', {
      ...NEW_BUG,
      evidence: { stack: 'Error: total\n  at checkout.js:3' },
    });
    expect(reply.status).toBe(201);
    expect(reply.headers.location).toBe('/v1/bugs/1?service=shop');
    const bug = bugSchema.parse(reply.body);
    expect(bug).toMatchObject({
      ...{ id: '1', status: 'submitted', statusColour: 'grey', reporter: 'dev', flow: null },
      waitingFor: { who: 'admin or manager', what: 'confirm or reject the report', until: null },
      evidence: { stack: 'Error: total\n  at checkout.js:3', url: null, version: null },
    });
    expect(bug.timeline.map(({ words, actor }) => `${actor}: ${words}`)).toEqual([
      'dev: Reported, medium, found in prod',
    ]);
    const again = await as(world().app, 'bo').get(reply.headers.location ?? '');
    expect(again.body).toMatchObject({ id: '1', title: NEW_BUG.title });
  });

  test('a secret pasted with a stack trace is never stored', async () => {
    const stack = 'POST /pay Authorization: Bearer sk-abcdefghijklmnopqrstuvwx';
    const reply = await as(world().app, 'dev').post('/v1/bugs', { ...NEW_BUG, evidence: { stack } });
    expect(reply.status).toBe(201);
    const [first] = await world().ledger.eventsAfter(0, 10);
    expect(JSON.stringify(first)).not.toContain('abcdefghijklmnopqrstuvwx');
  });

  test('a ledger that does not follow is admitted with 202, not hidden', async () => {
    world().conductor.mode = 'slow';
    const reply = await as(world().app, 'dev').post('/v1/bugs', NEW_BUG);
    expect(reply.status).toBe(202);
    expect(reply.body).toMatchObject({ id: '1', status: 'submitted', recorded: false });
  });

  test('an environment that the service does not have is refused with the ones it has', async () => {
    const reply = await as(world().app, 'dev').post('/v1/bugs', { ...NEW_BUG, foundIn: 'staging' });
    expect(reply.status).toBe(422);
    expect(reply.body.errors).toEqual([
      { path: 'foundIn', message: 'shop has no environment staging; allowed: uat, prod' },
    ]);
  });
});

describe('looking at bugs', () => {
  test('a bug in validation says who must approve what, and its buttons say why they are dead', async () => {
    await world().ledger.append([...environmentEvents('prod'), ...validatedBug('1')]);
    const bug = bugSchema.parse((await as(world().app, 'dev').get('/v1/bugs/1')).body);
    expect(bug.waitingFor).toMatchObject({
      who: 'admin or manager',
      what: `validation on uat, then approve-prod of ${HEAD.slice(0, 7)}`,
    });
    expect(bug.fix).toMatchObject({ head: FIX.head, files: FIX.files });
    const approve = bug.actions.find(({ verb }) => verb === 'approve-prod');
    expect(approve).toMatchObject({ allowed: false, why: expect.stringContaining('admin or manager') });
    expect(bug.links.temporal).toBe('http://127.0.0.1:8233/namespaces/default/workflows/bug%2Fshop%2F1');
    expect(bug.deployments).toEqual([expect.objectContaining({ id: 'shop-uat-1' })]);
  });

  test('a hold of production is named as what blocks the bug, with who can lift it', async () => {
    const held = environmentEvents('prod').concat(
      environmentEvents('prod', [{ kind: 'environment.held', data: {} }])
        .slice(2)
        .map((event) => ({ ...event, actor: 'ann', reason: 'audit day' })),
    );
    await world().ledger.append([...held, ...validatedBug('1')]);
    const { body } = await as(world().app, 'dev').get('/v1/bugs/1');
    expect(body.blockedBy).toEqual({ what: 'ann holds prod: audit day', whoCanLift: 'ann (resume)' });
  });

  test('a list is cut into pages that together miss nothing', async () => {
    const ids = ['1', '2', '3', '4', '5'];
    for (const id of ids) await world().ledger.append(validatedBug(id));
    const seen: string[] = [];
    let cursor = '';
    do {
      const { body } = await as(world().app, 'dev').get(`/v1/bugs?limit=2${cursor && `&cursor=${cursor}`}`);
      const page = listOf(bugSummarySchema).parse(body);
      seen.push(...page.items.map(({ id }) => id));
      cursor = page.next ?? '';
    } while (cursor !== '');
    expect(seen.sort()).toEqual(ids);
  });

  test('filters narrow the list: status, severity and words', async () => {
    await world().ledger.append(validatedBug('21'));
    await as(world().app, 'dev').post('/v1/bugs', { ...NEW_BUG, title: 'Login is slow', severity: 'low' });
    const ids = async (query: string): Promise<string[]> => {
      const { body } = await as(world().app, 'dev').get(`/v1/bugs?${query}`);
      return body.items.map(({ title }) => title);
    };
    expect(await ids('status=deployed_uat')).toEqual(['Checkout shows the wrong total (21)']);
    expect(await ids('status=deployed_uat,submitted')).toHaveLength(2);
    expect(await ids('severity=low')).toEqual(['Login is slow']);
    expect(await ids('q=login')).toEqual(['Login is slow']);
  });

  test.each(['limit=0', 'limit=101', 'limit=x', 'cursor=nonsense', 'status=sleeping', 'stauts=submitted'])(
    'a list asked with %s says what is wrong instead of listing something else',
    async (query) => {
      const reply = await as(world().app, 'dev').get(`/v1/bugs?${query}`);
      expect(reply.status).toBe(422);
      expect(reply.body.code).toBe('invalid');
    },
  );

  test('a number that exists in two services is asked back, never guessed', async () => {
    await world().ledger.append([...validatedBug('7'), ...validatedBug('7', 'zoe', 'depot')]);
    const both = await as(world().app, 'bo').get('/v1/bugs/7');
    expect(both.status).toBe(422);
    expect(both.body.detail).toContain('?service=shop');
    const one = await as(world().app, 'bo').get('/v1/bugs/7?service=depot');
    expect(one.body).toMatchObject({ id: '7', service: 'depot' });
    const dev = await as(world().app, 'dev').get('/v1/bugs/7');
    expect(dev.body).toMatchObject({ id: '7', service: 'shop' });
  });
});

describe('the inbox', () => {
  test('shows each person only what their own verbs would move', async () => {
    await world().ledger.append([...validatedBug('21'), ...environmentEvents('prod')]);
    await as(world().app, 'dev').post('/v1/bugs', NEW_BUG);
    const inbox = async (person: string): Promise<string[]> => {
      const { body } = await as(world().app, person).get('/v1/inbox');
      return body.items.map(({ id, verbs }) => [id, ...verbs.map(({ verb }) => verb)].join(' '));
    };
    expect((await inbox('ann')).sort()).toEqual(['1 confirm reject', '21 approve-prod fail-validation']);
    expect(await inbox('dev')).toEqual([]);
    expect(await inbox('aud')).toEqual([]);
  });
});

test('a bug that is shown and then decided on carries the decision in what is read next', async () => {
  await world().ledger.append(validatedBug('1'));
  const reply = await as(world().app, 'ann').post('/v1/bugs/1/decisions', { verb: 'approve-prod', sha: HEAD });
  expect(reply.status).toBe(200);
  const bug = bugSchema.parse(reply.body);
  expect(bug).toMatchObject({ status: 'pending_prod', approvals: [{ by: 'ann', sha: HEAD }] });
  const events: readonly ChainedEvent[] = await world().ledger.timeline('shop', 'bug/1', 100);
  expect(events.at(-1)?.event).toMatchObject({ kind: 'bug.approved', actor: 'ann', surface: 'api' });
});
