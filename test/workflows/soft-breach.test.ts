/** What becomes of a soft breach: people are asked, in time or not, and one answer counts. */
import type { WatchOrder } from '../../src/activities';
import type { DecisionOutcome } from '../../src/client/conductor';
import type { DeploymentState } from '../../src/domain/deployment';
import type { Role } from '../../src/domain/people';
import type { DeploymentVerb } from '../../src/domain/verbs';
import type { Breach, WatchVerdict } from '../../src/domain/watch';
import { decideDeploymentSignal } from '../../src/workflows/messages';
import { devServer } from '../support/environments';
import { startWorld, testPolicy, type World } from './world';

const MINUTE = 60_000;
const PASS: WatchVerdict = { outcome: 'pass', samples: 5 };
const breachOf = (rule: string, ruleClass: Breach['class']): Breach => ({
  ...{ rule, metric: 'p99', class: ruleClass, value: 0.4, baseline: 0.2, multiple: 2, afterMs: 2 * MINUTE },
  sentence: `${rule} at T+2 min`,
});
const soft = (rule: string): WatchVerdict => ({ outcome: 'soft', breach: breachOf(rule, 'soft'), samples: 2 });
const hard: WatchVerdict = { outcome: 'hard', breach: breachOf('errors-2x', 'hard'), samples: 2 };

const ROLES: Readonly<Record<string, readonly Role[]>> = { ann: ['admin'], bo: ['manager'], dev: ['developer'] };

const sentenceOf = (outcome: DecisionOutcome): string =>
  outcome.outcome === 'refused' ? `${outcome.refusal.code}: ${outcome.refusal.sentence}` : outcome.outcome;

/** A watch that asks about these rules, one after the other, unless they were settled; people are asked in `prod`. */
const asksAbout =
  (...rules: readonly string[]) =>
  ({ settled }: WatchOrder): WatchVerdict => {
    const open = rules.find((rule) => settled !== null && !settled.some((each) => each.rule === rule));
    return open === undefined ? PASS : soft(open);
  };

function wordsIn(world: () => World) {
  let decisions = 0;
  let number = 0;
  const words = {
    id: () => `shop-prod-${number}`,
    run: () => `deploy/shop/prod/${words.id()}`,
    state: async (): Promise<DeploymentState> => {
      const found = await world().ledger.deployment(words.id());
      if (found === null) throw new Error(`no deployment ${words.id()}`);
      return found;
    },
    /** The next deployment to prod, watched like this, once its watch asks. */
    async asked(watch: (order: WatchOrder) => WatchVerdict): Promise<void> {
      await words.leaves(watch);
      await words.until('it asks', ({ questions }) => questions.at(-1)?.answer === null);
      await words.quiet();
    },
    /** The time-skipping server loses updates that meet an activity's end. */
    quiet: () =>
      world().eventually('nothing is under way', async () => {
        const { raw } = await world().environment.client.workflow.getHandle(words.run()).describe();
        return (raw.pendingActivities ?? []).length === 0;
      }),
    async leaves(watch: (order: WatchOrder) => WatchVerdict): Promise<void> {
      number += 1;
      world().script.watch = watch;
      await world().request('prod', `${number}`);
    },
    until: (what: string, check: (state: DeploymentState) => boolean) =>
      world().eventually(what, async () => {
        const state = await world().ledger.deployment(words.id());
        return state !== null && check(state);
      }),
    async end(): Promise<DeploymentState> {
      await world().eventually('prod is free', async () => {
        const environment = await world().ledger.environment('shop', 'prod');
        const ended = (await world().ledger.deployment(words.id()))?.verdict != null;
        return ended && environment?.current === null;
      });
      return words.state();
    },
    decide: (by: string, verb: DeploymentVerb, more: { minutes?: number; reason?: string; id?: string } = {}) => {
      const actor = { id: by, roles: ROLES[by] ?? [], surface: 'cli' as const };
      const { minutes = null, reason = 'because', id = `w${(decisions += 1)}` } = more;
      return world().conductor.decideDeployment(
        'shop',
        'prod',
        { id, verb, actor, signature: null, reason, minutes },
        words.id(),
      );
    },
    told: (topic: string) => world().script.told.filter((text) => text.startsWith(`${topic}: ${words.id()}`)).length,
    waitingFor: async () => {
      const { typedSearchAttributes } = await world().environment.client.workflow.getHandle(words.run()).describe();
      return typedSearchAttributes.getAll().find(({ key }) => key.name === 'TidegateWaitingFor')?.value ?? null;
    },
  };
  return words;
}

describe('a soft breach asks people', () => {
  // Answers meet ends of activities, and the time-skipping server loses them then.
  const world = startWorld(testPolicy(), () => undefined, devServer);
  const { asked, decide, end, id, leaves, quiet, state, told, until, waitingFor } = wordsIn(world);

  it('releases what somebody lets pass, and keeps the question, the answer and who gave it on record', async () => {
    await asked(asksAbout('drift'));
    await world().eventually('people know', () => told('question') === 1);
    expect(await waitingFor()).toBe('person');
    expect(await state()).toMatchObject({ phase: 'watch', breach: { rule: 'drift' } });
    expect(sentenceOf(await decide('dev', 'continue'))).toContain('continue is for admin or manager');
    expect(sentenceOf(await decide('bo', 'continue', { reason: 'the cache warms up' }))).toBe('accepted');
    const ended = await end();
    expect(ended).toMatchObject({
      verdict: 'Released',
      questions: [{ answer: { verb: 'continue', by: 'bo', surface: 'cli', reason: 'the cache warms up' } }],
    });
    expect(ended.reason).toMatch(/^released with a soft breach: drift at T\+2 min; bo answered continue by cli at /);
    expect(await waitingFor()).toBe('none');
    expect([told('question'), told('answered'), told('escalation')]).toEqual([1, 1, 0]);
  });

  it('asks again about another rule, and never twice about one', async () => {
    await asked(asksAbout('drift', 'queue'));
    await decide('ann', 'continue');
    await until('it asks about the queue', ({ questions }) => questions.length === 2);
    await quiet();
    await decide('bo', 'continue');
    const { verdict, questions } = await end();
    expect([verdict, ...questions.map(({ breach, answer }) => [breach.rule, answer?.by])]).toEqual([
      'Released',
      ['drift', 'ann'],
      ['queue', 'bo'],
    ]);
  });

  it('rolls back when somebody says so, with the reason; a later answer is told the first', async () => {
    const { script } = world();
    await asked(asksAbout('drift'));
    let release = (): void => undefined;
    script.hold = new Promise<void>((resolve) => (release = resolve));
    expect(sentenceOf(await decide('bo', 'rollback', { reason: 'too slow' }))).toBe('accepted');
    expect(sentenceOf(await decide('ann', 'continue'))).toMatch(
      /^wrong-state: The question of .* bo answered rollback by cli/,
    );
    script.hold = Promise.resolve();
    release();
    const { verdict, reason, rollback, questions } = await end();
    expect([verdict, rollback?.verified, questions.length]).toEqual(['Rolled-Back', true, 1]);
    expect(reason).toMatch(/^drift at T\+2 min; bo answered rollback by cli at .*: too slow$/);
  });

  it('takes an answer that was sent twice as one', async () => {
    await asked(asksAbout('drift'));
    await decide('bo', 'continue', { id: 'same' });
    expect(sentenceOf(await decide('bo', 'continue', { id: 'same' }))).toMatch(/^accepted|no-run/);
    expect((await end()).questions).toHaveLength(1);
  });

  it('watches longer when asked to, within the bound, and asks again at the new end', async () => {
    const windows: number[] = [];
    await asked((order) => {
      if (order.settled !== null) windows.push(order.windowMs / MINUTE);
      return order.settled?.some(({ answer }) => answer === 'continue') || order.settled === null
        ? PASS
        : soft('drift');
    });
    expect(sentenceOf(await decide('bo', 'extend', { minutes: 31 }))).toContain('may grow by 30 min in all');
    await decide('bo', 'extend', { minutes: 20 });
    await until('it asks again', ({ questions }) => questions.length === 2);
    await quiet();
    expect(sentenceOf(await decide('bo', 'extend', { minutes: 11 }))).toContain('10 are left');
    await decide('ann', 'continue');
    expect((await end()).verdict).toBe('Released');
    expect(windows).toEqual([15, 35, 35]);
  });

  it('rolls back at once on a hard breach while people are still being asked', async () => {
    await leaves(({ settled, windowMs, policy }) => {
      if (windowMs === policy.miniWindowMs) return PASS;
      return settled === null ? hard : soft('drift');
    });
    const ended = await end();
    expect(ended).toMatchObject({
      verdict: 'Rolled-Back',
      reason: 'errors-2x at T+2 min',
      rollback: { verified: true },
    });
    expect(ended.questions).toMatchObject([{ breach: { rule: 'drift' }, answer: null }]);
    expect(sentenceOf(await decide('bo', 'continue'))).toBe('no-run');
  });

  it('takes no answer that nobody signed, and lets an operator in the Temporal UI abort', async () => {
    await asked(asksAbout('drift'));
    const run = world().environment.client.workflow.getHandle(`deploy/shop/prod/${id()}`);
    await run.signal(decideDeploymentSignal, { verb: 'continue', actor: { id: 'ann', roles: ['admin'] } } as never);
    await run.signal('decide', 'nonsense');
    await run.signal(decideDeploymentSignal, { verb: 'abort', reason: 'stop it' } as never);
    const ended = await end();
    expect(ended).toMatchObject({
      verdict: 'Rolled-Back',
      reason: 'aborted by operator via Temporal: stop it',
      abort: { by: 'operator via Temporal', surface: 'temporal-ui' },
      rollback: { verified: true },
    });
    const notes = (await world().ledger.timeline('shop', `deploy/${id()}`, 200)).map(({ event }) => event.kind);
    expect(notes).toEqual(expect.arrayContaining(['decision.refused', 'message.malformed']));
  });
});

describe('a soft breach that nobody answers', () => {
  const world = startWorld();
  const { asked, decide, end, state, told } = wordsIn(world);

  it('rolls production back when nobody answers, after it called for more people', async () => {
    await asked(asksAbout('drift'));
    await world().clockForward(6 * MINUTE);
    await world().eventually('more people know', () => told('escalation') === 1);
    expect((await state()).questions[0]?.escalatedAt).not.toBeNull();
    await world().clockForward(10 * MINUTE);
    const { verdict, reason, questions } = await end();
    expect(verdict).toBe('Rolled-Back');
    expect(reason).toMatch(/nobody answered until .*, so rollback counts, as configured$/);
    expect(questions[0]?.answer).toMatchObject({ by: 'tidegate', byDefault: true });
    expect(told('escalation')).toBe(2);
  });

  it('calls nobody else once somebody has taken it, and the deadline stands all the same', async () => {
    await asked(asksAbout('drift'));
    expect(sentenceOf(await decide('bo', 'take'))).toBe('accepted');
    expect(sentenceOf(await decide('bo', 'take'))).toContain('bo has taken the question');
    await world().clockForward(6 * MINUTE);
    expect((await state()).questions[0]).toMatchObject({ owner: { by: 'bo' }, escalatedAt: null, answer: null });
    await world().clockForward(10 * MINUTE);
    expect((await end()).verdict).toBe('Rolled-Back');
  });
});
