import type { BugState } from '../../src/domain/bug';
import { approvalRule, bugActions, countedApprovals, decideBug, type BugGate } from '../../src/domain/decision';
import type { Actor } from '../../src/domain/people';
import { BUG_VERBS, type BugDecision, type BugVerb, type Refusal } from '../../src/domain/verbs';
import { HEAD, OTHER_HEAD, policyOf } from '../api/sample';
import {
  approvalOf,
  bugAfter,
  bugIn,
  decisionTo,
  FIX_OF_MONA,
  PEOPLE,
  personCalled,
  POLICY,
  RULE,
  TWO_EACH,
} from './bugs';

const MANAGERS = 'ann bo rita mona mia';
const BUILDERS = 'ann bo sen dev rita mona mia';
const ANY_HAND = `${BUILDERS} ops operator-via-Temporal`;

type Row = Partial<Record<BugVerb, string>>;

/**
 * Who may what where, read from T-010 to T-034, X-10, X-18 and 4-interfaces §4: a verb that stands in a row is refused to everybody
 * else for who they are, and a verb that stands in none is refused to all for the state. mia has approved already.
 */
const TABLE: readonly (readonly [where: string, state: BugState, row: Row])[] = [
  [
    'submitted',
    bugIn('submitted'),
    { confirm: MANAGERS, reject: MANAGERS, 'attach-fix': BUILDERS, withdraw: 'rita', close: MANAGERS },
  ],
  ['confirmed', bugIn('confirmed'), { 'attach-fix': BUILDERS, close: MANAGERS }],
  [
    'confirmed and blocked',
    bugAfter('confirmed', 'blocked'),
    { 'attach-fix': BUILDERS, retry: ANY_HAND, close: MANAGERS },
  ],
  ['analyzing', bugIn('analyzing'), {}],
  ['planned', bugIn('planned'), { 'attach-fix': BUILDERS, close: MANAGERS }],
  [
    'planned and blocked',
    bugAfter('confirmed', 'analysing', 'planned', 'blocked'),
    { 'attach-fix': BUILDERS, retry: ANY_HAND, close: MANAGERS },
  ],
  [
    'deployed_uat',
    bugAfter('confirmed', 'analysing', 'planned', 'onValidation', 'halfApproved'),
    { 'attach-fix': BUILDERS, 'approve-prod': 'ann bo', 'fail-validation': MANAGERS, withdraw: 'mia', close: MANAGERS },
  ],
  ['pending_prod', bugIn('pending_prod'), { 'attach-fix': BUILDERS, withdraw: 'mia' }],
  ['deployed_prod of flow 1', bugIn('deployed_prod'), {}],
  ['deployed_prod of flow 2', { ...bugIn('deployed_prod'), flow: 'flow2', endedAt: null }, { close: MANAGERS }],
  ['pending_uat_merge', bugIn('pending_uat_merge'), {}],
  ['uat_merged', bugIn('uat_merged'), {}],
  ['closed', bugIn('closed'), {}],
  ['rejected', bugIn('rejected'), {}],
];

const named = ({ id }: Actor): string => id.replaceAll(' ', '-');
const allows = (row: Row, verb: BugVerb, actor: Actor): boolean =>
  row[verb]?.split(' ').includes(named(actor)) ?? false;

function codeInTable(row: Row, verb: BugVerb, actor: Actor): string {
  if (allows(row, verb, actor)) return 'allowed';
  const voted = verb === 'approve-prod' && actor.id === 'mia';
  return row[verb] === undefined || voted ? 'wrong-state' : 'not-allowed';
}

function refusalOf(gate: BugGate, decision: BugDecision, actor: Actor): Refusal | null {
  const ruling = decideBug(gate, decision, actor);
  return ruling.allowed ? null : ruling.refusal;
}

const inUat: BugGate = { state: bugIn('deployed_uat'), policy: POLICY };
const ann = personCalled('ann');
const bo = personCalled('bo');

describe('the decision table: who may what, in which state', () => {
  test.each(TABLE)('%s lets through whom the table names, and says to others why not', (_, state, row) => {
    const gate = { state, policy: TWO_EACH };
    const answers = (answer: (verb: BugVerb, actor: Actor) => string) =>
      Object.fromEntries(BUG_VERBS.map((verb) => [verb, PEOPLE.map((actor) => `${actor.id}: ${answer(verb, actor)}`)]));
    expect(answers((verb, actor) => refusalOf(gate, decisionTo(verb), actor)?.code ?? 'allowed')).toEqual(
      answers((verb, actor) => codeInTable(row, verb, actor)),
    );
  });

  test.each(TABLE)('%s: buttons, refusals and what is offered instead tell one story', (_, state, row) => {
    const gate = { state, policy: TWO_EACH };
    for (const actor of PEOPLE) {
      const possible = BUG_VERBS.filter((verb) => allows(row, verb, actor));
      for (const { verb, allowed, why } of bugActions(gate, actor)) {
        const refusal = refusalOf(gate, decisionTo(verb), actor);
        expect({ allowed, why }).toEqual({ allowed: refusal === null, why: refusal?.sentence ?? null });
        if (refusal !== null) expect(refusal.possible).toEqual(possible);
      }
    }
  });

  test('an unsigned message from Temporal may retry, but never approve, and is told where to go', () => {
    const operator = personCalled('operator via Temporal');
    expect(refusalOf(inUat, decisionTo('approve-prod'), operator)).toMatchObject({
      code: 'not-allowed',
      sentence: 'approve-prod needs a known person: approve through the API, CLI, board or bot.',
    });
    const gate = { state: bugAfter('confirmed', 'blocked'), policy: POLICY };
    expect(refusalOf(gate, decisionTo('retry', { reason: null }), operator)).toBeNull();
  });

  test('a refusal for the state names the state and the verbs that are possible', () => {
    expect(refusalOf({ state: bugIn('planned'), policy: POLICY }, decisionTo('approve-prod'), ann)).toEqual({
      code: 'wrong-state',
      sentence: 'Bug 7 is planned: approve-prod is not possible now. Possible: attach-fix, close.',
      presentSha: null,
      possible: ['attach-fix', 'close'],
    });
  });
});

describe('what a decision must say', () => {
  test.each(['high', 'critical'] as const)('a %s bug cannot be confirmed: it would wait for a slot', (severity) => {
    const sentence = `A ${severity} bug never waits for a slot: it is a hotfix (declare-hotfix), not confirmed. Confirm it as low or medium, or declare the hotfix.`;
    const reported = { state: { ...bugIn('submitted'), severity }, policy: POLICY };
    expect(refusalOf(reported, decisionTo('confirm'), ann)).toMatchObject({ code: 'invalid', sentence });
    const gate = { state: bugIn('submitted'), policy: POLICY };
    expect(refusalOf(gate, decisionTo('confirm', { severity }), ann)).toMatchObject({ code: 'invalid', sentence });
    expect(refusalOf(reported, decisionTo('confirm', { severity: 'medium' }), ann)).toBeNull();
  });

  test.each([
    ['reject', bugIn('submitted')],
    ['fail-validation', bugIn('deployed_uat')],
    ['close', bugIn('planned')],
  ] as const)('%s without a reason is refused, so that nobody wonders later', (verb, state) => {
    for (const reason of [null, '', '  \n']) {
      expect(refusalOf({ state, policy: POLICY }, decisionTo(verb, { reason }), ann)).toMatchObject({
        code: 'invalid',
        sentence: `${verb} needs a reason: say why in one sentence.`,
      });
    }
  });

  test('an approval without a SHA, a fix without a branch, an environment that is not there: each says what to give', () => {
    const approval = refusalOf(inUat, decisionTo('approve-prod', { sha: null }), bo);
    expect(approval).toMatchObject({ code: 'invalid', sentence: expect.stringContaining(HEAD) as string });
    const fix = refusalOf(inUat, decisionTo('attach-fix', { ref: ' ' }), bo);
    expect(fix).toMatchObject({ code: 'invalid', sentence: expect.stringContaining('such as fix/7.') as string });
    const gate = { state: bugIn('submitted'), policy: POLICY };
    const place = refusalOf(gate, decisionTo('confirm', { foundIn: 'qa' }), bo);
    expect(place?.sentence).toBe('shop has no environment qa; allowed: uat, prod.');
  });

  test('who may not act hears that before what is missing in the decision', () => {
    expect(refusalOf(inUat, decisionTo('close', { reason: null }), personCalled('dev'))?.code).toBe('not-allowed');
  });
});

describe('an approval is for the commit that was validated, by people who did not make it', () => {
  test.each(['planned', 'deployed_uat', 'pending_prod', 'deployed_prod'] as const)(
    'a SHA that is no longer the fix is said first in %s, with the present one',
    (status) => {
      for (const actor of PEOPLE) {
        expect(
          refusalOf({ state: bugIn(status), policy: POLICY }, decisionTo('approve-prod', { sha: OTHER_HEAD }), actor),
        ).toMatchObject({
          code: 'stale',
          presentSha: HEAD,
          sentence: 'The fix of bug 7 is now 4f6f1d2, not aaaaaaa: look at it again and approve 4f6f1d2.',
        });
      }
    },
  );

  test('seven digits name the commit, in either case; six do not', () => {
    for (const sha of [HEAD, HEAD.slice(0, 7), HEAD.slice(0, 12).toUpperCase()])
      expect(refusalOf(inUat, decisionTo('approve-prod', { sha }), bo)).toBeNull();
    for (const sha of [HEAD.slice(0, 6), `${HEAD}0`, ''])
      expect(refusalOf(inUat, decisionTo('approve-prod', { sha }), bo)?.code).toBe('stale');
  });

  test('neither the reporter nor the author counts, whatever their role, unless the policy lets them', () => {
    const sentences = ['rita', 'mona'].map(
      (who) => refusalOf(inUat, decisionTo('approve-prod'), personCalled(who))?.sentence,
    );
    expect(sentences).toEqual([
      'rita reported bug 7, and prod asks for four eyes. Somebody else who is admin or manager must approve.',
      'mona wrote the fix of bug 7, and prod asks for four eyes. Somebody else who is admin or manager must approve.',
    ]);
    const open = { ...inUat, policy: policyOf('shop', { ...RULE, notRequester: false }) };
    for (const who of ['rita', 'mona'])
      expect(refusalOf(open, decisionTo('approve-prod'), personCalled(who))).toBeNull();
  });

  test('a severity with a rule of its own asks for its people, all others for the default ones', () => {
    const strict = { count: 2, roles: ['senior' as const], notRequester: true };
    const { environments } = POLICY;
    const prod = { ...environments.prod, approvals: { default: RULE, freeze: RULE, severity: { medium: strict } } };
    const policy = { ...POLICY, environments: { ...environments, prod } } as typeof POLICY;
    expect([approvalRule(policy, 'low'), approvalRule(policy, 'medium')]).toEqual([RULE, strict]);
    const medium: BugGate = { state: { ...inUat.state, severity: 'medium' }, policy };
    expect(refusalOf(medium, decisionTo('approve-prod'), bo)?.sentence).toContain('is for senior; bo is manager');
    expect(refusalOf(medium, decisionTo('approve-prod'), personCalled('sen'))).toBeNull();
    expect(refusalOf({ ...inUat, policy }, decisionTo('approve-prod'), bo)).toBeNull();
  });

  test('where two are needed the same person does not count twice, and no vote for an older fix counts', () => {
    const state = { ...inUat.state, approvals: [approvalOf('bo'), approvalOf('bo'), approvalOf('ann', OTHER_HEAD)] };
    expect(countedApprovals(state)).toBe(1);
    const gate = { state, policy: TWO_EACH };
    expect(refusalOf(gate, decisionTo('approve-prod'), bo)).toMatchObject({
      code: 'wrong-state',
      sentence: 'bo has already approved bug 7; it waits for another person.',
    });
    expect(refusalOf(gate, decisionTo('approve-prod'), ann)).toBeNull();
  });

  test('only who approved takes an approval back, and only the reporter an unconfirmed report', () => {
    const pending = { state: bugIn('pending_prod'), policy: POLICY };
    expect(refusalOf(pending, decisionTo('withdraw'), ann)?.sentence).toBe(
      'ann has not approved bug 7, so there is nothing to take back. Approved by: mia.',
    );
    const submitted = { state: bugIn('submitted'), policy: POLICY };
    expect(refusalOf(submitted, decisionTo('withdraw'), ann)?.sentence).toBe(
      'Only its reporter, rita, may withdraw bug 7 before it is confirmed.',
    );
  });

  test('a fix that takes another flow is not let through by approve-prod', () => {
    const gate: BugGate = { ...inUat, state: { ...inUat.state, flow: 'hotfix' } };
    expect(refusalOf(gate, decisionTo('approve-prod'), bo)?.sentence).toBe(
      'Bug 7 takes hotfix: approve-prod belongs to flow1.',
    );
  });

  test('who wrote a fix is known by the addresses of the config, and by the name before the @ where it lists none', () => {
    const written = { ...inUat.state, fix: { ...FIX_OF_MONA, authors: ['B.Builder@Example.org'] } };
    const policy = { ...POLICY, emails: { bo: ['b.builder@example.org'], mona: ['m@example.org'] } };
    expect(refusalOf({ state: written, policy }, decisionTo('approve-prod'), bo)?.sentence).toContain(
      'bo wrote the fix',
    );
    expect(refusalOf({ ...inUat, policy }, decisionTo('approve-prod'), personCalled('mona'))).toBeNull();
    expect(refusalOf({ ...inUat, state: written }, decisionTo('approve-prod'), bo)).toBeNull();
  });
});
