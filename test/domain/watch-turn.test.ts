import type { Settled } from '../../src/domain/deployment-question';
import { emptySample, type Sample, type WatchRule } from '../../src/domain/watch';
import { watchTurn } from '../../src/domain/watch-turn';

const START = Date.UTC(2026, 10, 20, 22);
const MINUTE = 60_000;
const OPTIONS = { startedAt: START, noDataMs: 3 * MINUTE, errorLimit: 3, missing: 'soft' as const };

const rule = (id: string, metric: WatchRule['metric'], bound: number, ruleClass: WatchRule['class']): WatchRule => ({
  ...{ id, metric, kind: 'absolute', operator: '>=', bound, consecutive: 1, class: ruleClass },
});
const RULES = [
  rule('errors', 'errorRate', 0.5, 'hard'),
  rule('drift', 'p99', 0.4, 'soft'),
  rule('queue', 'queueDepth', 10, 'soft'),
  rule('tell', 'cpu', 0.8, 'notify'),
  rule('page', 'memory', 0.9, 'page'),
];

/** One sample a minute: healthy but for what is named. */
const sample = (minute: number, values: Partial<Sample> = {}): Sample => ({
  ...emptySample(START + minute * MINUTE, 1, null),
  ...{ errorRate: 0, requestRate: 10, p99: 0.1, queueDepth: 0, cpu: 0.1, memory: 0.1 },
  ...values,
});
const turn = (samples: readonly Sample[], settled: readonly Settled[] | null, finished = false) => {
  const now = samples.at(-1)?.at ?? START;
  return watchTurn({ samples, baseline: null, rules: RULES, settled }, { ...OPTIONS, now, finished });
};
const outcome = (...args: Parameters<typeof turn>): string => {
  const { verdict } = turn(...args);
  return verdict === null
    ? 'goes on'
    : 'breach' in verdict
      ? `${verdict.outcome} ${verdict.breach.rule}`
      : verdict.outcome;
};
const said = (name: string, answer: Settled['answer'], minute: number): Settled => {
  return { rule: name, at: START + minute * MINUTE, answer };
};

const DRIFT = [sample(1), sample(2, { p99: 0.5 }), sample(3)];

test('a soft breach is asked about at once, with its T+; what was continued is not asked again, other rules are', () => {
  expect(outcome(DRIFT, [])).toBe('soft drift');
  expect(turn(DRIFT, []).verdict).toMatchObject({ breach: { afterMs: 2 * MINUTE } });
  const settled = [said('drift', 'continue', 3)];
  expect(outcome(DRIFT, settled)).toBe('goes on');
  expect(outcome([...DRIFT, sample(4, { p99: 0.6 })], settled)).toBe('goes on');
  expect(outcome([...DRIFT, sample(4, { queueDepth: 20 })], settled)).toBe('soft queue');
  expect(outcome([...DRIFT, sample(4)], settled, true)).toBe('pass');
});

test('a hard breach needs no answer, whatever people let pass', () => {
  const samples = [...DRIFT, sample(4, { errorRate: 0.9 })];
  for (const settled of [null, [], [said('drift', 'continue', 3)], [said('drift', 'extend', 3)]]) {
    expect(outcome(samples, settled)).toBe('hard errors');
  }
});

test('while people are asked only a hard breach ends the turn', () => {
  expect(outcome(DRIFT, null)).toBe('goes on');
  expect(outcome([...DRIFT, sample(4, { queueDepth: 20 })], null)).toBe('goes on');
});

test('what was to be seen longer is asked about again at the end, if it showed again since', () => {
  const settled = [said('drift', 'extend', 3)];
  const again = [...DRIFT, sample(4, { p99: 0.5 }), sample(5)];
  expect(outcome(again, settled)).toBe('goes on');
  expect(outcome(again, settled, true)).toBe('soft drift');
  expect(turn(again, settled, true).verdict).toMatchObject({ breach: { afterMs: 4 * MINUTE } });
  expect(outcome([...DRIFT, sample(4), sample(5)], settled, true)).toBe('pass');
});

test('missing evidence below production is asked about like any soft breach, once', () => {
  const silent = [1, 2, 3, 4].map((minute) => emptySample(START + minute * MINUTE, 1, null));
  expect(outcome(silent, [])).toBe('soft no-data');
  expect(outcome(silent, [said('no-data', 'continue', 4)])).toBe('goes on');
  expect(outcome(silent, [said('no-data', 'continue', 4)], true)).toBe('pass');
  expect(outcome(silent, [said('no-data', 'extend', 4)], true)).toBe('soft no-data');
});

test('what only needs eyes is named with its class and never decides', () => {
  const samples = [sample(1), sample(2, { cpu: 0.9, memory: 0.95 })];
  expect(outcome(samples, [])).toBe('goes on');
  expect(turn(samples, []).told.map((breach) => `${breach.class} ${breach.rule}`)).toEqual([
    'notify tell',
    'page page',
  ]);
});
