/** Any people, trains and nights in any order: what must hold of a bug wherever it stands. */
import fc from 'fast-check';
import type { BugEvent, BugState, Fix } from '../../src/domain/bug';
import { evolveBug } from '../../src/domain/bug-evolve';
import { afterRide, nextStep, type RideEnd } from '../../src/domain/bug-plan';
import { awaitedVerbs, bugOutlook } from '../../src/domain/bug-view';
import { approvalRule, countedApprovals, decideBug, possibleVerbs } from '../../src/domain/decision';
import { TIDEGATE, type Actor } from '../../src/domain/people';
import type { ServicePolicy } from '../../src/domain/policy';
import { BUG_VERBS, type BugVerb } from '../../src/domain/verbs';
import {
  approvalOf,
  AT,
  BLOCKED,
  bookedFor,
  decisionTo,
  FIX_OF_MONA,
  frozen,
  HAPPENED,
  PEOPLE,
  POLICY,
  stamped,
  TWO_EACH,
} from './bugs';

const HOUR = 3_600_000;
const sha = (n: number): string => n.toString(16).padStart(40, '0');
const ENDS = ['Released', 'Rolled-Back', 'Aborted', 'left behind'] as const;

/** Somebody decides. */
interface Word {
  readonly by: Actor;
  readonly verb: BugVerb;
  readonly stale: boolean;
  readonly blocked: boolean;
}
/** The run takes its own next step. */
interface Step {
  readonly end: (typeof ENDS)[number];
  readonly fixFound: boolean;
}
type Turn = Word | Step;

const word = (people: readonly Actor[], verbs: readonly BugVerb[]): fc.Arbitrary<Turn> =>
  fc.record({
    by: fc.constantFrom(...people),
    verb: fc.constantFrom(...verbs),
    stale: fc.nat(3).map((n) => n === 0),
    blocked: fc.boolean(),
  });
const step: fc.Arbitrary<Turn> = fc.record({ end: fc.constantFrom('Released', ...ENDS), fixFound: fc.boolean() });

/** Words that lead on come more often than any words, so that walks get far. */
const turn: fc.Arbitrary<Turn> = fc.oneof(
  { weight: 6, arbitrary: step },
  { weight: 3, arbitrary: word(PEOPLE.slice(0, 2), ['confirm', 'approve-prod', 'retry']) },
  { weight: 1, arbitrary: word(PEOPLE, BUG_VERBS) },
);

interface Walk {
  readonly state: BugState;
  readonly policy: ServicePolicy;
  readonly now: number;
  readonly fixes: number;
}

const newFix = (walk: Walk): Fix => ({ ...FIX_OF_MONA, head: sha(walk.fixes + 1) });

function happen(walk: Walk, event: BugEvent, by = TIDEGATE): Walk {
  const state = frozen(evolveBug(walk.state, frozen(stamped(event, by.id, walk.now, 'because'))));
  const fixes = state.fix?.head === newFix(walk).head ? walk.fixes + 1 : walk.fixes;
  return { ...walk, state, fixes };
}

const nextT1 = (walk: Walk) => bookedFor('uat', 'T1', walk.now + HOUR);

/** What the gate makes of a decision that the table allows. */
function taken(walk: Walk, verb: BugVerb, by: Actor, blocked: boolean): readonly BugEvent[] {
  const { state, policy } = walk;
  switch (verb) {
    case 'confirm':
      return blocked
        ? [
            { kind: 'bug.confirmed', data: { ...HAPPENED.confirmed.data, flow: null, booking: null } },
            { kind: 'bug.blocked', data: BLOCKED },
          ]
        : [{ kind: 'bug.confirmed', data: { ...HAPPENED.confirmed.data, booking: nextT1(walk) } }];
    case 'attach-fix': {
      const waits = state.status !== 'submitted' && state.status !== 'confirmed';
      return [{ kind: 'bug.fix-attached', data: { fix: newFix(walk), booking: waits ? nextT1(walk) : state.booking } }];
    }
    case 'approve-prod': {
      const missing = Math.max(0, approvalRule(policy, state.severity).count - countedApprovals(state) - 1);
      const booking = missing > 0 ? null : bookedFor('prod', 'T2', walk.now + HOUR, `r${walk.now}`);
      return [{ kind: 'bug.approved', data: { approval: approvalOf(by.id, state.fix?.head), missing, booking } }];
    }
    case 'retry':
      return [{ kind: 'bug.retried', data: { flow: 'flow1', booking: nextT1(walk) } }];
    case 'withdraw':
      return state.status === 'submitted'
        ? [{ kind: 'bug.withdrawn', data: {} }]
        : [{ kind: 'bug.approval-withdrawn', data: { by: by.id } }];
    case 'reject':
      return [HAPPENED.rejected];
    case 'fail-validation':
      return [{ kind: 'bug.validation-failed', data: {} }];
    case 'close':
      return [HAPPENED.closed];
  }
}

function decide(walk: Walk, { by, verb, stale, blocked }: Word): Walk {
  const { state, policy } = walk;
  const decision = decisionTo(
    verb,
    verb === 'approve-prod' ? { sha: stale ? sha(99) : (state.fix?.head ?? null) } : {},
  );
  const ruling = decideBug({ state, policy }, decision, by);
  if (!ruling.allowed) return walk;
  return taken(walk, verb, by, blocked).reduce((seen, event) => happen(seen, event, by), walk);
}

function rideEnd(env: string, end: (typeof ENDS)[number]): RideEnd {
  const verdict = end === 'left behind' ? 'Released' : end;
  const left = { bug: '7', reason: 'does not apply', files: ['price.js'], cause: 'conflict' } as const;
  const ran = verdict === 'Released';
  return {
    env,
    deployment: 'shop-1',
    verdict,
    reason: 'so it was',
    left: end === 'left behind' ? left : null,
    breach: null,
    version: ran ? '1.4.3' : null,
    sha: ran ? sha(7) : null,
    alsoHolds: [],
  };
}

function goOn(walk: Walk, { end, fixFound }: Step): Walk {
  const next = nextStep(walk.state, walk.now);
  switch (next.step) {
    case 'wait':
      return walk;
    case 'sleep':
      return { ...walk, now: next.until };
    case 'analyse': {
      const begun = happen(walk, HAPPENED.analysing);
      const fix = begun.state.fix ?? (fixFound ? newFix(begun) : null);
      const booking = fix === null ? nextT1(begun) : bookedFor('uat', 'T1', begun.now, `r${begun.now}`);
      return happen(begun, { kind: 'bug.planned', data: { analysis: null, fix, booking } });
    }
    case 'ride':
      return happen(walk, afterRide(walk.state, rideEnd(next.env, end), 'prod'));
  }
}

/** Somebody can do something, or the run goes on by itself. */
function waysOut({ state, policy, now }: Walk): readonly string[] {
  const next = nextStep(state, now).step;
  return [...(next === 'wait' ? [] : [next]), ...PEOPLE.flatMap((by) => possibleVerbs({ state, policy }, by))];
}

/** Everything that must hold after each turn, by name. */
function broken(walk: Walk, before: Walk): readonly string[] {
  const { state, policy, now } = walk;
  const { status, fix, approvals, endedAt } = state;
  const through = status === 'pending_prod' || status === 'deployed_prod';
  const outlook = bugOutlook(state, { policy, now, nextT2: null, environment: null });
  const nobodyMay = (verb: BugVerb) => !PEOPLE.some((by) => possibleVerbs({ state, policy }, by).includes(verb));
  const rules: Readonly<Record<string, boolean>> = {
    'the past is not later than the present': state.statusAt >= before.state.statusAt,
    'what ended stays ended': before.state.endedAt === null || state === before.state,
    'what is open has a way on, what ended has none': waysOut(walk).length > 0 === (endedAt === null),
    'an approval is for the present fix': approvals.every(({ sha: head }) => head === fix?.head),
    'four eyes': approvals.every(({ by }) => by !== 'rita' && by !== 'mona'),
    'enough people let it through': !through || countedApprovals(state) >= approvalRule(policy, state.severity).count,
    'what stands on validation is the fix': status !== 'deployed_uat' || state.validation?.fixHead === fix?.head,
    'somebody or something is waited for': (outlook.waitingFor === null) === (endedAt !== null),
    'who is waited for can act': !awaitedVerbs(state).some(nobodyMay),
  };
  return Object.entries(rules).flatMap(([rule, kept]) => (kept ? [] : [rule]));
}

test.each([
  ['one approval', POLICY],
  ['two approvals', TWO_EACH],
])(
  'with %s: no bug is ever stuck, none leaves without its approvals for the very fix, and what ended stays ended',
  (_, policy) => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(fc.array(turn, { minLength: 10, maxLength: 60, size: 'max' }), (turns) => {
        const state = frozen(evolveBug(null, stamped(HAPPENED.reported, 'rita')));
        let walk: Walk = { state, policy, now: AT, fixes: 0 };
        for (const each of turns) {
          const before = walk;
          walk = 'verb' in each ? decide(walk, each) : goOn(walk, each);
          const problems = broken(walk, before);
          if (problems.length > 0) throw new Error(`${problems.join('; ')}: ${JSON.stringify(walk.state)}`);
          seen.add(walk.state.status);
        }
      }),
      { numRuns: 600 },
    );
    expect(seen).toContain('deployed_prod');
    expect(seen).toContain('closed');
  },
);
