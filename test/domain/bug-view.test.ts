import type { BugState } from '../../src/domain/bug';
import { awaitedVerbs, boundFor, bugOutlook, type BugFacts, type BugOutlook } from '../../src/domain/bug-view';
import { bugDetails } from '../../src/domain/details';
import { emptyEnvironment } from '../../src/domain/environment-evolve';
import { HEAD } from '../api/sample';
import { AT, bookedFor, bugAfter, bugIn, POLICY, TWO_EACH } from './bugs';

const T2 = {
  service: 'shop',
  kind: 'T2',
  key: 'k',
  date: '2026-11-20',
  at: AT + 100,
  cutoffAt: AT + 90,
  graceUntil: AT + 200,
} as const;
const facts: BugFacts = { policy: POLICY, now: AT, nextT2: T2, environment: null };
const held = { ...emptyEnvironment('shop', 'prod'), holds: [{ by: 'ann', reason: 'payday', at: AT }] };

const shown = ({ waitingFor, nextEvent, blockedBy }: BugOutlook) => ({
  who: waitingFor?.who ?? null,
  what: waitingFor?.what ?? null,
  until: waitingFor?.until ?? null,
  next: nextEvent?.what ?? null,
  at: nextEvent?.at ?? null,
  blocked: blockedBy?.what ?? null,
});

const OUTLOOKS: readonly (readonly [what: string, state: BugState, outlook: ReturnType<typeof shown>])[] = [
  [
    'a report',
    bugIn('submitted'),
    { who: 'admin or manager', what: 'confirm or reject the report', until: null, next: null, at: null, blocked: null },
  ],
  [
    'a confirmed bug',
    bugIn('confirmed'),
    {
      who: 'tidegate',
      what: 'T1: analysis and deployment to uat',
      until: AT + 1,
      next: 'T1: analysis and deployment to uat',
      at: AT + 1,
      blocked: null,
    },
  ],
  [
    'a bug that Step 0 blocked',
    bugAfter('confirmed', 'blocked'),
    {
      who: 'a developer',
      what: 'a way past: the merge needs a person',
      until: null,
      next: null,
      at: null,
      blocked: 'the merge needs a person',
    },
  ],
  [
    'a bug under analysis',
    bugIn('analyzing'),
    {
      who: 'tidegate',
      what: 'the analysis of the likely root cause',
      until: null,
      next: 'deployment to uat, once the analysis is written',
      at: null,
      blocked: null,
    },
  ],
  [
    'a bug whose train to UAT has left',
    bugIn('planned'),
    {
      who: 'tidegate',
      what: 'the end of the deployment to uat',
      until: AT,
      next: 'the end of the deployment to uat',
      at: null,
      blocked: null,
    },
  ],
  [
    'a validated bug',
    bugIn('deployed_uat'),
    {
      who: 'admin or manager',
      what: `validation on uat, then approve-prod of ${HEAD.slice(0, 7)}`,
      until: T2.cutoffAt,
      next: 'T2: deployment to prod, if approved in time',
      at: T2.at,
      blocked: null,
    },
  ],
  [
    'an approved bug',
    bugIn('pending_prod'),
    {
      who: 'tidegate',
      what: 'T2: deployment to prod',
      until: AT + 1,
      next: 'T2: deployment to prod',
      at: AT + 1,
      blocked: null,
    },
  ],
];

test.each(OUTLOOKS)('%s says who must act, until when, and what comes next', (_, state, outlook) => {
  expect(shown(bugOutlook(state, facts))).toEqual(outlook);
});

test.each(['deployed_prod', 'closed', 'rejected', 'uat_merged'] as const)(
  'a bug that is %s waits for nobody',
  (status) => {
    expect(bugOutlook(bugIn(status), facts)).toEqual({ waitingFor: null, nextEvent: null, blockedBy: null });
    expect(awaitedVerbs(bugIn(status))).toEqual([]);
  },
);

test('where two must approve, it says how many did', () => {
  const state = bugAfter('confirmed', 'analysing', 'planned', 'onValidation', 'halfApproved');
  expect(bugOutlook(state, { ...facts, policy: TWO_EACH }).waitingFor?.what).toContain('(1 of 2 approvals given)');
});

test('a bug bound for an environment that is held or unknown says who can lift that', () => {
  expect(bugOutlook(bugIn('pending_prod'), { ...facts, environment: held }).blockedBy).toEqual({
    what: 'ann holds prod: payday',
    whoCanLift: 'ann (resume)',
  });
  const unknown = { deployment: 'shop-prod-1', reason: 'no answer', at: AT };
  expect(bugOutlook(bugIn('pending_prod'), { ...facts, environment: { ...held, unknown } }).blockedBy).toEqual({
    what: 'prod is in an unknown state after shop-prod-1: no answer',
    whoCanLift: 'an admin or manager who looked at it (recheck)',
  });
});

test('the environment a bug is bound for is where its next train goes, and none once it goes nowhere', () => {
  expect(boundFor(bugIn('confirmed'), POLICY)).toBe('uat');
  expect(boundFor({ ...bugIn('confirmed'), booking: null, flow: 'flow2' }, POLICY)).toBe('prod');
  expect(boundFor({ ...bugIn('planned'), booking: bookedFor('prod', 'T2', AT) }, POLICY)).toBe('prod');
  expect(boundFor(bugIn('deployed_uat'), POLICY)).toBe('prod');
  expect(boundFor(bugIn('pending_uat_merge'), POLICY)).toBe('uat');
  for (const status of ['submitted', 'deployed_prod', 'closed', 'rejected'] as const)
    expect(boundFor(bugIn(status), POLICY)).toBeNull();
});

test('an inbox asks for what the bug waits for: confirm, approve, or a way past what blocks it', () => {
  expect(awaitedVerbs(bugIn('submitted'))).toEqual(['confirm', 'reject']);
  expect(awaitedVerbs(bugIn('deployed_uat'))).toEqual(['approve-prod', 'fail-validation']);
  expect(awaitedVerbs(bugAfter('confirmed', 'blocked'))).toEqual(['retry', 'attach-fix']);
  expect(awaitedVerbs(bugIn('pending_prod'))).toEqual([]);
});

test('a fix that brings another deploy script says so to whoever approves it; a pinned script cannot be changed', () => {
  const state = bugIn('deployed_uat');
  const fix = { ...state.fix!, files: ['scripts/deploy.sh', 'price.js'] };
  const withScript = (script?: string) => {
    const environments = Object.entries(POLICY.environments).map(([name, place]) => {
      const deploy = { ...place.deploy, ...(script === undefined ? {} : { script }) };
      return [name, { ...place, deploy }] as const;
    });
    return { ...POLICY, environments: Object.fromEntries(environments) };
  };
  const said = (script?: string) =>
    bugOutlook({ ...state, fix }, { ...facts, policy: withScript(script) }).waitingFor?.what;
  expect(said('scripts/deploy.sh')).toContain('this fix changes the deploy script scripts/deploy.sh');
  expect(bugDetails({ ...state, fix }, withScript('scripts/deploy.sh'))).toContain(
    'deploy script**: scripts/deploy.sh',
  );
  expect([said('other.sh'), said()].join()).not.toContain('deploy script');
});
