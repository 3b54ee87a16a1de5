import { decideSignal } from '../../src/workflows/messages';
import { bugWorkflowId } from '../../src/domain/ids';
import type { DecisionOutcome } from '../../src/client/conductor';
import { record } from './record';
import { fixOf, sha } from './scripted-ports';
import { startWorld } from './world';

const world = startWorld();

const sentenceOf = (outcome: DecisionOutcome): string =>
  outcome.outcome === 'refused' ? outcome.refusal.sentence : outcome.outcome;
const codeOf = (outcome: DecisionOutcome): string =>
  outcome.outcome === 'refused' ? outcome.refusal.code : outcome.outcome;

describe('gates: nothing reaches production that a person did not let through', () => {
  it('counts two people who approve at the same moment once: one deployment, and the second is told the state', async () => {
    await world().toUat('1');
    const { head } = fixOf('1');
    const outcomes = await Promise.all(
      ['ann', 'bo'].map((who) => world().decide('1', 'approve-prod', who, { sha: head })),
    );
    expect(outcomes.map(codeOf).sort()).toEqual(['accepted', 'wrong-state']);
    expect((await world().bug('1')).approvals).toHaveLength(1);
    await world().until('1', 'deployed_prod');
    expect(world().script.acts.filter(({ act, to }) => act === 'deploy' && to.version === '1.4.3')).toHaveLength(1);
  });

  it('takes the same decision twice as one, so that a retried request does not approve twice', async () => {
    await world().toUat('2');
    const decision = { id: 'same', sha: fixOf('2').head };
    await world().decide('2', 'approve-prod', 'bo', decision);
    expect(codeOf(await world().decide('2', 'approve-prod', 'bo', decision))).toBe('accepted');
    expect((await world().bug('2')).approvals).toHaveLength(1);
    await world().until('2', 'deployed_prod');
  });

  it('sends an approval one second after the cutoff to the next night, and says so', async () => {
    await world().toUat('3');
    await world().clockTo('22:00:00', 1_000);
    await world().decide('3', 'approve-prod', 'bo', { sha: fixOf('3').head });
    const now = await world().now();
    const state = await world().bug('3');
    expect(state.booking?.at).toBeGreaterThan(now + 23 * 3_600_000);
    expect(state.booking?.label).toMatch(/^\d{4}-\d\d-\d\d 22:00 UTC$/);
    expect(world().script.acts.some(({ act, previous }) => act === 'deploy' && previous?.version === '1.4.4')).toBe(
      false,
    );
    await world().until('3', 'deployed_prod');
  });

  it('refuses an approval of a superseded SHA with the present one', async () => {
    await world().toUat('4');
    const old = fixOf('4').head;
    const present = fixOf('4', ' again');
    world().script.branches['fix/4'] = present;
    expect(await world().decide('4', 'approve-prod', 'bo', { sha: old })).toMatchObject({
      refusal: { code: 'stale', presentSha: present.head },
    });
    await world().decide('4', 'attach-fix', 'rita', { ref: 'fix/4' });
    expect((await world().bug('4')).status).toBe('planned');
    await world().until('4', 'deployed_uat');
    expect(await world().decide('4', 'approve-prod', 'bo', { sha: old })).toMatchObject({
      refusal: { code: 'stale', presentSha: present.head },
    });
    expect(codeOf(await world().decide('4', 'approve-prod', 'bo', { sha: present.head }))).toBe('accepted');
    await world().until('4', 'deployed_prod');
    await record(world().environment.client, 'bug-superseded-fix', 'bug/shop/4');
  });

  it('keeps four eyes: neither the reporter nor the author of the fix lets it through', async () => {
    await world().toUat('5');
    const { head } = fixOf('5');
    expect(sentenceOf(await world().decide('5', 'approve-prod', 'rita', { sha: head }))).toContain(
      'is for admin or manager',
    );
    expect(sentenceOf(await world().decide('5', 'approve-prod', 'mona', { sha: head }))).toBe(
      'mona wrote the fix of bug 5, and prod asks for four eyes. Somebody else who is admin or manager must approve.',
    );
    await world().decide('5', 'close', 'ann', { reason: 'not needed' });
    expect((await world().bug('5')).status).toBe('closed');
  });

  it('gives an approval back until the train is built', async () => {
    await world().toUat('6');
    await world().decide('6', 'approve-prod', 'bo', { sha: fixOf('6').head });
    expect(sentenceOf(await world().decide('6', 'withdraw', 'ann'))).toContain('Approved by: bo');
    expect(codeOf(await world().decide('6', 'withdraw', 'bo'))).toBe('accepted');
    expect(await world().bug('6')).toMatchObject({ status: 'deployed_uat', approvals: [], booking: null });
    expect((await world().ledger.environment('shop', 'prod'))?.queue).toEqual([]);
    await world().decide('6', 'close', 'ann', { reason: 'not needed' });
    await record(world().environment.client, 'bug-withdrawn-approval', 'bug/shop/6');
  });

  it('takes a fix that failed validation off UAT and keeps the reason on the bug', async () => {
    await world().toUat('7');
    expect(sentenceOf(await world().decide('7', 'fail-validation', 'bo'))).toContain('needs a reason');
    await world().decide('7', 'fail-validation', 'bo', { reason: 'price still wrong' });
    expect(await world().bug('7')).toMatchObject({
      status: 'planned',
      blocked: { what: 'Validation failed: price still wrong' },
    });
    await world().toUat('8');
    const last = world().script.built.at(-1);
    expect(last?.passengers.map(({ bug }) => bug)).toEqual(['8']);
    for (const bug of ['7', '8']) await world().decide(bug, 'close', 'ann', { reason: 'over' });
    await record(world().environment.client, 'bug-failed-validation', 'bug/shop/7');
  });

  it('records what comes malformed or unsigned by signal, and lives on', async () => {
    await world().report('9');
    const handle = world().environment.client.workflow.getHandle(bugWorkflowId('shop', '9'));
    await handle.signal('decide', 'not an object');
    await handle.signal(decideSignal, { verb: 'approve-prod', sha: sha('x') } as never);
    await handle.signal('decide', { verb: 'confirm' });
    await world().eventually('three refusals are in the ledger', async () => {
      const kinds = (await world().ledger.timeline('shop', 'bug/9', 20)).map(({ event }) => event.kind);
      return kinds.filter((kind) => kind === 'message.malformed' || kind === 'decision.refused').length === 3;
    });
    expect((await world().bug('9')).status).toBe('submitted');
    await world().decide('9', 'reject', 'ann', { reason: 'not a bug' });
    expect(codeOf(await world().decide('9', 'confirm', 'ann'))).toBe('no-run');
    await record(world().environment.client, 'bug-rejected', 'bug/shop/9');
  });
});
