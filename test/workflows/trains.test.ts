import { record } from './record';
import { fixOf } from './scripted-ports';
import { startWorld } from './world';

const world = startWorld();

const approve = (bug: string) => world().decide(bug, 'approve-prod', 'bo', { sha: fixOf(bug).head });

describe('trains: what was approved for one night leaves together', () => {
  it('ships two fixes in one deployment, leaves the one that conflicts behind with its files, and tells it why', async () => {
    for (const bug of ['1', '2', '3']) {
      await world().report(bug);
      await world().decide(bug, 'confirm', 'ann');
    }
    for (const bug of ['1', '2', '3']) await world().until(bug, 'deployed_uat');
    expect((await world().bug('3')).validation?.version).toBe('1.4.2+bug.1.2.3');
    world().script.conflicts['prod/2'] = ['price.js', 'cart.js'];
    for (const bug of ['1', '2', '3']) await approve(bug);
    await world().until('1', 'deployed_prod');
    expect(await world().until('2', 'deployed_uat')).toMatchObject({
      approvals: [],
      blocked: { files: ['price.js', 'cart.js'] },
    });
    const third = await world().until('3', 'deployed_prod');
    expect(third.shipped).toMatchObject({ version: '1.4.3', alsoHolds: ['2'] });
    expect(third.deployments.at(-1)).toBe((await world().bug('1')).deployments.at(-1));
    expect(world().script.told.join('\n')).toContain('uat also holds #2');
    expect(world().script.told.filter((message) => message.startsWith('released'))).toHaveLength(1);
    await world().decide('2', 'close', 'ann', { reason: 'over' });
    await record(world().environment.client, 'bug-conflict', 'bug/shop/2');
    await record(world().environment.client, 'deployment-conflict', 'deploy/shop/prod/shop-prod-1');
  });

  it('lets UAT follow production, so that pending fixes do not turn the next bug into Flow 2', async () => {
    await world().eventually(
      'UAT follows',
      async () => (await world().ledger.environment('shop', 'uat'))?.running?.base.version === '1.4.3',
    );
    await world().toUat('4');
    expect((await world().bug('4')).validation?.version).toBe('1.4.3+bug.4');
    await world().decide('4', 'close', 'ann', { reason: 'over' });
  });

  it('keeps a second bug waiting while the environment is busy, and starts no second deployment', async () => {
    let release: (() => void) | null = null;
    const gate = new Promise<void>((resolve) => (release = resolve));
    world().script.hold = gate;
    await world().report('5');
    await world().decide('5', 'confirm', 'ann');
    // While an activity runs the server's clock does not skip: go to T1 exactly, then wait.
    await world().clockTo('20:00:00');
    await world().eventually('bug 5 is being deployed', () =>
      world().script.acts.some(({ to }) => to.version.endsWith('bug.5')),
    );
    const state = await world().ledger.environment('shop', 'uat');
    expect(state?.current?.requests.map(({ passenger }) => passenger?.bug)).toEqual(['5']);
    // Whoever may send signals cannot free a place whose script still works.
    const end = { deployment: state?.current?.deployment, verdict: 'Released', left: null, running: null };
    await world().environment.client.workflow.getHandle('env/shop/uat').signal('deploymentEnded', end);
    await world().request('uat', '6');
    await world().eventually(
      'bug 6 waits in the queue',
      async () => (await world().ledger.environment('shop', 'uat'))?.queue.length === 1,
    );
    expect((await world().ledger.environment('shop', 'uat'))?.current?.deployment).toBe(state?.current?.deployment);
    world().script.hold = Promise.resolve();
    (release as (() => void) | null)?.();
    await world().until('5', 'deployed_uat');
    await world().eventually('bug 6 left next', async () => {
      await world().clockForward(60_000);
      const { queue = [], current, running } = (await world().ledger.environment('shop', 'uat')) ?? {};
      return queue.length === 0 && current === null && running?.fixes.some(({ bug }) => bug === '6') === true;
    });
    await world().decide('5', 'close', 'ann', { reason: 'over' });
  });

  it('moves a waiting departure when the calendar changes, and says the old time, the new one and why', async () => {
    await world().toUat('7');
    await approve('7');
    const before = (await world().bug('7')).booking;
    const now = await world().now();
    const day = (offset: number) => new Date(now + offset * 86_400_000).toISOString().slice(0, 10);
    await world().recalendar([
      {
        name: 'month end',
        from: day(-1),
        to: day(1),
        cron: null,
        forMs: null,
        environments: ['prod'],
        modules: null,
        reason: 'closing the books',
        owner: 'ann',
      },
    ]);
    await world().eventually('bug 7 was moved', async () => (await world().bug('7')).booking?.at !== before?.at);
    const after = (await world().bug('7')).booking;
    expect(after?.at).toBeGreaterThan((before?.at ?? 0) + 3_600_000);
    await world().eventually('people are told', () =>
      world().script.told.some((text) => text.includes('freeze month end (closing the books)')),
    );
    const shipped = await world().until('7', 'deployed_prod');
    expect(shipped.statusAt).toBeGreaterThanOrEqual(after?.at ?? Infinity);
    await record(world().environment.client, 'bug-moved', 'bug/shop/7');
    await record(world().environment.client, 'environment-moved', 'env/shop/prod');
  });
});
