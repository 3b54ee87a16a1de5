import { fixOf, startWorld } from './world';

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
});
