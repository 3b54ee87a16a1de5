import { decideBug } from '../../src/domain/decision';
import type { BugDecision, Refusal } from '../../src/domain/verbs';
import { as, useWorld } from './support';
import { environmentEvents, HEAD, OTHER_HEAD, SHOP, shippedBug, validatedBug } from './sample';

const world = useWorld();
const decide = (person: string, body: object, id = '1', headers = {}) =>
  as(world().app, person).post(`/v1/bugs/${id}/decisions`, body, headers);
const refusals = async () =>
  (await world().ledger.timeline('shop', 'bug/1', 100)).filter(({ event }) => event.kind === 'decision.refused');

describe('a decision that is refused', () => {
  beforeEach(() => world().ledger.append(validatedBug('1', 'ann')));

  test('four-eyes: the reporter cannot approve, in the very sentence of the domain, and it is on record', async () => {
    const reply = await decide('ann', { verb: 'approve-prod', sha: HEAD });
    expect(reply.status).toBe(403);
    const state = await world().ledger.bug('shop', '1');
    if (state === null) throw new Error('the bug is gone');
    const actor = { id: 'ann', roles: ['admin'], surface: 'api' } as const;
    const wish: BugDecision = {
      ...{ id: 'x', verb: 'approve-prod', actor, signature: null, sha: HEAD },
      ...{ reason: null, severity: null, foundIn: null, flow: null, ref: null },
    };
    const ruling = decideBug({ state, policy: SHOP.policy }, wish, actor);
    const sentence = ruling.allowed ? '' : ruling.refusal.sentence;
    expect(sentence).toContain('four eyes');
    expect(reply.body).toMatchObject({ code: 'not-allowed', detail: sentence, status: 403 });
    expect((await refusals()).map(({ event }) => event)).toMatchObject([
      { actor: 'ann', data: { verb: 'approve-prod', code: 'not-allowed', sentence } },
    ]);
  });

  test('a developer is told who may', async () => {
    const reply = await decide('dev', { verb: 'approve-prod', sha: HEAD });
    expect(reply.status).toBe(403);
    expect(reply.body.detail).toContain('admin or manager');
  });

  test('a stale SHA is told the present one', async () => {
    const reply = await decide('bo', { verb: 'approve-prod', sha: OTHER_HEAD });
    expect(reply.status).toBe(409);
    expect(reply.body).toMatchObject({ code: 'stale', presentSha: HEAD });
    expect((await world().ledger.bug('shop', '1'))?.status).toBe('deployed_uat');
  });

  test('the wrong state names the state and the verbs that are possible', async () => {
    const reply = await decide('bo', { verb: 'confirm' });
    expect(reply.status).toBe(409);
    expect(reply.body).toMatchObject({ code: 'wrong-state', detail: expect.stringContaining('deployed_uat') });
    expect(reply.body.possible).toEqual(expect.arrayContaining(['approve-prod', 'fail-validation']));
  });

  test.each([
    ['not-allowed', 403],
    ['wrong-state', 409],
    ['stale', 409],
    ['frozen', 423],
    ['invalid', 422],
    ['unavailable', 503],
  ] as const)('the refusal %s is answered with %i, so that a program can tell', async (code, status) => {
    const refusal: Refusal = { code, sentence: `because ${code}`, presentSha: null, possible: ['retry'] };
    world().conductor.refuseWith = refusal;
    const reply = await decide('bo', { verb: 'approve-prod', sha: HEAD });
    expect(reply.status).toBe(status);
    expect(reply.headers['content-type']).toContain('application/problem+json');
    expect(reply.body).toMatchObject({ type: `urn:tidegate:problem:${code}`, code, status, detail: `because ${code}` });
    expect(reply.body.requestId).toBe(reply.headers['x-request-id']);
  });

  test('a missing reason, an unknown key and a verb of later are each named with what is allowed', async () => {
    const reason = await decide('bo', { verb: 'fail-validation' });
    expect([reason.status, reason.body.code]).toEqual([422, 'invalid']);
    const key = await decide('bo', { verb: 'approve-prod', sha: HEAD, approvedBy: 'bo' });
    expect(key.status).toBe(422);
    expect(key.body.detail).toContain('unknown key approvedBy; allowed: verb, sha, reason');
    const verb = await decide('bo', { verb: 'deploy-hotfix', sha: HEAD });
    expect(verb.status).toBe(422);
    expect(verb.body.detail).toContain('approve-prod, fail-validation');
  });
});

describe('when Temporal or the run is not there', () => {
  test('nothing is accepted and the answer says so', async () => {
    await world().ledger.append(validatedBug('1'));
    world().conductor.mode = 'down';
    const reply = await decide('bo', { verb: 'approve-prod', sha: HEAD });
    expect(reply.status).toBe(503);
    expect(reply.headers['retry-after']).toBe('5');
    expect(reply.body.detail).toContain('nothing was accepted');
    const report = await as(world().app, 'dev').post('/v1/bugs', {
      service: 'shop',
      title: 'x',
      severity: 'low',
      foundIn: 'prod',
    });
    expect(report.status).toBe(503);
  });

  test('a finished bug says that it is finished, though its run is long gone', async () => {
    await world().ledger.append(shippedBug('1'));
    world().conductor.mode = 'gone';
    const reply = await decide('bo', { verb: 'approve-prod', sha: HEAD });
    expect(reply.status).toBe(409);
    expect(reply.body.detail).toContain('Bug 1 is deployed_prod: approve-prod is not possible now');
  });

  test('an open bug without a run is an outage, not an approval', async () => {
    await world().ledger.append(validatedBug('1'));
    world().conductor.mode = 'gone';
    const reply = await decide('bo', { verb: 'approve-prod', sha: HEAD });
    expect([reply.status, reply.body.code]).toEqual([503, 'unavailable']);
  });

  test('a ledger that does not follow gives 202 with the bug as the run sees it', async () => {
    await world().ledger.append(validatedBug('1'));
    world().conductor.mode = 'slow';
    const reply = await decide('bo', { verb: 'approve-prod', sha: HEAD });
    expect(reply.status).toBe(202);
    expect(reply.body).toMatchObject({ status: 'pending_prod', statusColour: 'yellow', recorded: false });
  });
});

test('an abbreviated SHA in capitals is the same commit, and the CLI is on record as the surface', async () => {
  await world().ledger.append(validatedBug('1'));
  const body = { verb: 'approve-prod', sha: HEAD.slice(0, 8).toUpperCase() };
  const reply = await decide('bo', body, '1', { 'X-Tidegate-Surface': 'cli' });
  expect(reply.status).toBe(200);
  const events = await world().ledger.timeline('shop', 'bug/1', 100);
  expect(events.at(-1)?.event).toMatchObject({ kind: 'bug.approved', surface: 'cli' });
});

describe('a batch', () => {
  test('approves what it can and says of each other bug why not', async () => {
    await world().ledger.append([...validatedBug('1'), ...validatedBug('2', 'bo'), ...shippedBug('3')]);
    const reply = await as(world().app, 'bo').post('/v1/decisions', { verb: 'approve-prod', ids: ['1', 2, '3', '99'] });
    expect(reply.status).toBe(200);
    const { items } = reply.body;
    expect(items.map(({ id, status, problem }) => [id, status, problem?.code ?? null])).toEqual([
      ['1', 200, null],
      ['2', 403, 'not-allowed'],
      ['3', 409, 'wrong-state'],
      ['99', 404, 'not-found'],
    ]);
    expect(world().conductor.done).toEqual(['approve-prod 1']);
  });

  test('holds an approval to the SHA that was seen, when it is given', async () => {
    await world().ledger.append(validatedBug('1'));
    const body = { verb: 'approve-prod', ids: ['1'], shas: { 1: OTHER_HEAD } };
    const reply = await as(world().app, 'bo').post('/v1/decisions', body);
    expect(reply.body.items).toMatchObject([{ status: 409, problem: { code: 'stale', presentSha: HEAD } }]);
  });

  test('of a verb that comes later is refused per bug', async () => {
    const reply = await as(world().app, 'bo').post('/v1/decisions', { verb: 'approve-uat-merge', ids: ['1'] });
    expect(reply.body.items).toMatchObject([{ id: '1', status: 422, problem: { code: 'invalid' } }]);
  });
});

describe('environments', () => {
  beforeEach(() => world().ledger.append([...environmentEvents('uat'), ...environmentEvents('prod')]));

  test('a hold stands with its holder and is lifted by nobody else', async () => {
    const held = await as(world().app, 'ann').post('/v1/environments/shop/prod/decisions', {
      verb: 'hold',
      reason: 'x',
    });
    expect(held.status).toBe(200);
    expect(held.body.holds).toMatchObject([{ by: 'ann' }]);
    const other = await as(world().app, 'bo').post('/v1/environments/shop/prod/decisions', { verb: 'resume' });
    expect([other.status, other.body.code]).toEqual([409, 'wrong-state']);
    const own = await as(world().app, 'ann').post('/v1/environments/shop/prod/decisions', { verb: 'resume' });
    expect(own.body.holds).toEqual([]);
  });

  test('the list shows each rung in ladder order, also one that nobody has observed yet', async () => {
    const { body } = await as(world().app, 'bo').get('/v1/environments');
    const rows = body.items.map((item) => [`${item.service} ${item.env}`, item.running?.version ?? null]);
    expect(rows).toEqual([
      ['shop uat', '1.4.2'],
      ['shop prod', '1.4.2'],
      ['depot uat', null],
      ['depot prod', null],
    ]);
  });

  test('a hold without a reason and a verb of later are refused', async () => {
    const path = '/v1/environments/shop/prod/decisions';
    expect((await as(world().app, 'ann').post(path, { verb: 'hold' })).status).toBe(422);
    const later = await as(world().app, 'ann').post(path, { verb: 'freeze', reason: 'x' });
    expect([later.status, later.body.detail]).toEqual([422, expect.stringContaining('hold, resume, recheck')]);
  });
});
