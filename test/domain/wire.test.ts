import fc from 'fast-check';
import { ROLES, SURFACES } from '../../src/domain/people';
import { BUG_VERBS, ENVIRONMENT_VERBS } from '../../src/domain/verbs';
import { isShaped, readBugDecision, readEnvironmentDecision, readRequest } from '../../src/domain/wire';
import { FIX_OF_MONA, frozen } from './bugs';

const FIELDS = ['id', 'verb', 'actor', 'signature', 'sha', 'reason', 'severity', 'foundIn', 'flow', 'ref'] as const;

/** Whatever somebody can type into Temporal's own UI: any JSON, and JSON that looks like a decision. */
const anything = fc.oneof(
  fc.jsonValue(),
  fc.dictionary(fc.constantFrom(...FIELDS), fc.jsonValue()),
  fc.record({
    verb: fc.constantFrom(...BUG_VERBS, ...ENVIRONMENT_VERBS),
    actor: fc.oneof(fc.jsonValue(), fc.record({ id: fc.jsonValue(), surface: fc.jsonValue(), roles: fc.jsonValue() })),
    reason: fc.jsonValue(),
  }),
);

test('no JSON that anybody sends breaks a run: it is read, or refused with a sentence', () => {
  const seen = { ok: 0, refused: 0 };
  fc.assert(
    fc.property(anything, fc.nat(), (value, seq) => {
      for (const reading of [readBugDecision(frozen(value), seq), readEnvironmentDecision(frozen(value), seq)]) {
        seen[reading.ok ? 'ok' : 'refused'] += 1;
        if (!reading.ok) expect(reading.problem).toMatch(/verb/);
        else if (reading.value.actor !== null) {
          expect(SURFACES).toContain(reading.value.actor.surface);
          expect(reading.value.actor.roles.every((role) => ROLES.includes(role))).toBe(true);
        }
      }
    }),
    { numRuns: 1_000 },
  );
  expect(Math.min(seen.ok, seen.refused)).toBeGreaterThan(50);
});

test('a decision that the API sends arrives word for word', () => {
  const sent = {
    id: 'd1',
    verb: 'confirm',
    actor: { id: 'ann', roles: ['admin'], surface: 'api' },
    signature: 's',
    sha: 'abc1234',
    reason: 'reproduced',
    severity: 'low',
    foundIn: 'uat',
    flow: 'flow1',
    ref: 'fix/7',
  } as const;
  expect(readBugDecision(sent, 3)).toEqual({ ok: true, value: sent });
  const { id, actor, signature, reason } = sent;
  expect(readEnvironmentDecision({ ...sent, verb: 'hold' }, 3)).toEqual({
    ok: true,
    value: { id, verb: 'hold', actor, signature, reason },
  });
});

test.each([
  ['no surface', { id: 'ann', roles: ['admin'] }],
  ['no id', { id: '', roles: ['admin'], surface: 'api' }],
  ['roles that are no list', { id: 'ann', roles: 'admin', surface: 'api' }],
  ['a name only', 'ann'],
])('an actor with %s is nobody: a half signed message has no power', (_, actor) => {
  expect(readBugDecision({ verb: 'retry', actor }, 1)).toMatchObject({ ok: true, value: { actor: null } });
});

test('roles that nobody knows are dropped, so that a typing error gives no power', () => {
  const actor = { id: 'ann', roles: ['root', 'manager'], surface: 'cli' };
  expect(readBugDecision({ verb: 'retry', actor }, 1)).toMatchObject({ value: { actor: { roles: ['manager'] } } });
});

test('a message without an id gets one of its own, and endless text is cut', () => {
  const reading = readBugDecision({ verb: 'retry', reason: 'x'.repeat(10_000) }, 12);
  expect(reading).toMatchObject({ ok: true, value: { id: 'unsigned-12', sha: null, reason: 'x'.repeat(4_000) } });
});

test("a machine's message counts only with all its fields", () => {
  const shape = { deployment: 'string', at: 'number', running: 'object' } as const;
  expect(isShaped({ deployment: 'shop-uat-1', at: 1, running: {}, more: true }, shape)).toBe(true);
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom('deployment', 'at', 'running'), (value, name) => {
      expect(isShaped(value, { ...shape, [`no-${name}`]: 'string' })).toBe(false);
    }),
  );
  expect(isShaped({ deployment: 'shop-uat-1', at: 1, running: null }, shape)).toBe(false);
});

describe('a request that no train could ever take holds nobody else up', () => {
  const now = Date.UTC(2026, 10, 21);
  const passenger = { bug: '7', title: 't', severity: 'low', modules: [], fix: FIX_OF_MONA, approvals: [] };
  const common = { id: 'r', told: null, label: null, announced: true, replyTo: 'bug/shop/7', at: now };
  const whole = { ...common, kind: 'slot', slot: 'T2', passenger };

  it('reads a whole one as it is', () => {
    expect(readRequest(frozen(whole), now)).toEqual(whole);
    const immediate = { ...whole, kind: 'immediate', slot: null, passenger: null };
    expect(readRequest(frozen(immediate), now)).toEqual(immediate);
  });

  it.each([
    { slot: 'T9' },
    { slot: null },
    { kind: 'soon' },
    { passenger: {} },
    { passenger: { ...passenger, fix: {} } },
    { passenger: { ...passenger, approvals: [null] } },
    { passenger: { ...passenger, modules: 'all' } },
    { at: Infinity },
    { at: now + 366 * 86_400_000 },
    { told: 'soon' },
    { id: '' },
    { replyTo: '' },
    { label: 7 },
  ])('lets go of one with %j', (wrong) => {
    expect(readRequest(frozen({ ...whole, ...wrong }), now)).toBeNull();
  });
});
