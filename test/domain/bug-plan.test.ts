import type { BugState, BugStatus } from '../../src/domain/bug';
import { afterRide, nextStep, type BugStep, type RideEnd } from '../../src/domain/bug-plan';
import { HEAD } from '../api/sample';
import { AT, bookedFor, bugAfter, bugIn } from './bugs';

const withSeat = (state: BugState, request: string | null, at = AT): BugState => ({
  ...state,
  booking: bookedFor('uat', 'T1', at, request),
});

const STEPS: readonly (readonly [what: string, state: BugState, step: BugStep])[] = [
  ['a report waits for a person', bugIn('submitted'), { step: 'wait' }],
  ['a confirmed bug sleeps until T1', bugIn('confirmed'), { step: 'sleep', until: AT + 1 }],
  ['at T1 it is analysed', withSeat(bugIn('confirmed'), null), { step: 'analyse' }],
  ['a planned bug that found no fix looks again at T1', withSeat(bugIn('planned'), null), { step: 'analyse' }],
  ['an analysis that was interrupted is made again', bugIn('analyzing'), { step: 'analyse' }],
  ['a planned bug with a seat rides', bugIn('planned'), { step: 'ride', env: 'uat', request: 'r1' }],
  ['a blocked bug waits for a person', bugAfter('confirmed', 'blocked'), { step: 'wait' }],
  [
    'a blocked bug does not ride, although it has a seat',
    withSeat(bugAfter('confirmed', 'blocked'), 'r1'),
    { step: 'wait' },
  ],
  ['a validated bug waits for a person', bugIn('deployed_uat'), { step: 'wait' }],
  ['an approved bug rides', bugIn('pending_prod'), { step: 'ride', env: 'prod', request: 'r2' }],
];

test.each(STEPS)('%s', (_, state, step) => {
  expect(nextStep(state, AT)).toEqual(step);
});

const arrived: RideEnd = {
  env: 'prod',
  deployment: 'shop-prod-3',
  verdict: 'Released',
  reason: 'deployed, smoke passed, watch held',
  left: null,
  breach: null,
  version: '1.4.3',
  sha: 'c'.repeat(40),
  alsoHolds: ['9'],
};
const conflict = { bug: '7', reason: 'does not apply on 1.4.2', files: ['price.js'], cause: 'conflict' } as const;

test.each(['Released', 'Released-with-override'] as const)(
  'a train that ended %s brings its passengers on',
  (verdict) => {
    expect(afterRide(bugIn('planned'), { ...arrived, env: 'uat', verdict }, 'prod')).toMatchObject({
      kind: 'bug.deployed-uat',
      data: { validation: { deployment: 'shop-prod-3', version: '1.4.3', fixHead: HEAD, alsoHolds: ['9'] } },
    });
    expect(afterRide(bugIn('pending_prod'), { ...arrived, verdict }, 'prod')).toEqual({
      kind: 'bug.deployed-prod',
      data: { deployment: 'shop-prod-3', version: '1.4.3', sha: arrived.sha, alsoHolds: ['9'] },
    });
  },
);

test.each([
  ['planned', 'uat', 'planned'],
  ['pending_prod', 'prod', 'deployed_uat'],
] as const)(
  'every other end of a ride of a bug that is %s to %s brings it back to %s, with the reason',
  (from, env, to: BugStatus) => {
    for (const verdict of ['Rolled-Back', 'Aborted'] as const) {
      const end = { ...arrived, env, verdict, reason: 'smoke home failed: 500', version: null, sha: null };
      expect(afterRide(bugIn(from), end, 'prod')).toMatchObject({
        kind: 'bug.returned',
        data: { to, blocked: { what: `shop-prod-3 to ${env} ended ${verdict}: smoke home failed: 500`, files: [] } },
      });
    }
  },
);

test('who stayed behind comes back although the train arrived, with the files that stood in the way', () => {
  expect(afterRide(bugIn('pending_prod'), { ...arrived, left: conflict }, 'prod')).toMatchObject({
    kind: 'bug.returned',
    data: { to: 'deployed_uat', blocked: { what: conflict.reason, files: ['price.js'] } },
  });
});
