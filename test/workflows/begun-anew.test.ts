/** What an environment still knows and does when somebody ended its run from outside (F22, F38). */
import { TidegateFailure } from '../../src/domain/failures';
import { deploymentId } from '../../src/domain/ids';
import { devServer } from '../support/environments';
import { exited } from './scripted-ports';
import { startWorld, testPolicy } from './world';
import { codeAndSentence, never, wordsIn } from './resilience-words';

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
