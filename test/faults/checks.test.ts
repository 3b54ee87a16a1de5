import type { DeploymentState } from '../../src/domain/deployment';
import type { EnvironmentState } from '../../src/domain/environment';
import type { LedgerEvent } from '../../src/domain/events';
import { readEffect } from './case-folder';
import { CHECKS, judge, type Invariant } from './checks';
import type { Facts, RunFacts } from './facts';

const FIRST = 'a'.repeat(40);
const NEW = 'b'.repeat(40);
const HEAD = 'c'.repeat(40);
const observed = { version: '1.0.1', sha: NEW, deployment: 'shop-prod-1' };

const effect = (line: string) => readEffect(line);
const script = (deployment: string, pid: number, from: number, fence = 2) =>
  ['begin', 'intent', 'commit', 'end'].map((kind, at) =>
    effect(`${from + at}000000 ${kind} prod deploy ${deployment} ${fence} ${pid} ${NEW}`),
  );
const approval = (at: number, more: Partial<LedgerEvent> = {}): LedgerEvent =>
  ({
    ...{ id: `approval-${at}`, service: 'shop', subject: 'bug/1', at, actor: 'bo', surface: 'api', reason: null },
    kind: 'bug.approved',
    data: { approval: { by: 'bo', roles: ['manager'], at, sha: HEAD, productionSha: FIRST, reason: null } },
    ...more,
  }) as LedgerEvent;
const deployment = (more: Partial<DeploymentState> = {}): DeploymentState =>
  ({
    ...{ id: 'shop-prod-1', env: 'prod', verdict: 'Released', reason: 'all held', startedAt: 5, phase: null },
    passengers: [{ bug: '1', fix: { head: HEAD } }],
    candidate: { sha: NEW, version: '1.0.1', aboard: ['1'] },
    ...more,
  }) as DeploymentState;
const environment = (more: Partial<EnvironmentState> = {}): EnvironmentState =>
  ({ env: 'prod', unknown: null, running: { version: '1.0.1', sha: NEW }, ...more }) as EnvironmentState;

const RUN: RunFacts = { workflowId: 'env/shop/prod', status: 'RUNNING', taskAttempt: 1, history: '{}' };

/** A case in which all went well. */
const GOOD: Facts = {
  spec: {
    ...{ index: 1, seed: '1/1', fault: 'worker-kill', journey: 'report', point: 'switch', when: 'before' },
    ...{ afterMs: 0, control: false },
  },
  allowed: ['Released', 'Rolled-Back'],
  ended: true,
  problem: null,
  effects: script('shop-prod-1', 77, 10),
  deployments: [deployment()],
  environments: [environment()],
  observed: { uat: { ...observed, sha: FIRST }, prod: observed },
  firstSha: FIRST,
  events: [approval(3)],
  runs: [RUN],
  acknowledged: [{ what: 'the report', at: 1, kept: () => true }],
  leaks: [],
  chain: null,
  logProblems: [],
  orphans: [],
};

/** What a harness must not overlook, by invariant. */
const BAD: readonly (readonly [Invariant, string, Partial<Facts>])[] = [
  ['I1', 'a switch made twice', { effects: [...GOOD.effects, ...script('shop-prod-1', 78, 20)] }],
  [
    'I1',
    'the same build put there by two deployments',
    {
      effects: [...GOOD.effects, ...script('shop-prod-2', 78, 20)],
      deployments: [deployment(), deployment({ id: 'shop-prod-2' })],
    },
  ],
  ['I2', 'a build that nobody ordered', { deployments: [deployment({ candidate: null })] }],
  ['I2', 'a fix that nobody approved', { events: [] }],
  ['I2', 'an approval that came too late', { events: [approval(6)] }],
  [
    'I2',
    'an approval that was taken back',
    {
      events: [approval(3), approval(4, { kind: 'bug.approval-withdrawn', data: { by: 'bo' } })],
    },
  ],
  [
    'I2',
    'a rollback to what never ran',
    { effects: [effect(`1000000 commit prod rollback shop-prod-1 3 7 ${'e'.repeat(40)}`)] },
  ],
  ['I3', 'two scripts at a time', { effects: [...GOOD.effects, ...script('shop-prod-2', 78, 12, 4)] }],
  ['I4', 'a decision that vanished', { acknowledged: [{ what: 'approve-prod by bo', at: 1, kept: () => false }] }],
  ['I5', 'a case without an end', { ended: false }],
  ['I5', 'a deployment without a verdict', { deployments: [deployment({ verdict: null })] }],
  ['I5', 'a verdict that the fault does not explain', { deployments: [deployment({ verdict: 'Aborted' })] }],
  ['I5', 'a rollback that nobody verified', { deployments: [deployment({ verdict: 'Rolled-Back', rollback: null })] }],
  ['I5', 'a task that fails again and again', { runs: [{ ...RUN, taskAttempt: 3 }] }],
  ['I5', 'a run that failed', { runs: [{ ...RUN, status: 'FAILED' }] }],
  ['I6', 'a ledger that is wrong', { environments: [environment({ running: null })] }],
  [
    'I6',
    'a target that is not what was put there',
    { observed: { ...GOOD.observed, prod: { ...observed, sha: FIRST } } },
  ],
  ['I7', 'a secret in a report', { leaks: ['releases/shop-prod-1.md'] }],
  ['I8', 'an audit that was cut', { chain: 'event 7: the newest events are missing' }],
  ['I9', 'an error that nobody foresaw', { logProblems: ['worker.log: unhandledRejection'] }],
  ['I10', 'a process that was forgotten', { orphans: ['77 deploy.sh'] }],
];

describe('the checker of the fault harness', () => {
  it('finds nothing wrong with a case in which all went well', () => {
    expect(judge(GOOD)).toEqual([]);
  });

  it.each(BAD)('%s sees %s', (invariant, _, change) => {
    expect(judge({ ...GOOD, ...change }).map((broken) => broken.invariant)).toContain(invariant);
  });

  it('has a case for every invariant, so that none of them can only say yes', () => {
    expect(new Set(BAD.map(([invariant]) => invariant))).toEqual(new Set(Object.keys(CHECKS)));
  });

  it('lets an environment be unknown when it says so to people', () => {
    const unknown = { deployment: 'shop-prod-1', reason: 'nobody can tell', at: 1 };
    expect(CHECKS.I6({ ...GOOD, environments: [environment({ running: null, unknown })] })).toEqual([]);
  });
});
