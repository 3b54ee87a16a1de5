import fc from 'fast-check';
import { BUG_STATUSES, STATUS_COLOURS, type BugEvent, type BugState, type BugStatus } from '../../src/domain/bug';
import { evolveBug } from '../../src/domain/bug-evolve';
import { HEAD, OTHER_HEAD } from '../api/sample';
import { AT, BLOCKED, bookedFor, bugAfter, bugIn, FIX_OF_MONA, frozen, HAPPENED, stamped } from './bugs';

const after = (state: BugState, event: BugEvent, by = 'ann', reason: string | null = null): BugState =>
  evolveBug(frozen(state), frozen(stamped(event, by, AT + 60_000, reason)));

test('the eleven statuses and their colours stand as the source lists them: boards and people rely on both', () => {
  expect(Object.entries(STATUS_COLOURS)).toEqual([
    ['submitted', 'grey'],
    ['confirmed', 'blue'],
    ['analyzing', 'purple'],
    ['planned', 'indigo'],
    ['deployed_uat', 'cyan'],
    ['pending_prod', 'yellow'],
    ['deployed_prod', 'green'],
    ['pending_uat_merge', 'purple'],
    ['uat_merged', 'teal'],
    ['closed', 'emerald'],
    ['rejected', 'red'],
  ]);
  expect(BUG_STATUSES).toHaveLength(11);
});

const T1 = bookedFor('uat', 'T1', AT + 1);
const OTHER_FIX = { ...FIX_OF_MONA, head: OTHER_HEAD };
const attached: BugEvent = { kind: 'bug.fix-attached', data: { fix: OTHER_FIX, booking: T1 } };
const backTo = (to: BugStatus): BugEvent => ({
  kind: 'bug.returned',
  data: { to, deployment: 'shop-prod-1', blocked: BLOCKED, breach: null },
});

/** T-032, T-033 and X-06 as a table: what happens where leads where. */
const TRANSITIONS: readonly (readonly [from: BugStatus, what: string, event: BugEvent, to: BugStatus])[] = [
  ['submitted', 'confirmed', HAPPENED.confirmed, 'confirmed'],
  ['submitted', 'rejected', HAPPENED.rejected, 'rejected'],
  ['submitted', 'withdrawn', { kind: 'bug.withdrawn', data: {} }, 'closed'],
  ['submitted', 'given a fix', attached, 'submitted'],
  ['confirmed', 'given a fix', attached, 'confirmed'],
  ['confirmed', 'blocked', HAPPENED.blocked, 'confirmed'],
  ['confirmed', 'analysed', HAPPENED.analysing, 'analyzing'],
  ['analyzing', 'planned', HAPPENED.planned, 'planned'],
  ['planned', 'moved', { kind: 'bug.moved', data: { from: AT, booking: T1, why: 'freeze' } }, 'planned'],
  ['planned', 'deployed for validation', HAPPENED.onValidation, 'deployed_uat'],
  ['planned', 'back from a failed train to validation', backTo('planned'), 'planned'],
  ['deployed_uat', 'found not to work', { kind: 'bug.validation-failed', data: {} }, 'planned'],
  ['deployed_uat', 'given another fix', attached, 'planned'],
  ['deployed_uat', 'approved by one of two', HAPPENED.halfApproved, 'deployed_uat'],
  ['deployed_uat', 'approved', HAPPENED.approved, 'pending_prod'],
  ['deployed_uat', 'closed', HAPPENED.closed, 'closed'],
  ['pending_prod', 'given another fix', attached, 'planned'],
  ['pending_prod', 'no longer approved', { kind: 'bug.approval-withdrawn', data: { by: 'mia' } }, 'deployed_uat'],
  ['pending_prod', 'back from a failed train to production', backTo('deployed_uat'), 'deployed_uat'],
  ['pending_prod', 'shipped', HAPPENED.shipped, 'deployed_prod'],
];

test.each(TRANSITIONS)('a bug that is %s and was %s is where people look for it', (from, _, event, to) => {
  const before = bugIn(from);
  const now = after(before, event);
  expect(now.status).toBe(to);
  expect(now.statusAt).toBe(from === to ? before.statusAt : AT + 60_000);
});

test.each([
  ['another fix', attached],
  ['a failed validation', { kind: 'bug.validation-failed', data: {} }],
  ['a failed train', backTo('deployed_uat')],
] as const)('%s voids every approval and every seat, so that nothing leaves on an old word', (_, event) => {
  for (const status of ['deployed_uat', 'pending_prod'] as const) {
    const state = after({ ...bugIn(status), approvals: bugIn('pending_prod').approvals }, event);
    expect(state.approvals).toEqual([]);
    expect(state.booking?.request ?? null).toBeNull();
  }
});

test('a failed train to production keeps what was validated; one to validation does not', () => {
  expect(after(bugIn('pending_prod'), backTo('deployed_uat')).validation?.fixHead).toBe(HEAD);
  expect(after(bugIn('planned'), backTo('planned')).validation).toBeNull();
});

test('a failed validation keeps the reason on the bug and says who can go on', () => {
  const state = after(bugIn('deployed_uat'), { kind: 'bug.validation-failed', data: {} }, 'bo', 'price still wrong');
  expect(state.blocked).toMatchObject({
    what: 'Validation failed: price still wrong',
    whoCanLift: 'a developer with a new fix (attach-fix), or retry',
  });
});

test('one of two who takes back leaves the other vote standing', () => {
  const [first] = bugIn('pending_prod').approvals;
  if (first === undefined) throw new Error('approved by mia');
  const state = { ...bugIn('pending_prod'), approvals: [first, { ...first, by: 'bo' }] };
  const now = after(state, { kind: 'bug.approval-withdrawn', data: { by: 'mia' } });
  expect(now).toMatchObject({ status: 'deployed_uat', booking: null, approvals: [{ by: 'bo' }] });
});

test('flow 1 ends on production, flow 2 goes on to the merge there; closed, rejected and merged are ends', () => {
  expect(bugIn('deployed_prod').endedAt).toBe(AT);
  const flow2 = { ...bugIn('pending_prod'), flow: 'flow2' as const };
  expect(after(flow2, HAPPENED.shipped)).toMatchObject({ status: 'deployed_prod', endedAt: null });
  expect(bugIn('closed').endedAt).toBe(AT);
  expect(bugIn('rejected').endedAt).toBe(AT);
});

test('a deployment stands once on a bug, however often its end is told', () => {
  const state = after(bugAfter('confirmed', 'analysing', 'planned', 'onValidation'), HAPPENED.onValidation);
  expect(state.deployments).toEqual(['shop-uat-1']);
});

test('a story without its beginning is a mistake that is heard', () => {
  expect(() => evolveBug(null, stamped(HAPPENED.closed))).toThrow('a bug begins with bug.reported, not bug.closed');
});

const anyEvent: fc.Arbitrary<BugEvent> = fc.oneof(
  fc.constantFrom<BugEvent>(
    ...Object.values(HAPPENED),
    attached,
    backTo('planned'),
    backTo('deployed_uat'),
    { kind: 'bug.withdrawn', data: {} },
    { kind: 'bug.validation-failed', data: {} },
    { kind: 'bug.approval-withdrawn', data: { by: 'mia' } },
    { kind: 'bug.booked', data: { booking: null } },
    { kind: 'bug.moved', data: { from: null, booking: T1, why: 'freeze' } },
  ),
  fc
    .constantFrom('flow1', 'flow2', 'hotfix', null)
    .map((flow): BugEvent => ({ kind: 'bug.retried', data: { flow, booking: null } })),
);

test('whatever happens in whatever order: the fold never throws, never writes to its inputs, and knows its statuses', () => {
  fc.assert(
    fc.property(fc.array(anyEvent, { maxLength: 30 }), (events) => {
      let state = frozen(evolveBug(null, stamped(HAPPENED.reported, 'rita')));
      for (const [index, event] of events.entries()) {
        const next = frozen(evolveBug(state, frozen(stamped(event, 'ann', AT + index))));
        expect(BUG_STATUSES).toContain(next.status);
        expect(next.statusAt === state.statusAt || next.statusAt === AT + index).toBe(true);
        expect(next).toEqual(evolveBug(state, stamped(event, 'ann', AT + index)));
        state = next;
      }
    }),
  );
});
