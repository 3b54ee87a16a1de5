import fc from 'fast-check';
import {
  evolveDeployment,
  PHASES,
  VERDICTS,
  type DeploymentEvent,
  type DeploymentState,
} from '../../src/domain/deployment';
import type { DeploymentOrder } from '../../src/domain/deployment-order';
import {
  breachOf,
  carriedFixes,
  failedChecks,
  failedSmoke,
  runningAfter,
  somebodyAboard,
  watchSentence,
} from '../../src/domain/deployment-plan';
import { endOnRecord } from '../../src/domain/environment-plan';
import { environmentPolicy } from '../../src/domain/policy';
import type { Breach } from '../../src/domain/watch';
import { AT, FIX_OF_MONA, frozen, POLICY, stamped } from './bugs';

const BASE = { version: '1.4.2', sha: 'a'.repeat(40) };
const passenger = (bug: string) => ({
  bug,
  title: `bug ${bug}`,
  severity: 'low' as const,
  modules: [],
  fix: FIX_OF_MONA,
  approvals: [],
});
const candidateWith = (...aboard: string[]) => ({
  version: '1.4.3',
  sha: 'b'.repeat(40),
  base: BASE,
  aboard,
  left: [],
  changes: [],
  scriptChanged: false,
});
const breach: Breach = {
  rule: 'error-rate-2x',
  metric: 'errorRate',
  class: 'hard',
  value: 0.3,
  baseline: 0.01,
  multiple: 30,
  afterMs: 120_000,
  sentence: 'errorRate 0.3 is 30x the baseline 0.01 at T+2 min',
};

const STARTED: DeploymentEvent = {
  kind: 'deployment.started',
  data: {
    id: 'shop-prod-1',
    service: 'shop',
    env: 'prod',
    production: true,
    strategy: 'all-at-once',
    passengers: [passenger('1'), passenger('2')],
    previous: BASE,
    fence: 2,
    revision: 'r1',
  },
};
const began = (phase: (typeof PHASES)[number]): DeploymentEvent => ({
  kind: 'deployment.phase-started',
  data: { phase },
});
const ended = (phase: (typeof PHASES)[number], ok: boolean): DeploymentEvent => ({
  kind: 'deployment.phase-ended',
  data: { phase, ok, detail: ok ? 'done' : 'failed' },
});
const verdictOf = (verdict: (typeof VERDICTS)[number]): DeploymentEvent => ({
  kind: 'deployment.ended',
  data: { verdict, reason: 'so it was', evidence: null },
});
const rolledBack = (verified: boolean): DeploymentEvent => ({
  kind: 'deployment.rolled-back',
  data: { to: BASE, verified, smoke: [], detail: '1.4.2 answers' },
});

const story = (...events: DeploymentEvent[]): DeploymentState =>
  events.reduce<DeploymentState>(
    (state, event, index) => frozen(evolveDeployment(state, frozen(stamped(event, 'tidegate', AT + index + 1)))),
    frozen(evolveDeployment(null, stamped(STARTED))),
  );

test('the record of a deployment has each phase with its times and its end, and one of four verdicts', () => {
  expect(VERDICTS).toEqual(['Released', 'Released-with-override', 'Rolled-Back', 'Aborted']);
  const state = story(
    began('smoke'),
    ended('smoke', false),
    began('rollback'),
    ended('rollback', true),
    verdictOf('Rolled-Back'),
  );
  expect(state).toMatchObject({ verdict: 'Rolled-Back', reason: 'so it was', phase: null, endedAt: AT + 5 });
  expect(state.phases).toEqual([
    { phase: 'smoke', startedAt: AT + 1, endedAt: AT + 2, ok: false, detail: 'failed' },
    { phase: 'rollback', startedAt: AT + 3, endedAt: AT + 4, ok: true, detail: 'done' },
  ]);
});

test('whatever is recorded in whatever order: the fold never throws, never writes to its inputs, and forgets nothing', () => {
  const event = fc.oneof(
    fc.constantFrom(...PHASES).map(began),
    fc.tuple(fc.constantFrom(...PHASES), fc.boolean()).map(([phase, ok]) => ended(phase, ok)),
    fc.constantFrom(...VERDICTS).map(verdictOf),
    fc.boolean().map(rolledBack),
    fc.constantFrom<DeploymentEvent>(
      STARTED,
      { kind: 'deployment.breached', data: { breach } },
      { kind: 'deployment.checked', data: { checks: [{ name: 'target', ok: true, detail: 'runs' }] } },
      { kind: 'deployment.candidate', data: { candidate: candidateWith('1') } },
      { kind: 'deployment.executed', data: { metadata: { id: 'x' } } },
      { kind: 'deployment.smoked', data: { smoke: [] } },
    ),
  );
  fc.assert(
    fc.property(fc.array(event, { maxLength: 40 }), (events) => {
      const { phases, checks } = story(...events);
      const count = (kind: DeploymentEvent['kind']) => events.filter((each) => each.kind === kind).length;
      expect(phases).toHaveLength(count('deployment.phase-started'));
      expect(checks).toHaveLength(count('deployment.checked'));
    }),
  );
});

test('a story without its beginning is a mistake that is heard', () => {
  expect(() => evolveDeployment(null, stamped(began('smoke')))).toThrow('begins with deployment.started');
});

const orderTo = (env: 'uat' | 'prod'): DeploymentOrder => ({
  id: `shop-${env}-1`,
  service: 'shop',
  env,
  strategy: 'all-at-once',
  fence: 2,
  departedAt: 1,
  passengers: [passenger('1'), passenger('2')],
  kept: [{ bug: '9', fix: FIX_OF_MONA, leaving: false }],
  running: null,
  base: BASE,
  policy: environmentPolicy(POLICY, env),
  leaveUntil: null,
  mainline: 'duty',
  validation: 'uat',
  zone: 'UTC',
  revision: POLICY.revision,
  signers: POLICY.signers,
});

describe('what runs once a candidate is there', () => {
  test('below production it carries who came aboard and who stayed, on the released version', () => {
    const running = runningAfter(orderTo('uat'), candidateWith('9', '1'), AT);
    expect(running.fixes.map(({ bug }) => bug)).toEqual(['9', '1']);
    expect(running).toMatchObject({ version: '1.4.3', base: BASE, deployment: 'shop-uat-1', since: AT });
  });

  test('in production the candidate is the new release, with nothing pending', () => {
    const candidate = candidateWith('1', '2');
    expect(runningAfter(orderTo('prod'), candidate, AT)).toMatchObject({
      base: { version: '1.4.3', sha: candidate.sha },
      fixes: [],
    });
    expect(carriedFixes(orderTo('prod'), candidate)).toEqual([]);
  });

  test('fixes that were there before do not make a deployment', () => {
    expect(somebodyAboard(orderTo('uat'), candidateWith('9'))).toBe(false);
    expect(somebodyAboard(orderTo('uat'), candidateWith('9', '2'))).toBe(true);
  });
});

test('every failed check is named, and the first failed smoke case', () => {
  const check = (name: string, ok: boolean) => ({ name, ok, detail: `${name} says so` });
  expect(failedChecks([check('target', true)])).toBeNull();
  expect(failedChecks([check('target', false), check('env', true), check('disk', false)])).toBe(
    'target: target says so; disk: disk says so',
  );
  const smoke = (name: string, ok: boolean) => ({ name, ok, status: 500, ms: 1, detail: 'answers 500' });
  expect(failedSmoke([smoke('home', true)])).toBeNull();
  expect(failedSmoke([smoke('home', true), smoke('cart', false), smoke('pay', false)])).toBe(
    'smoke cart failed: answers 500',
  );
});

test.each([
  ['pass', null],
  ['soft', null],
  ['hard', breach.sentence],
  ['inconclusive', breach.sentence],
] as const)('what a watch that ended %s says against the candidate: %s', (outcome, why) => {
  const verdict = outcome === 'pass' ? { outcome, samples: 5 } : { outcome, breach, samples: 5 };
  expect(breachOf(verdict)).toBe(why);
  expect(watchSentence(verdict)).toBe(outcome === 'pass' ? 'held for 5 samples' : breach.sentence);
});

describe('a deployment that ended without telling anybody', () => {
  const order = orderTo('prod');
  const candidate: DeploymentEvent = { kind: 'deployment.candidate', data: { candidate: candidateWith('1', '2') } };
  const silence = 'the run is gone without a report';

  test('counts as the ledger has it', () => {
    const released = endOnRecord(order, story(candidate, verdictOf('Released')), silence);
    expect(released).toMatchObject({ verdict: 'Released', running: { version: '1.4.3' }, unknown: null });
    const back = endOnRecord(order, story(candidate, rolledBack(true), verdictOf('Rolled-Back')), silence);
    expect(back).toMatchObject({ verdict: 'Rolled-Back', running: null, unknown: null });
  });

  test('asks a person where the ledger proves nothing: no loop, no guess', () => {
    for (const recorded of [null, story(candidate), story(candidate, rolledBack(false), verdictOf('Rolled-Back'))])
      expect(endOnRecord(order, recorded, silence)).toMatchObject({ running: null, unknown: silence });
  });
});
