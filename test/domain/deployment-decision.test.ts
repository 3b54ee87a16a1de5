import fc from 'fast-check';
import {
  evolveDeployment,
  openQuestion,
  stageOf,
  type DeploymentEvent,
  type DeploymentState,
  type Phase,
} from '../../src/domain/deployment';
import { decideDeployment, deploymentActions } from '../../src/domain/deployment-decision';
import { releasedReason, sentBack } from '../../src/domain/deployment-plan';
import { settledRules, windowEnd } from '../../src/domain/deployment-question';
import { deploymentDetails } from '../../src/domain/details';
import { TEMPORAL_OPERATOR, type Actor, type Role } from '../../src/domain/people';
import type { Stamped } from '../../src/domain/events';
import { environmentPolicy } from '../../src/domain/policy';
import { DEPLOYMENT_VERBS, type DeploymentDecision, type DeploymentVerb } from '../../src/domain/verbs';
import type { Breach } from '../../src/domain/watch';
import { AT, POLICY, stamped } from './bugs';

const MINUTE = 60_000;
const policy = environmentPolicy(POLICY, 'prod');
const breach: Breach = {
  rule: 'p99-1.5x',
  metric: 'p99',
  class: 'soft',
  value: 0.4,
  baseline: 0.2,
  multiple: 2,
  afterMs: 2 * MINUTE,
  sentence: 'p99 is 0.4, 2 times the baseline 0.2, at T+2 min',
};

const start: DeploymentEvent = {
  kind: 'deployment.started',
  data: {
    ...{ id: 'shop-prod-1', service: 'shop', env: 'prod', production: true, strategy: 'all-at-once', passengers: [] },
    ...{ previous: { version: '1.4.2', sha: 'a'.repeat(40) }, fence: 2, revision: 'r1' },
  },
};
const phase = (name: Phase): DeploymentEvent => ({ kind: 'deployment.phase-started', data: { phase: name } });
const times = { until: AT + 15 * MINUTE, escalateAt: AT + 5 * MINUTE };
const asked: DeploymentEvent = {
  kind: 'deployment.asked',
  data: { breach, ...times, otherwise: 'rollback', who: ['admin', 'manager'] },
};
const answered = (answer: 'continue' | 'rollback' | 'extend', minutes: number | null = null): DeploymentEvent => ({
  kind: 'deployment.answered',
  data: { answer, minutes, byDefault: false },
});
const abort: DeploymentEvent = { kind: 'deployment.abort-asked', data: {} };
const ended: DeploymentEvent = {
  kind: 'deployment.ended',
  data: { verdict: 'Released', reason: 'held', evidence: null },
};

const at = (event: DeploymentEvent, when: number): Stamped<DeploymentEvent> =>
  stamped<DeploymentEvent>(event, 'bo', when);
const fold = (...events: readonly DeploymentEvent[]): DeploymentState => {
  const later = events.map((event, index) => at(event, AT + (index + 1) * 1_000));
  return later.reduce(evolveDeployment, evolveDeployment(null, at(start, AT)));
};

const STATES = {
  before: fold(phase('preflight')),
  live: fold(phase('execute')),
  asked: fold(phase('execute'), phase('watch'), asked),
  aborting: fold(phase('execute'), phase('watch'), abort),
  'going-back': fold(phase('execute'), phase('watch'), asked, answered('rollback')),
  committing: fold(phase('execute'), phase('watch'), phase('commit')),
  ended: fold(ended),
} as const;

const person = (...roles: Role[]): Actor => ({ id: roles.join('-'), roles, surface: 'cli' });
const decision = (verb: DeploymentVerb, more: Partial<DeploymentDecision> = {}): DeploymentDecision => ({
  ...{ id: 'd1', verb, actor: null, signature: null, reason: 'because', minutes: verb === 'extend' ? 10 : null },
  ...more,
});
const allowed = (state: DeploymentState, actor: Actor): readonly DeploymentVerb[] =>
  DEPLOYMENT_VERBS.filter((verb) => decideDeployment({ state, policy }, decision(verb), actor).allowed);
const refusalOf = (state: DeploymentState, made: DeploymentDecision, actor = person('admin')) => {
  const ruling = decideDeployment({ state, policy }, made, actor);
  return ruling.allowed ? 'allowed' : `${ruling.refusal.code}: ${ruling.refusal.sentence}`;
};

/** Who may do what, stage by stage. */
const TABLE: readonly (readonly [keyof typeof STATES, Actor, readonly DeploymentVerb[]])[] = [
  ['before', person('admin'), ['abort']],
  ['live', person('operator'), ['abort']],
  ['live', person('developer'), []],
  ['asked', person('manager'), ['continue', 'rollback', 'extend', 'take', 'abort']],
  ['asked', person('senior'), ['rollback', 'take', 'abort']],
  ['asked', person('developer'), []],
  ['asked', person('auditor'), []],
  ['asked', TEMPORAL_OPERATOR, ['abort']],
  ['before', TEMPORAL_OPERATOR, ['abort']],
  ['aborting', person('admin'), []],
  ['going-back', person('admin'), []],
  ['committing', person('admin'), []],
  ['ended', person('admin'), []],
];

test.each(TABLE)('while %s, %j may %j: nobody lets a candidate stay who may not let one in', (stage, actor, verbs) => {
  expect(stageOf(STATES[stage])).toBe(stage);
  expect(allowed(STATES[stage], actor)).toEqual(verbs);
});

test.each([
  ['aborting', 'abort', 'wrong-state: bo aborts shop-prod-1 already: wait for its end.'],
  [
    'going-back',
    'abort',
    'wrong-state: shop-prod-1 is being rolled back, which completes first: abort comes too late.',
  ],
  [
    'committing',
    'abort',
    'wrong-state: shop-prod-1 has passed its watch and is being written down: abort comes too late.',
  ],
  ['ended', 'abort', 'wrong-state: shop-prod-1 has ended Released: abort comes too late.'],
  [
    'live',
    'continue',
    'wrong-state: shop-prod-1 is under way: the watch of prod asks nothing now, so continue is not possible.',
  ],
  [
    'going-back',
    'continue',
    'wrong-state: The question of shop-prod-1 is answered: bo answered rollback by api at 2026-11-20T12:00:04.000Z. The first answer counts.',
  ],
] as const)('while %s, %s is refused with the sentence that says what happens', (stage, verb, sentence) => {
  expect(refusalOf(STATES[stage], decision(verb))).toBe(sentence);
});

test('a rollback needs a reason, an extension minutes within what the config gives', () => {
  const state = STATES.asked;
  expect(refusalOf(state, decision('rollback', { reason: ' ' }))).toMatch(/^invalid: rollback needs a reason/);
  for (const minutes of [null, 0, 1.5, -3]) {
    expect(refusalOf(state, decision('extend', { minutes }))).toMatch(/^invalid: extend needs minutes/);
  }
  const most = policy.watch.soft.extendMs / MINUTE;
  expect(refusalOf(state, decision('extend', { minutes: most }))).toBe('allowed');
  expect(refusalOf(state, decision('extend', { minutes: most + 1 }))).toContain(`may grow by ${most} min in all`);
  const used = fold(phase('execute'), phase('watch'), asked, answered('extend', most), asked);
  expect(refusalOf(used, decision('extend', { minutes: 1 }))).toContain('nothing is left of them');
  const actions = deploymentActions({ state: used, policy }, person('admin'));
  expect(actions.filter(({ allowed: may }) => may).map(({ verb }) => verb)).not.toContain('extend');
});

test('an unsigned answer is refused and says where to go, so that nobody forges one in the Temporal UI', () => {
  expect(refusalOf(STATES.asked, decision('rollback'), TEMPORAL_OPERATOR)).toBe(
    'not-allowed: rollback needs a known person: approve through the API, CLI, board or bot.',
  );
});

/** What the four messages of F28 would do to a deployment whose watch asks, in any order: the machine, in the small. */
function messages(order: readonly DeploymentVerb[]): DeploymentState {
  return order.reduce((state, verb, index) => {
    const made = decision(verb);
    if (!decideDeployment({ state, policy }, made, person('admin')).allowed) return state;
    const event = verb === 'abort' ? abort : answered(verb as 'continue', made.minutes);
    return evolveDeployment(state, at(event, AT + (10 + index) * 1_000));
  }, STATES.asked);
}

test('every order of abort, continue, rollback and extend has one end: the first answer counts, an abort stops what goes on', () => {
  const verbs = fc.shuffledSubarray(['abort', 'continue', 'rollback', 'extend'] as const, { minLength: 4 });
  fc.assert(
    fc.property(verbs, (order) => {
      const state = messages(order);
      const [first] = order;
      expect(state.questions).toHaveLength(1);
      expect(state.questions[0]?.answer?.verb ?? 'abort').toBe(first);
      expect(stageOf(state)).toBe(first === 'rollback' ? 'going-back' : 'aborting');
      expect(openQuestion(state)).toBeNull();
    }),
  );
});

const STEPS = [
  phase('preflight'),
  phase('execute'),
  phase('watch'),
  phase('commit'),
  phase('rollback'),
  asked,
  answered('continue'),
  answered('extend', 5),
  answered('rollback'),
  { kind: 'deployment.taken', data: {} },
  { kind: 'deployment.escalated', data: {} },
  abort,
  ended,
] as const satisfies readonly DeploymentEvent[];

test('whatever happened: it is over, on its way to an end by itself, or somebody can move it', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...STEPS), { maxLength: 12 }), (steps) => {
      const state = fold(...steps);
      const stage = stageOf(state);
      const free = allowed(state, person('admin'));
      if (stage === 'asked') expect(free).toEqual(expect.arrayContaining(['continue', 'rollback', 'abort']));
      expect(free.includes('abort')).toBe(['before', 'live', 'asked'].includes(stage));
      for (const { verb, allowed: may, why } of deploymentActions({ state, policy }, person('admin'))) {
        expect([verb, may]).toEqual([verb, why === null]);
      }
      expect(deploymentDetails(state)).toContain('shop-prod-1');
    }),
  );
});

test('an extension counts from the end of the window, or from the answer when it was over already', () => {
  const [window, more] = [15 * MINUTE, 10 * MINUTE];
  const { questions } = fold(phase('watch'), asked, answered('extend', 10));
  expect(windowEnd(AT, window, questions)).toBe(AT + window + more);
  expect(windowEnd(AT - window, window, questions)).toBe(AT + 3_000 + more);
  expect(settledRules(questions)).toEqual([{ rule: breach.rule, at: AT + 3_000, answer: 'extend' }]);
});

test('the verdict says what people let pass, or why it went back', () => {
  expect(releasedReason(fold())).toBe('deployed, smoke passed, watch held');
  expect(releasedReason(fold(phase('watch'), asked, answered('continue')))).toBe(
    `released with a soft breach: ${breach.sentence}; bo answered continue by api at 2026-11-20T12:00:03.000Z`,
  );
  expect(sentBack(fold(phase('watch'), asked, answered('continue')))).toBeNull();
  const nobody: DeploymentEvent = {
    kind: 'deployment.answered',
    data: { answer: 'rollback', minutes: null, byDefault: true },
  };
  expect(sentBack(fold(phase('watch'), asked, nobody))).toBe(
    `${breach.sentence}; nobody answered until 2026-11-20T12:15:00.000Z, so rollback counts, as configured`,
  );
});
