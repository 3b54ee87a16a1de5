/**
 * A thousand seeded orders of what people and trains may do to one bug at once, through the same signature check, table
 * and fold as its run (6-faults abuses 4 and 6, F25 to F29).
 */
import fc from 'fast-check';
import type { BugEvent, BugState, Fix } from '../../src/domain/bug';
import { evolveBug } from '../../src/domain/bug-evolve';
import { decideBug } from '../../src/domain/decision';
import { requestId } from '../../src/domain/ids';
import { TIDEGATE, type Actor } from '../../src/domain/people';
import { attest } from '../../src/domain/signed';
import type { BugDecision, BugVerb } from '../../src/domain/verbs';
import { verifyEd25519 } from '../../src/drivers/ed25519/keys';
import { AT, HEAD, OTHER_HEAD } from '../api/sample';
import { signedFor, SIGNER } from '../support/signing';
import { bugIn, decisionTo, FIX_OF_MONA, POLICY } from './bugs';

const PEOPLE: readonly Actor[] = (['ann', 'bo'] as const).flatMap((id) =>
  (['api', 'telegram'] as const).map((surface): Actor => ({ id, roles: ['admin'], surface })),
);
const head = (index: number): string => (index % 2 === 0 ? HEAD : OTHER_HEAD);

type Move =
  | { readonly move: 'approve'; readonly who: number; readonly head: number; readonly replay: boolean }
  | { readonly move: 'attach'; readonly head: number }
  | { readonly move: 'fail' | 'withdraw'; readonly who: number }
  | { readonly move: 'candidate' | 'leave' };

const fixAt = (index: number): Fix => ({ ...FIX_OF_MONA, head: head(index) });
const number = fc.nat(3);
const approval = fc.record({ move: fc.constant('approve' as const), who: number, head: number, replay: fc.boolean() });
const move: fc.Arbitrary<Move> = fc.oneof(
  { weight: 4, arbitrary: approval },
  { weight: 1, arbitrary: fc.record({ move: fc.constant('attach' as const), head: number }) },
  { weight: 1, arbitrary: fc.record({ move: fc.constantFrom('fail' as const, 'withdraw' as const), who: number }) },
  { weight: 4, arbitrary: fc.record({ move: fc.constantFrom('candidate' as const, 'leave' as const) }) },
);

/** One bug's run in small: what its gate emits, and what its environment does with the request. */
function story(moves: readonly Move[]) {
  let state: BugState = bugIn('deployed_uat');
  let now = AT;
  const approvals: { readonly head: string; readonly by: string; readonly round: number }[] = [];
  const left: { readonly head: string; readonly request: string; readonly round: number }[] = [];
  const sentBefore: BugDecision[] = [];

  const emit = (event: BugEvent, by: Actor = TIDEGATE): void => {
    state = evolveBug(state, { ...event, at: now, actor: by.id, surface: by.surface, reason: 'because' });
  };
  const decide = (sent: BugDecision, event: () => BugEvent): boolean => {
    const gate = {
      workflow: 'bug/shop/7',
      round: state.statusAt,
      revision: state.revision,
      signers: [SIGNER.publicKey],
    };
    const { kind } = attest(sent, gate, now, verifyEd25519);
    const by = sent.actor;
    if (kind !== 'signed' || by === null || !decideBug({ state, policy: POLICY }, sent, by).allowed) return false;
    emit(event(), by);
    return true;
  };

  function approve(index: number, wish: number, replay: boolean): void {
    const actor = PEOPLE[index] ?? PEOPLE[0] ?? null;
    const fresh = signedFor(state, decisionTo('approve-prod', { id: `d${now}`, actor, sha: head(wish) }), now);
    const sent = (replay ? sentBefore.at(-1) : undefined) ?? fresh;
    sentBefore.push(fresh);
    const round = state.statusAt;
    const sha = state.fix?.head ?? '';
    const by = sent.actor?.id ?? '';
    const proof = { text: '', signature: sent.signature ?? '' };
    const approval = { by, roles: [], at: now, sha, productionSha: null, reason: null, proof };
    const request = requestId('7', 'prod', sha, round);
    const booking = { env: 'prod', slot: 'T2', at: now, graceUntil: now, label: '', request } as const;
    if (decide(sent, () => ({ kind: 'bug.approved', data: { approval, missing: 0, booking } }))) {
      approvals.push({ head: sent.sha ?? '', by, round });
    }
  }

  function send(verb: BugVerb, index: number, event: BugEvent): void {
    const decision = decisionTo(verb, { id: `d${now}`, actor: PEOPLE[index] ?? null });
    decide(signedFor(state, decision, now), () => event);
  }

  function validate(): void {
    if (state.status !== 'planned' || state.fix === null) return;
    const fixHead = state.fix.head;
    const validation = { deployment: `u${now}`, version: '1', sha: fixHead, fixHead, alsoHolds: [] };
    emit({ kind: 'bug.deployed-uat', data: { validation } });
  }

  function leave(): void {
    const request = state.booking?.request ?? null;
    if (state.status !== 'pending_prod' || request === null || state.fix === null) return;
    left.push({ head: state.fix.head, request, round: approvals.at(-1)?.round ?? 0 });
    const blocked = { what: 'it came back', whoCanLift: 'anybody', files: [] };
    emit({ kind: 'bug.returned', data: { to: 'deployed_uat', deployment: `p${now}`, blocked, breach: null } });
  }

  for (const step of moves) {
    now += 1;
    switch (step.move) {
      case 'approve':
        approve(step.who, step.head, step.replay);
        break;
      case 'attach':
        send('attach-fix', 0, { kind: 'bug.fix-attached', data: { fix: fixAt(step.head), booking: null } });
        break;
      case 'fail':
        send('fail-validation', step.who, { kind: 'bug.validation-failed', data: {} });
        break;
      case 'withdraw':
        send('withdraw', step.who, { kind: 'bug.approval-withdrawn', data: { by: PEOPLE[step.who]?.id ?? '' } });
        break;
      case 'candidate':
        validate();
        break;
      case 'leave':
        leave();
        break;
    }
  }
  return { approvals, left };
}

test('in any order of candidates, approvals, replays, failures and withdrawals, only an approved commit leaves, and each approval once', () => {
  let rides = 0;
  fc.assert(
    fc.property(fc.array(move, { minLength: 4, maxLength: 30 }), (moves) => {
      const { approvals, left } = story(moves);
      rides += left.length;
      for (const ride of left) {
        expect(approvals.some(({ head: sha, round }) => sha === ride.head && round === ride.round)).toBe(true);
      }
      expect(new Set(left.map(({ request }) => request)).size).toBe(left.length);
      expect(left.length).toBeLessThanOrEqual(approvals.length);
    }),
    { numRuns: 1_000, seed: 20261121 },
  );
  // Orders that never reach production would prove nothing.
  expect(rides).toBeGreaterThan(100);
});
