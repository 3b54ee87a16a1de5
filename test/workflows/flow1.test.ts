import { countEvents, goldenCounts, record } from './record';
import { fixOf } from './scripted-ports';
import { startWorld } from './world';

const world = startWorld();

describe('flow 1: without it no fix reaches production', () => {
  it('takes a bug from report to production through T1, a person and T2', async () => {
    await world().report('1');
    expect((await world().bug('1')).status).toBe('submitted');
    await world().decide('1', 'confirm', 'ann');
    expect(await world().bug('1')).toMatchObject({
      status: 'confirmed',
      flow: 'flow1',
      booking: { slot: 'T1', env: 'uat' },
    });
    const validated = await world().until('1', 'deployed_uat');
    expect(validated.validation).toMatchObject({ version: '1.4.2+bug.1', fixHead: fixOf('1').head });
    expect(validated.analysis?.hypothesis).toBe('price.js');
    await world().decide('1', 'approve-prod', 'bo', { sha: fixOf('1').head });
    expect(await world().bug('1')).toMatchObject({ status: 'pending_prod', booking: { env: 'prod', slot: 'T2' } });
    const shipped = await world().until('1', 'deployed_prod');
    expect(shipped.shipped).toMatchObject({ version: '1.4.3', alsoHolds: [] });
    expect(await world().ledger.environment('shop', 'prod')).toMatchObject({
      running: { version: '1.4.3' },
      current: null,
      queue: [],
    });
  });

  it('costs the events that the golden file says, so that no change makes every bug dearer unseen', async () => {
    const { client } = world().environment;
    const runs = {
      bug: 'bug/shop/1',
      'deployment to uat': 'deploy/shop/uat/shop-uat-1',
      'deployment to prod': 'deploy/shop/prod/shop-prod-1',
      'environment prod': 'env/shop/prod',
    };
    for (const [name, workflowId] of Object.entries(runs)) {
      const { workflowTask = 0, ...counts } = await countEvents(client, workflowId);
      const { workflowTask: bound = 0, ...golden } = goldenCounts(name, { workflowTask, ...counts });
      expect({ name, ...counts }).toEqual({ name, ...golden });
      // Workflow tasks depend on how signals and results happen to fall together.
      expect(workflowTask).toBeLessThanOrEqual(Math.ceil(1.25 * bound));
    }
    const total = Object.values(await countEvents(client, 'bug/shop/1')).reduce((sum, count) => sum + count, 0);
    expect(total).toBeLessThan(60);
    await record(client, 'bug-released', 'bug/shop/1');
    await record(client, 'deployment-released-uat', 'deploy/shop/uat/shop-uat-1');
    await record(client, 'deployment-released-prod', 'deploy/shop/prod/shop-prod-1');
    await record(client, 'environment-prod', 'env/shop/prod');
    await record(client, 'environment-uat', 'env/shop/uat');
  });
});
