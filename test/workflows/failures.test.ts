import type { Breach } from '../../src/domain/watch';
import { record } from './record';
import { exited, fixOf } from './scripted-ports';
import { startWorld, type World } from './world';

const started = startWorld();
const world = (): World => started();

const approve = (bug: string) => world().decide(bug, 'approve-prod', 'bo', { sha: fixOf(bug).head });
const lastDeployment = async (env: string) =>
  (await world().ledger.deployments({ services: ['shop'], env, limit: 1, cursor: null })).items[0];
const breach: Breach = {
  rule: 'error-rate-2x',
  metric: 'errorRate',
  class: 'hard',
  value: 0.3,
  baseline: 0.01,
  multiple: 30,
  afterMs: 120_000,
  sentence: 'errorRate 0.3 is 30x the baseline 0.01 at T+2 min',
};

beforeEach(() => {
  world().script.act = () => exited(0);
  world().script.watch = () => ({ outcome: 'pass', samples: 5 });
  world().script.badSmoke.splice(0);
});

describe('failures: a bad night ends where it began, and a person knows', () => {
  it('brings a bug back to planned when the deploy script exits 3 on UAT, and lets it go on by retry', async () => {
    world().script.act = ({ act }) => exited(act === 'deploy' ? 3 : 0);
    await world().report('1');
    await world().decide('1', 'confirm', 'ann');
    await world().eventually('the train came back', async () => {
      await world().clockForward(600_000);
      return (await world().bug('1')).blocked !== null;
    });
    expect(await world().bug('1')).toMatchObject({ status: 'planned', booking: null });
    expect((await world().bug('1')).blocked?.what).toContain('exit 3');
    expect(await lastDeployment('uat')).toMatchObject({ verdict: 'Rolled-Back' });
    world().script.act = () => exited(0);
    await world().decide('1', 'retry', 'rita');
    await world().until('1', 'deployed_uat');
  });

  it('rolls a hung production deploy back and verifies it; the approval is void and nothing is queued again', async () => {
    world().script.act = ({ act }) =>
      act === 'deploy' ? { outcome: 'hung', silentMs: 300_000, metadata: {}, tail: 'waiting…' } : exited(0);
    await approve('1');
    await world().until('1', 'deployed_uat');
    const state = await world().bug('1');
    expect(state).toMatchObject({ status: 'deployed_uat', approvals: [], booking: null });
    expect(state.blocked?.what).toContain('Deploy hung — manual investigation required');
    expect(await lastDeployment('prod')).toMatchObject({
      verdict: 'Rolled-Back',
      rollback: { verified: true, to: { version: '1.4.2' } },
    });
  });

  it('rolls back by itself on a hard breach, with metric, multiple and T+ on the record', async () => {
    world().script.watch = ({ windowMs, policy }) =>
      windowMs === policy.miniWindowMs ? { outcome: 'pass', samples: 5 } : { outcome: 'hard', breach, samples: 2 };
    await approve('1');
    await world().eventually('it came back', async () => {
      await world().clockForward(600_000);
      return (await lastDeployment('prod'))?.breach !== null && (await world().bug('1')).status === 'deployed_uat';
    });
    const deployment = await lastDeployment('prod');
    expect(deployment).toMatchObject({ verdict: 'Rolled-Back', reason: breach.sentence, rollback: { verified: true } });
    expect((await world().ledger.environment('shop', 'prod'))?.running?.version).toBe('1.4.2');
  });

  it('treats a rollback that cannot be verified as unknown: nothing leaves until a person looked', async () => {
    world().script.watch = () => ({ outcome: 'hard', breach, samples: 2 });
    await approve('1');
    await world().eventually('the state is unknown', async () => {
      await world().clockForward(600_000);
      return (await world().ledger.environment('shop', 'prod'))?.unknown != null;
    });
    world().script.watch = () => ({ outcome: 'pass', samples: 5 });
    const acts = world().script.acts.length;
    await approve('1');
    await world().clockForward(48 * 3_600_000);
    expect((await world().bug('1')).status).toBe('pending_prod');
    expect(world().script.acts).toHaveLength(acts);
    const actor = { id: 'ann', roles: ['admin' as const], surface: 'api' as const };
    await world().conductor.decideEnvironment('shop', 'prod', {
      id: 'r1',
      verb: 'recheck',
      actor,
      signature: null,
      reason: 'looked',
    });
    await world().until('1', 'deployed_prod');
    const { client } = world().environment;
    await record(client, 'bug-came-back', 'bug/shop/1');
    await record(client, 'deployment-script-failed', 'deploy/shop/uat/shop-uat-1');
    await record(client, 'deployment-hung', 'deploy/shop/prod/shop-prod-1');
    await record(client, 'deployment-breached', 'deploy/shop/prod/shop-prod-2');
    await record(client, 'deployment-unverified', 'deploy/shop/prod/shop-prod-3');
    await record(client, 'environment-unknown', 'env/shop/prod');
  });
});
