import type { WatchOrder } from '../../src/activities';
import type { DecisionOutcome } from '../../src/client/conductor';
import type { Breach, WatchVerdict } from '../../src/domain/watch';
import type { EnvironmentVerb } from '../../src/domain/verbs';
import { fixOf, sha } from './scripted-ports';
import { startWorld, testPolicy, type World } from './world';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const PASS: WatchVerdict = { outcome: 'pass', samples: 5 };
const breach: Breach = {
  rule: 'error-rate-2x',
  metric: 'errorRate',
  class: 'hard',
  value: 0.3,
  baseline: null,
  multiple: null,
  afterMs: 120_000,
  sentence: 'errorRate is 0.3, at or above 0.05, at T+2 min',
};

const silence: Breach = { ...breach, rule: 'no-data', value: 0, sentence: 'production shows no metrics' };

const codeAndSentence = (outcome: DecisionOutcome): string =>
  outcome.outcome === 'refused' ? `${outcome.refusal.code}: ${outcome.refusal.sentence}` : outcome.outcome;

/** Medium bugs need two people, all others one. */
function strictForMedium(): ReturnType<typeof testPolicy> {
  const policy = testPolicy();
  const { prod } = policy.environments;
  if (prod === undefined) throw new Error('the sample has a prod');
  const two = { ...prod.approvals.default, count: 2 };
  const approvals = { ...prod.approvals, severity: { medium: two } };
  return { ...policy, environments: { ...policy.environments, prod: { ...prod, approvals } } };
}

/** Words and looks that both worlds of this file use. */
function wordsIn(world: () => World) {
  let decisions = 0;
  return {
    approve: (bug: string, by = 'bo') => world().decide(bug, 'approve-prod', by, { sha: fixOf(bug).head }),
    close: (bug: string) => world().decide(bug, 'close', 'ann', { reason: 'over' }),
    environment: (env: string) => world().ledger.environment('shop', env),
    lastDeployment: async (env: string) =>
      (await world().ledger.deployments({ services: ['shop'], env, limit: 1, cursor: null })).items[0],
    atEnvironment: (env: string, verb: EnvironmentVerb) =>
      world().conductor.decideEnvironment('shop', env, {
        id: `e${(decisions += 1)}`,
        verb,
        actor: { id: 'ann', roles: ['admin'], surface: 'api' },
        signature: null,
        reason: 'looked at it',
      }),
    /** Lets nights pass until something is true. */
    nightsUntil: (what: string, check: () => Promise<boolean>) =>
      world().eventually(what, async () => {
        await world().clockForward(10 * MINUTE);
        return check();
      }),
  };
}

describe('endings: how a deployment that is not released leaves things', () => {
  const world = startWorld(strictForMedium());
  const { approve, close, environment, lastDeployment, atEnvironment, nightsUntil } = wordsIn(world);

  const confirmed = async (bug: string, severity: 'low' | 'medium' = 'low'): Promise<void> => {
    await world().report(bug);
    await world().decide(bug, 'confirm', 'ann', { severity });
  };
  const cameBack = (bug: string, why = '') =>
    nightsUntil(`bug ${bug} came back`, async () => (await world().bug(bug)).blocked?.what.includes(why) ?? false);

  beforeEach(() => {
    const { script } = world();
    script.watch = () => PASS;
    script.checks = [{ name: 'script', ok: true, detail: 'there' }];
    script.hold = Promise.resolve();
  });

  it('rolls back at once when a smoke check fails on UAT: nobody waits for a watch', async () => {
    const { script } = world();
    const watched: WatchOrder[] = [];
    script.watch = (order) => {
      watched.push(order);
      return PASS;
    };
    script.badSmoke.push('1.4.2+bug.1');
    await confirmed('1');
    await cameBack('1');
    expect(await lastDeployment('uat')).toMatchObject({
      verdict: 'Rolled-Back',
      reason: 'smoke version failed: answers 500',
      rollback: { verified: true, to: { version: '1.4.2' } },
    });
    expect(script.acts.map(({ act }) => act)).toEqual(['deploy', 'rollback']);
    expect(watched.map(({ windowMs, policy }) => windowMs === policy.miniWindowMs)).toEqual([true]);
    expect(await world().bug('1')).toMatchObject({ status: 'planned', booking: null });
    script.badSmoke.splice(0);
    await close('1');
  });

  it('aborts on drift before it builds anything, and leaves what somebody deployed by hand as it is', async () => {
    const { script } = world();
    const acts = script.acts.length;
    const built = script.built.length;
    const real = script.running.uat;
    if (real === undefined) throw new Error('uat runs');
    script.running.uat = { ...real, version: '9.9.9', sha: sha('by hand') };
    await confirmed('2');
    await cameBack('2');
    expect(await lastDeployment('uat')).toMatchObject({
      verdict: 'Aborted',
      reason: expect.stringContaining('drift: the ledger says 1.4.2') as string,
      candidate: null,
      rollback: null,
    });
    expect(script.acts).toHaveLength(acts);
    expect(script.built).toHaveLength(built);
    expect(script.running.uat.version).toBe('9.9.9');
    expect(await environment('uat')).toMatchObject({ running: { version: '1.4.2' }, unknown: null, current: null });
    script.running.uat = real;
    await world().decide('2', 'retry', 'rita');
    await world().until('2', 'deployed_uat');
  });

  it('aborts when the script cannot boot what ran before: production is not touched, the approval is void', async () => {
    const { script } = world();
    script.checks = [{ name: 'previous version', ok: false, detail: '1.4.2 cannot be pulled' }];
    const acts = script.acts.length;
    await approve('2');
    await cameBack('2');
    expect(await lastDeployment('prod')).toMatchObject({
      verdict: 'Aborted',
      reason: 'previous version: 1.4.2 cannot be pulled',
      rollback: null,
    });
    expect(script.acts).toHaveLength(acts);
    expect(await environment('prod')).toMatchObject({ running: { version: '1.4.2' }, unknown: null });
    const state = await world().bug('2');
    expect(state).toMatchObject({ status: 'deployed_uat', approvals: [], booking: null });
    expect(state.blocked?.what).toContain('ended Aborted: previous version: 1.4.2 cannot be pulled');
  });

  it('does not start to production without metrics: what cannot be watched is not released', async () => {
    const { script } = world();
    script.noMetrics = true;
    const acts = script.acts.length;
    await approve('2');
    await cameBack('2', 'prod shows no metrics');
    expect(await lastDeployment('prod')).toMatchObject({ verdict: 'Aborted', candidate: null, rollback: null });
    expect(script.acts).toHaveLength(acts);
    script.noMetrics = false;
  });

  it('rolls production back when the watch proves nothing: silence is never taken for health', async () => {
    const { script } = world();
    script.watch = ({ windowMs, policy }) =>
      windowMs === policy.miniWindowMs ? PASS : { outcome: 'inconclusive', breach: silence, samples: 0 };
    await approve('2');
    await cameBack('2', 'production shows no metrics');
    expect(await lastDeployment('prod')).toMatchObject({
      verdict: 'Rolled-Back',
      reason: silence.sentence,
      rollback: { verified: true, to: { version: '1.4.2' } },
    });
    expect(await environment('prod')).toMatchObject({ running: { version: '1.4.2' }, unknown: null });
  });

  it('asks again when production moved after the approval by what UAT does not hold', async () => {
    const { script } = world();
    script.baseMoved.push('prod/2');
    await approve('2');
    await nightsUntil('the approval is void', async () => (await world().bug('2')).status === 'deployed_uat');
    expect(await world().bug('2')).toMatchObject({
      approvals: [],
      booking: null,
      blocked: { what: 'prod moved on since the approval' },
    });
    expect(await lastDeployment('prod')).toMatchObject({ verdict: 'Aborted' });
    script.baseMoved.splice(0);
    await approve('2');
    await world().until('2', 'deployed_prod');
  });

  it('waits for the second of two people, and leaves with both names', async () => {
    await confirmed('3', 'medium');
    await world().until('3', 'deployed_uat');
    await approve('3', 'bo');
    const acts = world().script.acts.length;
    await world().clockForward(30 * HOUR);
    expect(await world().bug('3')).toMatchObject({ status: 'deployed_uat', booking: null, approvals: [{ by: 'bo' }] });
    expect(codeAndSentence(await approve('3', 'bo'))).toBe(
      'wrong-state: bo has already approved bug 3; it waits for another person.',
    );
    expect(world().script.acts).toHaveLength(acts);
    await approve('3', 'ann');
    expect(await world().bug('3')).toMatchObject({ status: 'pending_prod', booking: { slot: 'T2' } });
    expect((await world().until('3', 'deployed_prod')).approvals.map(({ by }) => by)).toEqual(['bo', 'ann']);
  });

  it('says that it is too late to take an approval back once its train is being built', async () => {
    await confirmed('4');
    await world().until('4', 'deployed_uat');
    await approve('4');
    const release = holdActs();
    await world().clockTo('22:00:00');
    await beingDeployed('prod');
    expect(codeAndSentence(await world().decide('4', 'withdraw', 'bo'))).toBe(
      'wrong-state: The train to prod with bug 4 is already being built: withdraw comes too late. Wait for its end.',
    );
    expect(await world().bug('4')).toMatchObject({ status: 'pending_prod', approvals: [{ by: 'bo' }] });
    release();
    await world().until('4', 'deployed_prod');
  });

  it('closes a bug that waits in the queue, but not one that is under way to UAT', async () => {
    await atEnvironment('uat', 'hold');
    await confirmed('5');
    await nightsUntil('bug 5 waits for its train', async () => (await environment('uat'))?.queue.length === 1);
    await close('5');
    expect(await world().bug('5')).toMatchObject({ status: 'closed', booking: null });
    expect((await environment('uat'))?.queue).toEqual([]);
    await atEnvironment('uat', 'resume');

    await confirmed('6');
    const release = holdActs();
    await world().clockTo('20:00:00');
    await beingDeployed('uat');
    expect(codeAndSentence(await close('6'))).toContain('is already being built: close comes too late');
    release();
    await world().until('6', 'deployed_uat');
    await close('6');
  });

  /** Every act ends only when the answer is called. */
  function holdActs(): () => void {
    let release = (): void => undefined;
    world().script.hold = new Promise<void>((resolve) => (release = resolve));
    world().script.acts.splice(0);
    return () => {
      world().script.hold = Promise.resolve();
      release();
    };
  }

  const beingDeployed = (env: string) =>
    world().eventually(`${env} is being deployed to`, async () => {
      const { current = null } = (await environment(env)) ?? {};
      return current !== null && world().script.acts.some(({ deployment }) => deployment === current.deployment);
    });
});

describe('endings of a first deployment: there is nothing to go back to', () => {
  const world = startWorld(testPolicy(), ({ running }) => {
    delete running.uat;
    delete running.prod;
  });
  const { environment, lastDeployment, atEnvironment, nightsUntil } = wordsIn(world);

  it('releases a first deployment that holds, on the head of the main branch', async () => {
    expect((await environment('uat'))?.running).toBeNull();
    await world().request('uat', '1');
    await nightsUntil('uat runs something', async () => (await environment('uat'))?.running != null);
    expect(await lastDeployment('uat')).toMatchObject({ verdict: 'Released', previous: null });
    expect(await environment('uat')).toMatchObject({
      running: { version: '1.4.2+bug.1', base: { version: '1.4.2' }, fixes: [{ bug: '1' }] },
      unknown: null,
    });
  });

  it('asks a person when a first deployment breaches: no rollback, no second try, until somebody looked', async () => {
    const { script } = world();
    script.watch = () => ({ outcome: 'hard', breach, samples: 2 });
    await world().request('prod', '1');
    await nightsUntil('prod is unknown', async () => (await environment('prod'))?.unknown != null);
    const state = await environment('prod');
    expect(state?.unknown?.reason).toBe(
      `${breach.sentence}; this is the first deployment, so there is nothing to roll back to (X-33)`,
    );
    expect(await lastDeployment('prod')).toMatchObject({
      previous: null,
      rollback: null,
      breach: { rule: breach.rule },
    });
    const acts = script.acts.length;
    expect(script.acts.filter(({ act }) => act === 'rollback')).toEqual([]);
    script.watch = () => PASS;
    await world().request('prod', '2');
    await world().clockForward(48 * HOUR);
    expect(script.acts).toHaveLength(acts);
    await atEnvironment('prod', 'recheck');
    await nightsUntil('bug 2 left', async () => (await environment('prod'))?.running?.version === '1.4.4');
  });
});
