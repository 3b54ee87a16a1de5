/** What once went wrong and must not again: outages, hands from outside, repeats, and a world that says little. */
import { ApplicationFailure } from '@temporalio/common';
import type { EnvironmentDecision, EnvironmentVerb } from '../../src/domain/verbs';
import type { DecisionOutcome } from '../../src/client/conductor';
import { TidegateFailure } from '../../src/domain/failures';
import { deploymentId } from '../../src/domain/ids';
import { devServer } from '../support/environments';
import { exited, fixOf, sha, startWorld, testPolicy, type World } from './world';

const MINUTE = 60_000;

const codeAndSentence = (outcome: DecisionOutcome): string =>
  outcome.outcome === 'refused' ? `${outcome.refusal.code}: ${outcome.refusal.sentence}` : outcome.outcome;

/** Words and looks that all worlds of this file use. */
function wordsIn(world: () => World) {
  let decisions = 0;
  const handle = (workflowId: string) => world().environment.client.workflow.getHandle(workflowId);
  const environment = (env: string) => world().ledger.environment('shop', env);
  const words = {
    handle,
    environment,
    status: async (workflowId: string) => (await handle(workflowId).describe()).status.name,
    /** A workflow task that fails is tried for ever: the run looks alive and does nothing. */
    async brokenTasks(workflowId: string): Promise<readonly string[]> {
      const { events } = await handle(workflowId).fetchHistory();
      return (events ?? []).flatMap((event) => event.workflowTaskFailedEventAttributes?.failure?.message ?? []);
    },
    /** Cancels a run whose script is under way; returns once the script has been told. */
    async cancel(workflowId: string): Promise<void> {
      await handle(workflowId).cancel();
      await world().eventually('the cancel reached the script', async () => {
        const { events } = await handle(workflowId).fetchHistory();
        return (events ?? []).some((event) => event.activityTaskCancelRequestedEventAttributes != null);
      });
    },
    approve: (bug: string) => world().decide(bug, 'approve-prod', 'bo', { sha: fixOf(bug).head }),
    close: (bug: string) => world().decide(bug, 'close', 'ann', { reason: 'over' }),
    async confirmed(bug: string): Promise<void> {
      await world().report(bug);
      await world().decide(bug, 'confirm', 'ann');
    },
    atEnvironment(env: string, verb: EnvironmentVerb, by = 'ann'): Promise<DecisionOutcome> {
      const actor = { id: by, roles: ['admin' as const], surface: 'api' as const };
      const decision: EnvironmentDecision = { id: `e${(decisions += 1)}`, verb, actor, signature: null, reason: 'why' };
      return world().conductor.decideEnvironment('shop', env, decision);
    },
    lastDeployment: async (env: string) =>
      (await world().ledger.deployments({ services: ['shop'], env, limit: 1, cursor: null })).items[0],
    timeline: async (subject: string) =>
      (await world().ledger.timeline('shop', subject, 1_000)).map(({ event }) => event),
    /** Lets nights pass until something is true. */
    nightsUntil: (what: string, check: () => Promise<boolean>) =>
      world().eventually(what, async () => {
        await world().clockForward(10 * MINUTE);
        return check();
      }),
    cameBack: (bug: string) =>
      words.nightsUntil(`bug ${bug} came back`, async () => (await world().bug(bug)).blocked !== null),
    isFree: (env: string) =>
      world().eventually(`${env} is free`, async () => (await environment(env))?.current === null),
    /** The next script runs until the answer is called; those after it do not wait. */
    async holdNextAct(ask: () => Promise<unknown>): Promise<() => void> {
      const { script } = world();
      const { length } = script.acts;
      let release = (): void => undefined;
      script.hold = new Promise<void>((resolve) => (release = resolve));
      await ask();
      await world().eventually('its script runs', () => script.acts.length > length);
      script.hold = Promise.resolve();
      return release;
    },
    actsSince: (start: number) =>
      world()
        .script.acts.slice(start)
        .map(({ act, to }) => `${act} ${to.version}`),
  };
  return words;
}

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

function never(): never {
  throw new Error('the environment runs something');
}

describe('resilience: an environment whose run was ended from outside is begun anew with what the ledger knows', () => {
  // In real time: nothing here waits for a slot, and the skipping server's clock does not survive a terminated run.
  const world = startWorld(testPolicy(), () => undefined, devServer);
  const words = wordsIn(world);
  const { atEnvironment, environment } = words;

  async function begunAnew(env: string, revision: string): Promise<void> {
    const looks = async () =>
      (await words.timeline(`env/${env}`)).filter(({ kind }) => kind === 'environment.observed').length;
    const before = await looks();
    await words.handle(`env/shop/${env}`).terminate('somebody cleaned up');
    await world().conductor.configure({ ...testPolicy(), revision });
    await world().eventually(`${env} looked again`, async () => (await looks()) > before);
  }
  const rode = (env: string, request: string) =>
    world().eventually(
      `${request} rode`,
      async () => (await environment(env))?.endedRequests.includes(request) === true,
    );

  it('takes over deployment, queue and holds: no second train beside the one that runs, no request and no hold lost', async () => {
    const release = await words.holdNextAct(() => world().request('prod', '77'));
    await world().request('prod', '78');
    await world().eventually('78 waits', async () => (await environment('prod'))?.queue.length === 1);
    await atEnvironment('prod', 'hold');
    const before = (await environment('prod')) ?? never();
    const events = await words.timeline('env/prod');
    await begunAnew('prod', 'anew');
    const after = (await environment('prod')) ?? never();
    const { current, queue, holds, nextNumber, fence, unknown, lastGood } = before;
    expect(after).toMatchObject({ current, queue, holds, nextNumber, fence, unknown, lastGood, revision: 'anew' });
    expect(current?.deployment).toBe('shop-prod-1');
    expect(words.actsSince(0)).toEqual(['deploy 1.4.3']);
    release();
    await rode('prod', '77');
    expect(await environment('prod')).toMatchObject({ running: { version: '1.4.3', deployment: 'shop-prod-1' } });
    expect(codeAndSentence(await atEnvironment('prod', 'hold', 'zoe'))).toBe('accepted');
    expect(await environment('prod')).toMatchObject({ queue, holds: [{ by: 'ann' }, { by: 'zoe' }] });
    expect(words.actsSince(0)).toEqual(['deploy 1.4.3']);
    for (const by of ['ann', 'zoe'])
      expect(codeAndSentence(await atEnvironment('prod', 'resume', by))).toBe('accepted');
    await rode('prod', '78');
    expect(words.actsSince(0)).toEqual(['deploy 1.4.3', 'deploy 1.4.4']);
    const later = await words.timeline('env/prod');
    expect(later.slice(0, events.length)).toEqual(events);
    expect(later.slice(events.length).map(({ kind }) => kind)).toEqual([
      'environment.configured',
      'environment.observed',
      'environment.arrived',
      'environment.held',
      'environment.resumed',
      'environment.resumed',
      'environment.departed',
      'environment.arrived',
    ]);
  });

  it('still knows that nobody knows what runs: nothing leaves until a person looked', async () => {
    const { script } = world();
    script.badSmoke.push('shop-uat-1');
    script.act = ({ act }) => exited(act === 'rollback' ? 3 : 0);
    await world().request('uat', '80');
    await world().eventually('uat is unknown', async () => (await environment('uat'))?.unknown != null);
    script.act = () => exited(0);
    const { unknown } = (await environment('uat')) ?? never();
    const { length } = script.acts;
    await begunAnew('uat', 'and-again');
    expect(await environment('uat')).toMatchObject({ unknown, current: null, endedRequests: ['80'] });
    await world().request('uat', '80');
    await world().request('uat', '81');
    await world().eventually('81 waits', async () => (await environment('uat'))?.queue.length === 1);
    expect(codeAndSentence(await atEnvironment('uat', 'recheck'))).toBe('accepted');
    await rode('uat', '81');
    expect(words.actsSince(length)).toHaveLength(1);
    expect(await environment('uat')).toMatchObject({ unknown: null, endedRequests: ['80', '81'] });
  });

  it('does not become free when the run is terminated while its script works: the next train waits, looks, acts once', async () => {
    const { script, ledger } = world();
    const { running } = (await environment('prod')) ?? never();
    const { length } = script.acts;
    script.act = () => exited(143);
    const release = await words.holdNextAct(() => world().request('prod', '87'));
    const { deployment = '' } = (await environment('prod'))?.current ?? {};
    await words.handle(`deploy/shop/prod/${deployment}`).terminate('somebody cleaned up');
    await world().request('prod', '88');
    await world().eventually('88 waits', async () => (await environment('prod'))?.queue.length === 1);
    await begunAnew('prod', 'terminated');
    await world().eventually('nobody knows', async () => (await environment('prod'))?.unknown != null);
    expect(await environment('prod')).toMatchObject({ current: null, queue: [{ id: '88' }], unknown: { deployment } });
    expect(script.acts).toHaveLength(length + 1);
    let living = true;
    script.act = () => {
      if (living) throw new TidegateFailure('Busy', `prod is locked by ${deployment}, of which a process still lives.`);
      return exited(0);
    };
    expect(codeAndSentence(await atEnvironment('prod', 'recheck'))).toBe('accepted');
    await world().eventually('88 has asked twice', () => script.acts.length > length + 2);
    expect(await ledger.deployment((await environment('prod'))?.current?.deployment ?? '')).toMatchObject({
      verdict: null,
      phase: 'execute',
    });
    expect(script.running.prod).toMatchObject({ version: running?.version });
    living = false;
    release();
    await rode('prod', '88');
    const done = await words.lastDeployment('prod');
    expect(done).toMatchObject({ verdict: 'Released', previous: { version: running?.version } });
    expect(await ledger.step(done?.id ?? '', 'execute')).toMatchObject({ state: 'done' });
    script.act = () => exited(0);
  });

  it('asks a person to look where another host began a deployment and was lost; a recheck leads out, and the next acts once', async () => {
    const { script, ledger } = world();
    const { nextNumber, fence } = (await environment('prod')) ?? never();
    const deployment = deploymentId('shop', 'prod', nextNumber);
    await ledger.intend({ deployment, step: 'execute', fence: fence + 2, attempt: 1, host: 'host-9', at: 1 });
    const { length } = script.acts;
    await world().request('prod', '85');
    await world().eventually('nobody knows', async () => (await environment('prod'))?.unknown != null);
    expect((await environment('prod'))?.unknown).toMatchObject({
      deployment,
      reason: expect.stringMatching(
        /^host-9 began execute and was lost; the target shows .* Look whether its script still runs there, then recheck\.$/,
      ) as string,
    });
    await world().request('prod', '86');
    await world().eventually('86 waits', async () => (await environment('prod'))?.queue.length === 1);
    expect(script.acts).toHaveLength(length);
    expect(codeAndSentence(await atEnvironment('prod', 'recheck'))).toBe('accepted');
    await rode('prod', '86');
    expect(words.actsSince(length)).toHaveLength(1);
  });

  it('says nothing of a cancelled deployment while its script still runs: what it switched at the last moment goes back', async () => {
    const { script, ledger } = world();
    const { running } = (await environment('prod')) ?? never();
    const { length } = script.acts;
    script.act = ({ act }) => exited(act === 'deploy' ? 143 : 0);
    const release = await words.holdNextAct(() => world().request('prod', '90'));
    const { deployment = '' } = (await environment('prod'))?.current ?? {};
    await words.cancel(`deploy/shop/prod/${deployment}`);
    expect(await ledger.deployment(deployment)).toMatchObject({ verdict: null, phase: 'execute' });
    const { to } = script.acts.at(-1) ?? never();
    script.running.prod = { state: 'running', ...to, deployment, source: 'endpoint' };
    release();
    await world().eventually('it has ended', async () => (await ledger.deployment(deployment))?.verdict != null);
    expect(words.actsSince(length)).toEqual([`deploy ${to.version}`, `rollback ${running?.version}`]);
    expect(await ledger.deployment(deployment)).toMatchObject({ verdict: 'Rolled-Back', rollback: { verified: true } });
    await words.isFree('prod');
    script.act = () => exited(0);
  });
});
