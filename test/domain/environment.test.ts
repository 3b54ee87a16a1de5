import fc from 'fast-check';
import type { DeployRequest, EnvironmentEvent, EnvironmentState, Running } from '../../src/domain/environment';
import { decideEnvironment } from '../../src/domain/environment-decision';
import { emptyEnvironment, evolveEnvironment } from '../../src/domain/environment-evolve';
import { arrivalFor, deploymentOrder, remembered, shippedBy } from '../../src/domain/environment-plan';
import { ENVIRONMENT_VERBS, type EnvironmentDecision } from '../../src/domain/verbs';
import { AT, FIX_OF_MONA, frozen, PEOPLE, personCalled, POLICY, stamped } from './bugs';

const BASE = { version: '1.4.2', sha: 'a'.repeat(40) };
const bugs = ['1', '2', '3', '4'] as const;

const request = (id: string, bug: string): DeployRequest => ({
  id,
  kind: 'immediate',
  slot: 'T1',
  passenger: { bug, title: `bug ${bug}`, severity: 'low', modules: [], fix: FIX_OF_MONA, approvals: [] },
  at: AT,
  told: null,
  label: null,
  announced: true,
  replyTo: `bug/shop/${bug}`,
});

const runningWith = (...carried: string[]): Running => ({
  version: '1.4.2+bug',
  sha: 'b'.repeat(40),
  base: BASE,
  deployment: 'shop-uat-1',
  fixes: carried.map((bug) => ({ bug, fix: FIX_OF_MONA, leaving: false })),
  since: AT,
});

const begun = frozen(
  evolveEnvironment(
    null,
    stamped({ kind: 'environment.configured', data: { service: 'shop', env: 'uat', revision: 'r1' } }),
  ),
);

const after = (state: EnvironmentState, event: EnvironmentEvent, by = 'ann', reason: string | null = 'because') =>
  frozen(evolveEnvironment(state, frozen(stamped(event, by, AT, reason))));

const allAfter = (...events: EnvironmentEvent[]): EnvironmentState =>
  events.reduce<EnvironmentState>((state, event) => after(state, event), begun);

const asked = (id: string, bug: string): EnvironmentEvent => ({
  kind: 'environment.requested',
  data: { request: request(id, bug) },
});
const dropped = (bug: string): EnvironmentEvent => ({ kind: 'environment.fix-dropped', data: { bug } });

/** Everybody who waits leaves: what a run emits when it lets a train go. */
function departure({ queue, nextNumber, fence }: EnvironmentState): EnvironmentEvent {
  const deployment = `shop-uat-${nextNumber}`;
  const slotKey = `T1/${nextNumber}`;
  const current = { deployment, requests: queue, startedAt: AT, fence: fence + 2, slotKey, leaveUntil: null };
  return { kind: 'environment.departed', data: { current } };
}

/** A train's end. Released, it runs who was aboard and what it kept, some of which may have been taken off meanwhile. */
function arrival(state: EnvironmentState, released: boolean): EnvironmentEvent {
  const aboard = state.current?.requests.flatMap(({ passenger }) => passenger?.bug ?? []) ?? [];
  const kept = (state.running?.fixes ?? []).map(({ bug }) => bug);
  return {
    kind: 'environment.arrived',
    data: {
      deployment: state.current?.deployment ?? 'shop-uat-0',
      verdict: released ? 'Released' : 'Rolled-Back',
      running: released ? runningWith(...new Set([...kept, ...aboard])) : null,
      committed: released,
      unknown: null,
    },
  };
}

/** What may come next, as a function of the state in which it comes. */
const move: fc.Arbitrary<(state: EnvironmentState) => EnvironmentEvent | null> = fc.oneof(
  fc.tuple(fc.nat(9), fc.constantFrom(...bugs)).map(
    ([id, bug]) =>
      () =>
        asked(`r${id}`, bug),
  ),
  fc.nat(9).map((id) => () => ({ kind: 'environment.request-withdrawn' as const, data: { request: `r${id}` } })),
  fc.constantFrom(...bugs).map((bug) => () => dropped(bug)),
  fc.constant((state: EnvironmentState) => (state.current || state.queue.length === 0 ? null : departure(state))),
  fc.boolean().map((released) => (state: EnvironmentState) => arrival(state, released)),
  fc
    .constantFrom<EnvironmentEvent>(
      { kind: 'environment.held', data: {} },
      { kind: 'environment.resumed', data: {} },
      { kind: 'environment.announced', data: { requests: ['r1', 'r2'] } },
      { kind: 'environment.slot-planned', data: { slot: null, label: null, why: 'the calendar changed' } },
      { kind: 'environment.rechecked', data: { running: null, sentence: 'uat runs it' } },
      { kind: 'environment.base-advanced', data: { base: BASE, shipped: ['1'] } },
    )
    .map((event) => () => event),
  fc.tuple(fc.nat(5), fc.nat(5), fc.boolean()).map(([nextNumber, fence, anew]) => (state: EnvironmentState) => ({
    kind: 'environment.observed' as const,
    data: { running: state.running, source: 'endpoint', nextNumber, fence, restored: anew ? remembered(state) : null },
  })),
);

function broken(state: EnvironmentState, before: EnvironmentState): readonly string[] {
  const waiting = state.queue.map(({ id }) => id);
  const aboard = state.current?.requests.map(({ id }) => id) ?? [];
  const aboardBefore = before.current?.requests.map(({ passenger }) => passenger?.bug) ?? [];
  const lost = (before.running?.fixes ?? []).filter(
    ({ bug, leaving }) =>
      leaving &&
      !aboardBefore.includes(bug) &&
      state.running?.fixes.some((applied) => applied.bug === bug && !applied.leaving),
  );
  const rules: Readonly<Record<string, boolean>> = {
    'nothing waits twice': new Set(waiting).size === waiting.length,
    'what left waits no more': !aboard.some((id) => waiting.includes(id)),
    'what has ended never waits again': !waiting.some((id) => before.endedRequests.includes(id)),
    'the fence only grows': state.fence >= before.fence,
    'numbers only grow': state.nextNumber >= before.nextNumber,
    'what was taken off is not carried on by a train that it was not aboard': lost.length === 0,
  };
  return Object.entries(rules).flatMap(([rule, kept]) => (kept ? [] : [rule]));
}

test('whatever comes in whatever order: no request leaves twice, no number is given twice, nothing taken off returns', () => {
  let trains = 0;
  fc.assert(
    fc.property(fc.array(move, { minLength: 5, maxLength: 60, size: 'max' }), (moves) => {
      let state = begun;
      for (const next of moves) {
        const event = next(state);
        if (event === null) continue;
        const before = state;
        state = after(before, event);
        const problems = broken(state, before);
        if (problems.length > 0) throw new Error(`${problems.join('; ')} after ${JSON.stringify(event)}`);
        if (event.kind === 'environment.departed') trains += 1;
      }
    }),
    { numRuns: 300 },
  );
  expect(trains).toBeGreaterThan(100);
});

describe('what an environment remembers', () => {
  const riding = (): EnvironmentState => {
    const waiting = allAfter(asked('r1', '1'));
    return after(waiting, departure(waiting));
  };

  test('the end of another deployment than the present one changes nothing', () => {
    const state = riding();
    const late = {
      deployment: 'shop-uat-9',
      verdict: 'Released',
      running: null,
      committed: true,
      unknown: null,
    } as const;
    expect(after(state, { kind: 'environment.arrived', data: late })).toEqual(state);
  });

  test('only a committed build becomes the place to go back to', () => {
    const state = riding();
    expect(after(state, arrival(state, false)).lastGood).toBeNull();
    expect(after(state, arrival(state, true)).lastGood).toMatchObject({ version: '1.4.2+bug' });
  });

  test('an end that proves nothing stops everything until somebody looked', () => {
    const state = riding();
    const end = { deployment: 'shop-uat-1', verdict: 'Rolled-Back', running: null, committed: false } as const;
    const unknown = after(state, { kind: 'environment.arrived', data: { ...end, unknown: 'no answer' } });
    expect(unknown.unknown).toEqual({ deployment: 'shop-uat-1', reason: 'no answer', at: AT });
    const looked: EnvironmentEvent = { kind: 'environment.rechecked', data: { running: null, sentence: 'it runs' } };
    expect(after(unknown, looked).unknown).toBeNull();
  });

  test('who waits for a slot is told its instant with the plan; who missed the cutoff is not', () => {
    const slot = { kind: 'T2' as const, key: 'k', at: AT + 20, cutoffAt: AT + 10, graceUntil: AT + 30 };
    const late = { ...request('r2', '2'), kind: 'slot' as const, at: slot.cutoffAt };
    const early = { ...late, id: 'r1', at: slot.cutoffAt - 1 };
    const { queue } = allAfter(
      { kind: 'environment.requested', data: { request: early } },
      { kind: 'environment.requested', data: { request: late } },
      { kind: 'environment.slot-planned', data: { slot, label: '22:00', why: null } },
    );
    expect(queue.map(({ id, told, label }) => ({ id, told, label }))).toEqual([
      { id: 'r1', told: AT + 20, label: '22:00' },
      { id: 'r2', told: null, label: null },
    ]);
  });

  test('a person holds once, with the last reason, and lets go only of the own hold', () => {
    const held: EnvironmentEvent = { kind: 'environment.held', data: {} };
    const state = after(after(after(begun, held, 'ann', 'payday'), held, 'bo', 'audit'), held, 'ann', 'still payday');
    expect(state.holds.map(({ by, reason }) => `${by}: ${reason}`)).toEqual(['bo: audit', 'ann: still payday']);
    expect(after(state, { kind: 'environment.resumed', data: {} }, 'ann').holds.map(({ by }) => by)).toEqual(['bo']);
  });

  test('a story without its beginning is a mistake that is heard', () => {
    expect(() => evolveEnvironment(null, stamped(asked('r1', '1')))).toThrow('begins with environment.configured');
  });
});

describe('what a train takes along', () => {
  const observed: EnvironmentEvent = {
    kind: 'environment.observed',
    data: { running: runningWith('1', '2', '3'), source: 'endpoint', nextNumber: 4, fence: 6, restored: null },
  };
  const waiting = allAfter(observed, dropped('2'), asked('r3', '3'), asked('r4', '4'));
  const state = after(waiting, departure(waiting));
  if (state.current === null) throw new Error('it has departed');
  const current = state.current;

  test('below production: who is aboard and what stays, without what was taken off, on the released version', () => {
    const order = deploymentOrder(state, POLICY, current);
    expect(order.id).toBe('shop-uat-4');
    expect(order.fence).toBe(8);
    expect(order.passengers.map(({ bug }) => bug)).toEqual(['3', '4']);
    expect(order.kept.map(({ bug }) => bug)).toEqual(['1']);
    expect(order.base).toEqual(BASE);
  });

  test('to production: exactly who was let through, on what runs there', () => {
    const order = deploymentOrder({ ...state, env: 'prod' }, POLICY, current);
    expect(order.kept).toEqual([]);
    expect(order.base).toEqual({ version: '1.4.2+bug', sha: 'b'.repeat(40) });
  });

  test('each passenger hears of its own end: who stayed behind why, and never of itself as another', () => {
    const left = { bug: '4', reason: 'does not apply', files: ['price.js'], cause: 'conflict' } as const;
    const end = {
      deployment: 'shop-uat-4',
      verdict: 'Released',
      reason: 'held',
      breach: null,
      left: [left],
      running: runningWith('1', '3'),
      alsoHolds: ['1', '3'],
    } as const;
    const [third, fourth] = current.requests.map((each) => arrivalFor(each, 'uat', end));
    expect(third).toMatchObject({ request: 'r3', left: null, version: '1.4.2+bug', alsoHolds: ['1'] });
    expect(fourth).toMatchObject({ request: 'r4', left });
    expect(shippedBy(current, [left])).toEqual(['3']);
  });
});

describe('stop the line, go on, look again', () => {
  const empty = emptyEnvironment('shop', 'uat');
  const heldBy = (...people: string[]) => ({ ...empty, holds: people.map((by) => ({ by, reason: 'payday', at: AT })) });
  const decisionTo = (verb: EnvironmentDecision['verb'], reason: string | null = 'why'): EnvironmentDecision => ({
    id: 'e1',
    verb,
    actor: null,
    signature: null,
    reason,
  });
  const MANAGERS = ['ann', 'bo', 'rita', 'mona', 'mia'];
  const EVERY_HAND = [...MANAGERS, 'operator via Temporal'];

  test('hold and resume are for managers and an operator at Temporal, recheck for managers', () => {
    const state = heldBy(...PEOPLE.map(({ id }) => id));
    const allowed = ENVIRONMENT_VERBS.map((verb) =>
      PEOPLE.filter((actor) => decideEnvironment(state, decisionTo(verb), actor).allowed).map(({ id }) => id),
    );
    expect(allowed).toEqual([EVERY_HAND, EVERY_HAND, MANAGERS]);
  });

  const refusalOf = (state: EnvironmentState, decision: EnvironmentDecision, who = 'ann') => {
    const ruling = decideEnvironment(state, decision, personCalled(who));
    return ruling.allowed ? null : `${ruling.refusal.code}: ${ruling.refusal.sentence}`;
  };

  test('every refusal says what is missing, or who holds', () => {
    expect(refusalOf(empty, decisionTo('hold', ' '))).toBe(
      'invalid: hold needs a reason: say why shop uat must stand still.',
    );
    expect(refusalOf(heldBy('bo'), decisionTo('resume'))).toBe('wrong-state: ann does not hold shop uat. Held by: bo.');
    expect(refusalOf(empty, decisionTo('hold'), 'dev')).toContain('not-allowed: hold is for admin or manager');
    const waiting = allAfter(asked('r1', '1'));
    expect(refusalOf(after(waiting, departure(waiting)), decisionTo('recheck'))).toBe(
      'wrong-state: shop uat is being deployed to (shop-uat-1): recheck it once that has ended.',
    );
  });
});
