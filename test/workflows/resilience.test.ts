/** What once went wrong and must not again: outages, hands from outside, repeats, and a world that says little. */
import { ApplicationFailure } from '@temporalio/common';
import { exited, fixOf, sha } from './scripted-ports';
import { startWorld } from './world';
import { codeAndSentence, never, wordsIn } from './resilience-words';

describe('resilience: what comes from outside costs nobody a bug, an environment or a night', () => {
  const world = startWorld();
  const words = wordsIn(world);
  const { approve, atEnvironment, brokenTasks, cameBack, close, confirmed, environment, isFree, status } = words;

  it('ends a deployment that is cancelled in the middle of its script with a rollback, and frees its environment', async () => {
    await world().toUat('1');
    await approve('1');
    const release = await words.holdNextAct(() => world().clockTo('22:00:00'));
    const run = 'deploy/shop/prod/shop-prod-1';
    await words.cancel(run);
    release();
    await cameBack('1');
    expect(words.actsSince(1)).toEqual(['deploy 1.4.3', 'rollback 1.4.2']);
    expect(await world().ledger.deployment('shop-prod-1')).toMatchObject({
      verdict: 'Rolled-Back',
      reason: 'cancelled by an operator',
      rollback: { verified: true, to: { version: '1.4.2' } },
    });
    expect(await status(run)).toBe('COMPLETED');
    expect(await environment('prod')).toMatchObject({ current: null, unknown: null, running: { version: '1.4.2' } });
    expect((await world().bug('1')).blocked?.what).toContain('ended Rolled-Back: cancelled by an operator');
    await approve('1');
    await world().until('1', 'deployed_prod');
  });

  it('ends no run in a freeze without end: the bug says why it waits, and goes on once it is lifted', async () => {
    const { conductor } = world();
    await world().toUat('3');
    await approve('3');
    await confirmed('4');
    const acts = world().script.acts.length;
    const endless = { from: null, to: null, cron: null, forMs: null, environments: null, modules: null, owner: null };
    await world().recalendar([{ ...endless, name: 'until further notice', reason: 'the auditors are here' }]);
    await conductor.recalendar('shop', '4');
    await world().eventually('bug 4 says so', async () => (await world().bug('4')).blocked !== null);
    expect((await world().bug('4')).blocked?.what).toMatch(/^There is no T1 to wait for: .*until further notice/);
    await world().clockTo('22:30:00');
    for (const run of ['env/shop/uat', 'env/shop/prod', 'bug/shop/3', 'bug/shop/4']) {
      expect([run, await status(run), await brokenTasks(run)]).toEqual([run, 'RUNNING', []]);
    }
    expect(world().script.acts).toHaveLength(acts);
    expect(await world().bug('3')).toMatchObject({ status: 'pending_prod', approvals: [{ by: 'bo' }] });
    await world().recalendar([]);
    await world().decide('4', 'retry', 'rita');
    await world().until('3', 'deployed_prod');
    await world().until('4', 'deployed_uat');
    await close('4');
  });

  it('needs no messenger: with a dead channel bugs still travel, come back and wait for people', async () => {
    const { script } = world();
    script.deadChannel = true;
    const { length } = script.told;
    await world().report('5', { fix: false });
    await world().decide('5', 'confirm', 'ann');
    await world().toUat('6');
    script.conflicts['prod/6'] = ['price.js'];
    await approve('6');
    await cameBack('6');
    delete script.conflicts['prod/6'];
    await approve('6');
    await world().until('6', 'deployed_prod');
    const deployment = await words.lastDeployment('prod');
    expect(deployment).toMatchObject({ verdict: 'Released' });
    await isFree('prod');
    const alive = ['env/shop/uat', 'env/shop/prod', 'bug/shop/5'];
    for (const run of alive) expect([run, await status(run), await brokenTasks(run)]).toEqual([run, 'RUNNING', []]);
    await world().eventually(
      'the deployment is over',
      async () => (await status(`deploy/shop/prod/${deployment?.id ?? ''}`)) === 'COMPLETED',
    );
    expect(await world().bug('5')).toMatchObject({ status: 'planned', fix: null, booking: { slot: 'T1' } });
    expect(script.told).toHaveLength(length);
    script.deadChannel = false;
    await close('5');
  });

  it('releases nothing and rolls nothing back when somebody deploys by hand in the middle of a watch: a person looks', async () => {
    const { script } = world();
    await world().toUat('8');
    const before = script.running.prod ?? never();
    script.watch = ({ serves }) => {
      expect(serves).toMatchObject({ deployment: script.running.prod?.deployment });
      script.running.prod = { ...before, version: '9.9.9', sha: sha('by hand'), deployment: null };
      throw ApplicationFailure.nonRetryable('drift: prod shows 9.9.9. Somebody deployed by hand', 'Unknown');
    };
    await approve('8');
    await cameBack('8');
    script.watch = () => ({ outcome: 'pass', samples: 5 });
    expect(words.actsSince(script.acts.length - 1)).toEqual([expect.stringMatching(/^deploy /)]);
    const deployment = await words.lastDeployment('prod');
    expect(deployment).toMatchObject({ verdict: 'Rolled-Back', rollback: null });
    expect(deployment?.phases.at(-1)).toMatchObject({ phase: 'watch', ok: false });
    expect(await environment('prod')).toMatchObject({
      unknown: { reason: expect.stringContaining('9.9.9') as string },
    });
    expect(script.told.some((text) => text.includes('Somebody deployed by hand'))).toBe(true);
    script.running.prod = before;
    expect(codeAndSentence(await atEnvironment('prod', 'recheck'))).toBe('accepted');
    await close('8');
  });

  it('leads out of a deployment by hand by recheck, and asks a target that does not answer again later', async () => {
    const { script } = world();
    await world().toUat('7');
    const real = script.running.prod;
    if (real === undefined) throw new Error('prod runs');
    const byHand = { ...real, version: '9.9.9', sha: sha('by hand'), deployment: null };
    script.running.prod = byHand;
    const acts = script.acts.length;
    await approve('7');
    await cameBack('7');
    expect((await world().bug('7')).blocked?.what).toContain('Somebody deployed by hand: recheck prod.');
    expect(await words.lastDeployment('prod')).toMatchObject({ verdict: 'Aborted' });
    expect(script.acts).toHaveLength(acts);
    delete script.running.prod;
    expect(codeAndSentence(await atEnvironment('prod', 'recheck'))).toBe(
      'unavailable: prod does not say for certain what it runs (as the ledger says: refused): bring it up or wait for its script, then recheck again.',
    );
    expect((await environment('prod'))?.running?.version).toBe(real.version);
    script.running.prod = byHand;
    expect(codeAndSentence(await atEnvironment('prod', 'recheck'))).toBe('accepted');
    expect(await environment('prod')).toMatchObject({ running: { version: '9.9.9', sha: byHand.sha } });
    await approve('7');
    await world().until('7', 'deployed_prod');
    expect(script.running.prod.version).toBe('9.9.10');
  });
});

describe('resilience: what is sent twice, too late, half or badly is taken once or refused', () => {
  const world = startWorld();
  const words = wordsIn(world);
  const { approve, atEnvironment, brokenTasks, cameBack, close, confirmed, environment, status } = words;

  it('lets a request that is sent again ride once: neither during its ride nor after it does a second train leave', async () => {
    const { script } = world();
    const release = await words.holdNextAct(() => world().request('prod', '77'));
    await world().request('prod', '77');
    await world().request('prod', '78');
    await world().eventually('78 waits', async () => ((await environment('prod'))?.queue.length ?? 0) > 0);
    expect((await environment('prod'))?.queue.map(({ id }) => id)).toEqual(['78']);
    release();
    await words.nightsUntil('both rode', async () => (await environment('prod'))?.endedRequests.length === 2);
    await world().request('prod', '77');
    await world().request('prod', '79');
    await words.nightsUntil('79 rode', async () => (await environment('prod'))?.endedRequests.includes('79') === true);
    expect(words.actsSince(0)).toEqual(['deploy 1.4.3', 'deploy 1.4.4', 'deploy 1.4.5']);
    expect((await environment('prod'))?.endedRequests).toEqual(['77', '78', '79']);
    script.running.uat = { ...(script.running.prod ?? never()), deployment: null };
    await atEnvironment('uat', 'recheck');
  });

  it('keeps a bug that Step 0 blocked free to be retried, although a fix was attached meanwhile', async () => {
    const { script } = world();
    const commit = { sha: sha('x'), subject: 'not on UAT', author: 'a', patchId: sha('p') };
    script.difference = { onlyLeft: [], onlyRight: [commit] };
    await confirmed('1');
    const blocked = (await world().bug('1')).blocked;
    expect(blocked).not.toBeNull();
    await world().decide('1', 'attach-fix', 'mona', { ref: 'fix/1' });
    expect(await world().bug('1')).toMatchObject({ flow: null, blocked, fix: { head: fixOf('1').head } });
    script.difference = { onlyLeft: [], onlyRight: [] };
    expect(codeAndSentence(await world().decide('1', 'retry', 'rita'))).toBe('accepted');
    expect(await world().bug('1')).toMatchObject({ flow: 'flow1', blocked: null, booking: { slot: 'T1' } });
    await world().until('1', 'deployed_uat');
  });

  it('refuses to approve a fix that fell off UAT with a later train: nobody ships what is validated no more', async () => {
    const { script } = world();
    script.conflicts['uat/1'] = ['price.js'];
    await world().toUat('2');
    delete script.conflicts['uat/1'];
    expect((await environment('uat'))?.running?.fixes.map(({ bug }) => bug)).toEqual(['2']);
    expect(await world().bug('1')).toMatchObject({ status: 'deployed_uat' });
    const refused = await approve('1');
    expect(codeAndSentence(refused)).toMatch(/^stale: uat does not hold the fix of bug 1 at \w{7} any more/);
    expect(await world().bug('1')).toMatchObject({ status: 'deployed_uat', approvals: [], booking: null });
    await close('1');
    await close('2');
  });

  it('runs the script again for a second fix of the same bug, and to go back, where a target tells only its version', async () => {
    const { script } = world();
    script.terse = true;
    await world().toUat('3');
    const start = script.acts.length;
    const version = script.running.uat?.version ?? '';
    const attach = (variant: string) => {
      script.branches['fix/3'] = fixOf('3', variant);
      return world().decide('3', 'attach-fix', 'mona', { ref: 'fix/3' });
    };
    await attach('second');
    const { validation } = await world().until('3', 'deployed_uat');
    expect(words.actsSince(start)).toEqual([`deploy ${version}`]);
    expect(validation).toMatchObject({ version, fixHead: fixOf('3', 'second').head });
    const second = script.running.uat?.sha;
    expect(second).toBe(validation?.sha);

    script.act = ({ act }) => exited(act === 'deploy' ? 3 : 0);
    await attach('third');
    await cameBack('3');
    expect(words.actsSince(start + 1)).toEqual([`deploy ${version}`, `rollback ${version}`]);
    expect(script.acts.at(-1)?.to.sha).toBe(second);
    expect(await words.lastDeployment('uat')).toMatchObject({ verdict: 'Rolled-Back', rollback: { verified: true } });
    script.act = () => exited(0);
    script.terse = false;
    await close('3');
  });

  it('records malformed signals and lives on: no wrong word ends an environment or a bug', async () => {
    await confirmed('4');
    const malformed = async (subject: string) =>
      (await words.timeline(subject)).flatMap((event) => (event.kind === 'message.malformed' ? [event.data.name] : []));
    const toEnvironment = ['configure', 'request', 'withdraw', 'dropFix', 'deploymentEnded', 'baseAdvanced'];
    const toBug = ['arrived', 'booked', 'decide'];
    const wrong = [[], [null], ['text'], [[]], [{}], [{ id: 7, request: 7, deployment: 7, revision: 7 }]];
    for (const [run, names] of [
      ['env/shop/uat', toEnvironment],
      ['bug/shop/4', toBug],
    ] as const) {
      for (const name of names) for (const payload of wrong) await words.handle(run).signal(name, ...payload);
      const subject = run.replace('shop/', '');
      const expected = names.flatMap((name) => wrong.map(() => name));
      await world().eventually(`${run} took them`, async () => (await malformed(subject)).length === expected.length);
      expect(await malformed(subject)).toEqual(expected);
      expect([run, await status(run), await brokenTasks(run)]).toEqual([run, 'RUNNING', []]);
    }
    expect(codeAndSentence(await atEnvironment('uat', 'hold'))).toBe('accepted');
    expect(codeAndSentence(await atEnvironment('uat', 'resume'))).toBe('accepted');
    await world().until('4', 'deployed_uat');
    await close('4');
  });
});
