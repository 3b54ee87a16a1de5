/** An abort at every step, and in every order with other messages: one end each, and never half of one (F28, F29, F52). */
import type { Actor } from '../../src/domain/people';
import type { DeploymentState } from '../../src/domain/deployment';
import type { DecisionOutcome } from '../../src/client/conductor';
import type { DeploymentVerb } from '../../src/domain/verbs';
import type { Breach, WatchVerdict } from '../../src/domain/watch';
import { decideDeploymentSignal } from '../../src/workflows/messages';
import { devServer } from '../support/environments';
import { startWorld, testPolicy } from './world';

const PASS: WatchVerdict = { outcome: 'pass', samples: 5 };
const drift: Breach = {
  ...{ rule: 'drift', metric: 'p99', class: 'soft', value: 0.4, baseline: 0.2, multiple: 2, afterMs: 60_000 },
  sentence: 'drift at T+1 min',
};
const asks: WatchVerdict = { outcome: 'soft', breach: drift, samples: 2 };
const ann: Actor = { id: 'ann', roles: ['admin'], surface: 'cli' };

const wordOf = (outcome: DecisionOutcome): string =>
  outcome.outcome === 'refused' ? outcome.refusal.sentence : outcome.outcome;

describe('an abort always works, and what it finds decides what it becomes', () => {
  // Races belong on a real server: the time-skipping one loses updates that meet an activity's end.
  const world = startWorld(testPolicy(), () => undefined, devServer);
  let number = 0;
  let decisions = 0;
  const id = () => `shop-prod-${number}`;

  const decide = (verb: DeploymentVerb, reason = 'because') => {
    const decision = { id: `a${(decisions += 1)}`, verb, actor: ann, signature: null, reason, minutes: null };
    return world().conductor.decideDeployment('shop', 'prod', decision, id());
  };
  const state = () => world().ledger.deployment(id());
  const until = (what: string, check: (state: DeploymentState) => boolean) =>
    world().eventually(what, async () => {
      const found = await state();
      return found !== null && check(found);
    });
  const leaves = async (watch: (settled: unknown) => WatchVerdict = () => PASS): Promise<void> => {
    number += 1;
    world().script.watch = ({ settled }) => watch(settled);
    await world().request('prod', `${number}`);
  };
  const end = async (): Promise<DeploymentState> => {
    await until('it ended', ({ verdict }) => verdict !== null);
    await world().eventually('prod is free', async () => {
      return (await world().ledger.environment('shop', 'prod'))?.current === null;
    });
    const ended = await state();
    if (ended === null) throw new Error('it ended');
    return ended;
  };
  /** Holds the next act of a kind until the answer is called. */
  const holding = (): (() => void) => {
    let release = (): void => undefined;
    world().script.hold = new Promise<void>((resolve) => (release = resolve));
    return () => {
      world().script.hold = Promise.resolve();
      release();
    };
  };
  const acts = (since: number) =>
    world()
      .script.acts.slice(since)
      .map(({ act }) => act);

  it('before anything was touched nothing is: Aborted, with who and why', async () => {
    const { script } = world();
    const before = script.acts.length;
    let release = (): void => undefined;
    script.slowCheck = new Promise<void>((resolve) => (release = resolve));
    await leaves();
    await until('it is about to switch', ({ phase }) => phase === 'execute');
    expect(wordOf(await decide('abort', 'wrong night'))).toBe('accepted');
    expect(wordOf(await decide('abort'))).toBe(`ann aborts ${id()} already: wait for its end.`);
    script.slowCheck = null;
    release();
    expect(await end()).toMatchObject({
      verdict: 'Aborted',
      reason: 'aborted by ann: wrong night',
      abort: { by: 'ann', surface: 'cli' },
      rollback: null,
    });
    expect(acts(before)).toEqual([]);
    expect((await world().ledger.environment('shop', 'prod'))?.unknown).toBeNull();
  });

  it('once the script ran it becomes a rollback, when the script is gone and not before', async () => {
    const before = world().script.acts.length;
    const release = holding();
    await leaves();
    await world().eventually('its script runs', () => world().script.acts.length > before);
    expect(wordOf(await decide('abort'))).toBe('accepted');
    expect(acts(before)).toEqual(['deploy']);
    release();
    expect(await end()).toMatchObject({
      verdict: 'Rolled-Back',
      reason: 'aborted by ann: because',
      rollback: { verified: true },
    });
    expect(acts(before)).toEqual(['deploy', 'rollback']);
  });

  it('is not ended half-way by a message that meets it while it is cancelled, whatever key that is signed with', async () => {
    const before = world().script.acts.length;
    const release = holding();
    await leaves();
    await world().eventually('its script runs', () => world().script.acts.length > before);
    const run = world().environment.client.workflow.getHandle(`deploy/shop/prod/${id()}`);
    await run.cancel();
    const signature = ['v1', 'f'.repeat(16), 1, 'r1', 1, Date.now() + 600_000, '0'.repeat(128)].join('.');
    await run.signal(decideDeploymentSignal, { verb: 'continue', actor: ann, signature } as never);
    const kinds = async () =>
      (await world().ledger.timeline('shop', `deploy/${id()}`, 200)).map(({ event }) => event.kind as string);
    await world().eventually('it is refused', async () => (await kinds()).includes('decision.refused'));
    release();
    expect(await end()).toMatchObject({ verdict: 'Rolled-Back', rollback: { verified: true } });
    expect(acts(before)).toEqual(['deploy', 'rollback']);
    expect((await run.describe()).status.name).toBe('COMPLETED');
  });

  it('lets a rollback complete first: an abort of it is refused, recorded, and changes nothing', async () => {
    const before = world().script.acts.length;
    await leaves((settled) => (settled === null ? PASS : asks));
    await until('it asks', ({ questions }) => questions.length === 1);
    const release = holding();
    await decide('rollback');
    await world().eventually('it goes back', () => acts(before).includes('rollback'));
    expect(wordOf(await decide('abort'))).toBe(
      `${id()} is being rolled back, which completes first: abort comes too late.`,
    );
    const run = world().environment.client.workflow.getHandle(`deploy/shop/prod/${id()}`);
    await run.signal(decideDeploymentSignal, { verb: 'abort' } as never);
    release();
    expect(await end()).toMatchObject({ verdict: 'Rolled-Back', abort: null, rollback: { verified: true } });
    const kinds = (await world().ledger.timeline('shop', `deploy/${id()}`, 200)).map(({ event }) => event.kind);
    expect(kinds).toContain('decision.refused');
  });

  it('races the commit to one end: released and refused, or rolled back and taken', async () => {
    for (let round = 0; round < 4; round += 1) {
      const before = world().script.acts.length;
      await leaves();
      if (round % 2 === 1)
        await until('it is nearly done', ({ phases }) => phases.some(({ phase }) => phase === 'smoke'));
      const word = wordOf(await decide('abort'));
      const { verdict } = await end();
      const last = acts(before).at(-1) ?? 'nothing';
      expect([word === 'accepted', verdict, last]).toEqual(
        word === 'accepted'
          ? [true, last === 'nothing' ? 'Aborted' : 'Rolled-Back', last === 'nothing' ? last : 'rollback']
          : [false, 'Released', 'deploy'],
      );
    }
  });

  it('takes one of two answers that come at the same moment, and tells the other which', async () => {
    const before = world().script.acts.length;
    await leaves((settled) => (Array.isArray(settled) && settled.length === 0 ? asks : PASS));
    await until('it asks', ({ questions }) => questions.length === 1);
    const words = (await Promise.all([decide('rollback', 'too slow'), decide('continue')])).map(wordOf);
    const { verdict, questions } = await end();
    expect(words.filter((word) => word === 'accepted')).toHaveLength(1);
    expect(words.find((word) => word !== 'accepted')).toMatch(/is answered: ann answered|no-run/);
    const stays = questions[0]?.answer?.verb === 'continue';
    expect([verdict, acts(before)]).toEqual(stays ? ['Released', ['deploy']] : ['Rolled-Back', ['deploy', 'rollback']]);
  });

  const WORDS = ['abort', 'approve-prod', 'continue', 'rollback'] as const;
  const orders = WORDS.flatMap((a) =>
    WORDS.flatMap((b) => WORDS.flatMap((c) => WORDS.map((d) => [a, b, c, d] as const))),
  ).filter((order) => new Set(order).size === WORDS.length);

  it('comes to one end in each of the 24 orders of abort, approve, continue and rollback', async () => {
    expect(orders).toHaveLength(24);
    for (const order of orders) {
      const before = world().script.acts.length;
      await leaves((settled) => (Array.isArray(settled) && settled.length === 0 ? asks : PASS));
      await until('it asks', ({ questions }) => questions.length === 1);
      const words: string[] = [];
      for (const verb of order) words.push(wordOf(await decide(verb as DeploymentVerb)));
      const { verdict, questions } = await end();
      const said = questions[0]?.answer?.verb ?? 'abort';
      const first = order.find((verb) => verb !== 'approve-prod');
      expect([order, said]).toEqual([order, first]);
      // What was taken shows in the world: a rollback was run once, or never.
      const stays = first === 'continue' && words[order.indexOf('abort')] !== 'accepted';
      expect([order, verdict, acts(before)]).toEqual([
        order,
        stays ? 'Released' : 'Rolled-Back',
        stays ? ['deploy'] : ['deploy', 'rollback'],
      ]);
      expect(words.filter((word) => word === 'accepted').length).toBeLessThanOrEqual(2);
    }
  }, 120_000);
});
