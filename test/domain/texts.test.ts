import type { DeploymentState } from '../../src/domain/deployment';
import type { DeployRequest } from '../../src/domain/environment';
import { emptyEnvironment } from '../../src/domain/environment-evolve';
import { alignedText, arrivalText, blockedText, movedText, noFixText, queuedText } from '../../src/domain/texts';
import { AT, bookedFor, bugAfter, bugIn, FIX_OF_MONA, POLICY } from './bugs';

const TITLE = 'Checkout shows the wrong total (7)';

const requestOf = (bug: string, label: string | null): DeployRequest => ({
  id: `r${bug}`,
  kind: 'slot',
  slot: 'T2',
  passenger: { bug, title: `bug ${bug}`, severity: 'low', modules: [], fix: FIX_OF_MONA, approvals: [] },
  at: AT,
  told: AT,
  label,
  announced: false,
  replyTo: `bug/shop/${bug}`,
});

const deploymentTo = (env: 'uat' | 'prod', changes: Partial<DeploymentState>): DeploymentState => ({
  id: `shop-${env}-1`,
  service: 'shop',
  env,
  production: env === 'prod',
  strategy: 'all-at-once',
  passengers: ['1', '2'].flatMap((bug) => requestOf(bug, null).passenger ?? []),
  previous: { version: '1.4.2', sha: 'a' },
  candidate: {
    version: '1.4.3',
    sha: 'b',
    base: { version: '1.4.2', sha: 'a' },
    aboard: ['1', '2'],
    left: [],
    changes: [],
    scriptChanged: false,
  },
  fence: 2,
  revision: 'r1',
  questions: [],
  abort: null,
  startedAt: AT,
  endedAt: AT,
  phase: null,
  phases: [],
  checks: [],
  smoke: [],
  metadata: {},
  breach: null,
  verdict: 'Released',
  reason: 'deployed, smoke passed, watch held',
  rollback: null,
  evidence: null,
  ...changes,
});

test('one message for all that were approved together names each with the night that it really leaves', () => {
  const requests = [requestOf('1', '2026-11-20 22:00 Asia/Bangkok'), requestOf('2', null)];
  expect(queuedText(emptyEnvironment('shop', 'prod'), requests)).toEqual({
    topic: 'queued',
    service: 'shop',
    env: 'prod',
    bugs: ['1', '2'],
    title: '#1, #2 queued for prod',
    text: '#1 [low] bug 1: leaves 2026-11-20 22:00 Asia/Bangkok.\n#2 [low] bug 2: leaves with the next train.',
  });
});

test('who was moved hears the new time and why', () => {
  const bug = { ...bugIn('pending_prod'), booking: bookedFor('prod', 'T2', AT) };
  expect(movedText(bug, 'freeze month end')).toMatchObject({
    topic: 'moved',
    env: 'prod',
    bugs: ['7'],
    text: `#7 [low] ${TITLE}\nLeaves 2026-11-20 22:00 Asia/Bangkok, because freeze month end.`,
  });
});

test('a bug without a fix at T1 says which branch is missing and when somebody looks again', () => {
  const bug = { ...bugIn('planned'), booking: bookedFor('uat', 'T1', AT) };
  expect(noFixText(bug, POLICY)).toMatchObject({
    title: '#7 has no fix yet',
    text: `#7 [low] ${TITLE}\nThere is no branch fix/7 and no fix was attached. Tidegate looks again at 2026-11-20 20:00 Asia/Bangkok.`,
  });
});

test('a bug that came back says what stands in the way, in which files, and who can go on', () => {
  const bug = bugAfter('confirmed', 'analysing', 'planned', 'blocked');
  expect(blockedText(bug)).toMatchObject({
    topic: 'blocked',
    title: '#7 needs a person',
    text: `#7 [low] ${TITLE}\nthe merge needs a person\nFiles: price.js\nWho can go on: a developer`,
  });
});

test('"aligned" is said only when it is true', () => {
  expect(alignedText('uat', [])).toBe('uat and production are aligned.');
  expect(alignedText('uat', ['7', '9'])).toBe('uat also holds #7, #9.');
  expect(arrivalText(deploymentTo('prod', {}), 'uat', ['7']).text).toBe(
    '#1 [low] bug 1\n#2 [low] bug 2\nuat also holds #7.',
  );
});

test('a train to validation calls for people, and names who stayed behind with the files', () => {
  const { candidate } = deploymentTo('uat', {});
  if (candidate === null) throw new Error('there is a candidate');
  const left = [{ bug: '2', reason: 'does not apply on 1.4.2', files: ['price.js'], cause: 'conflict' as const }];
  const deployment = deploymentTo('uat', { candidate: { ...candidate, aboard: ['1'], left } });
  expect(arrivalText(deployment, 'uat', ['1'])).toMatchObject({
    topic: 'validate',
    bugs: ['1', '2'],
    title: 'shop uat 1.4.3: Released',
    text: '#1 [low] bug 1\nPlease validate, then approve PROD.\n#2 stayed behind: does not apply on 1.4.2 (price.js)',
  });
});

test('a train that was rolled back says why, and calls a person when the rollback is not proven', () => {
  const rollback = { to: { version: '1.4.2', sha: 'a' }, verified: true, smoke: [], detail: '1.4.2 answers' };
  const back = { verdict: 'Rolled-Back', reason: 'smoke home failed: 500', rollback } as const;
  expect(arrivalText(deploymentTo('prod', back), 'uat', [])).toMatchObject({
    topic: 'rolled-back',
    title: 'shop prod 1.4.3: Rolled-Back',
    text: '#1 [low] bug 1\n#2 [low] bug 2\nsmoke home failed: 500',
  });
  const unproven = { ...back, rollback: { ...rollback, verified: false } };
  expect(arrivalText(deploymentTo('prod', unproven), 'uat', []).topic).toBe('unknown-state');
});
