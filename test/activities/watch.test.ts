/** The watch window's own life: it goes on where another stopped, and tells what only needs eyes. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import type { WatchOrder } from '../../src/activities';
import type { ActivityDeps, Target } from '../../src/activities/deps';
import { createWatch } from '../../src/activities/watch';
import type { Message } from '../../src/domain/events';
import { environmentPolicy } from '../../src/domain/policy';
import { emptySample, type Sample, type WatchRule, type WatchVerdict } from '../../src/domain/watch';
import { openLedger } from '../../src/ledger/open-ledger';
import type { Observation } from '../../src/ports/deployer';
import type { Ledger } from '../../src/ports/ledger';
import type { Metrics } from '../../src/ports/metrics';
import { policyOf } from '../api/sample';
import { temporaryFolder } from '../support/temporary-folder';

const START = Date.UTC(2026, 10, 20, 22);
const MINUTE = 60_000;
const SUBJECT = 'deploy/shop-prod-1';

let folder: string;
let ledger: Ledger;
let told: Message[];
let now: number;
let asked: Parameters<Metrics['samples']>[0][];
/** What the target shows at an instant; null: nothing. */
let shows: (at: number) => Partial<Sample>;
let channel: 'up' | 'down';
/** What the target says of itself. */
let serving: Observation;

beforeEach(async () => {
  folder = await temporaryFolder();
  ledger = await openLedger(join(folder, 'ledger.db'));
  [told, asked, now, channel] = [[], [], START, 'up'];
  shows = () => ({});
  serving = { state: 'down', detail: 'refused' };
});
afterEach(async () => {
  await ledger.close();
  await rm(folder, { recursive: true, force: true });
});

const rule = (id: string, metric: WatchRule['metric'], ruleClass: WatchRule['class'], consecutive = 1): WatchRule => ({
  ...{ id, metric, kind: 'absolute', operator: '>=', bound: 0.5, consecutive, class: ruleClass },
});
const RULES = [
  rule('errors', 'errorRate', 'hard', 2),
  rule('drift', 'p99', 'soft'),
  rule('tell', 'cpu', 'notify'),
  rule('page', 'memory', 'page'),
];

const healthy = { errorRate: 0, requestRate: 10, p99: 0.1, queueDepth: 0, cpu: 0.1, memory: 0.1 };

/** The activity over a clock that the test moves; the source shows one sample at each question. */
function watchWindow(order: Partial<WatchOrder> = {}, onSleep: (ms: number) => void = () => undefined) {
  const metrics: Metrics = {
    samples(range) {
      asked.push(range);
      const sample = { ...emptySample(range.until, 1, null), ...healthy, ...shows(range.until) };
      return Promise.resolve(range.until > range.after ? [sample] : []);
    },
  };
  const deployer = { observe: () => Promise.resolve(serving) };
  const services = { shop: { targets: { prod: { metrics, deployer } as unknown as Target } } };
  const deps = {
    ledger,
    messenger: {
      send(message: Message) {
        if (channel === 'down') return Promise.reject(new Error('nobody listens'));
        return Promise.resolve(void told.push(message));
      },
    },
    clock: {
      now: () => now,
      sleep(ms: number) {
        now += ms;
        onSleep(ms);
        return new Promise<void>((resolve) => void setTimeout(resolve, 1));
      },
    },
    services,
  } as unknown as ActivityDeps;
  const policy = { ...environmentPolicy(policyOf('shop'), 'prod').watch, rules: RULES, everyMs: MINUTE };
  const place = { deployment: 'shop-prod-1', service: 'shop', env: 'prod', startedAt: START, baseline: null };
  const whole: WatchOrder = { ...place, windowMs: 10 * MINUTE, policy, settled: [], ...order };
  return new MockActivityEnvironment().run<[WatchOrder], WatchVerdict, (order: WatchOrder) => Promise<WatchVerdict>>(
    createWatch(deps).watchWindow,
    whole,
  );
}

const minutes = async (): Promise<readonly number[]> =>
  (await ledger.samples(SUBJECT, START)).map(({ at }) => (at - START) / MINUTE);

test('after an answer the watch goes on at its own beat, without a hole and without a sample too early', async () => {
  shows = (at) => (at === START + 2 * MINUTE ? { p99: 0.9 } : {});
  expect(await watchWindow()).toMatchObject({ outcome: 'soft', breach: { rule: 'drift', afterMs: 2 * MINUTE } });
  now += 20_000;
  const settled = [{ rule: 'drift', at: now, answer: 'continue' as const }];
  expect(await watchWindow({ settled })).toMatchObject({ outcome: 'pass' });
  expect(await minutes()).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
});

test('an extended window watches on to its new end', async () => {
  shows = (at) => (at === START + 10 * MINUTE ? { p99: 0.9 } : {});
  await watchWindow();
  const settled = [{ rule: 'drift', at: now, answer: 'extend' as const }];
  expect(await watchWindow({ settled, windowMs: 15 * MINUTE })).toMatchObject({ outcome: 'pass' });
  expect((await minutes()).at(-1)).toBe(15);
});

test('"twice in a row" means two intervals: a lost worker or an answer never makes one bad minute count twice', async () => {
  shows = (at) => (at < START + 3 * MINUTE && at >= START + 2 * MINUTE ? { errorRate: 0.9, p99: 0.9 } : {});
  await watchWindow();
  now += 5_000;
  expect(await watchWindow({ settled: null })).toMatchObject({ outcome: expect.not.stringMatching('hard') as string });
});

test('a worker that was away for minutes goes on, and its absence is no silence of the target', async () => {
  await watchWindow({ windowMs: 3 * MINUTE });
  now += 5 * MINUTE;
  expect(await watchWindow()).toMatchObject({ outcome: 'pass' });
  expect(asked.find(({ until }) => until >= START + 8 * MINUTE)?.after).toBe(START + 3 * MINUTE);
  expect(await minutes()).toEqual([1, 2, 3, 8, 9, 10]);
});

test('a notify and a page breach reach people as they happen, once per window, whoever watches', async () => {
  shows = (at) => (at >= START + MINUTE ? { cpu: 0.9, memory: 0.9 } : {});
  await watchWindow({ windowMs: 3 * MINUTE });
  await watchWindow({ windowMs: 6 * MINUTE });
  expect(told.map(({ topic, title }) => `${topic} ${title}`)).toEqual([
    'breach shop-prod-1: tell on prod',
    'alarm shop-prod-1: page on prod',
  ]);
  const events = (await ledger.timeline('shop', SUBJECT, 20)).map(({ event }) => event);
  expect(events.map(({ kind, at }) => [kind, at - START])).toEqual([
    ['message.sent', MINUTE],
    ['message.sent', MINUTE],
  ]);
  await watchWindow({ startedAt: now, windowMs: 2 * MINUTE });
  expect(told).toHaveLength(4);
});

test('a dead channel holds no watch; what it missed is told once it is back', async () => {
  shows = (at) => (at >= START + MINUTE ? { memory: 0.9 } : {});
  channel = 'down';
  await watchWindow({}, () => {
    if (now > START + 5 * MINUTE) channel = 'up';
  });
  expect(told.map(({ topic }) => topic)).toEqual(['alarm']);
});

describe('somebody deploys by hand in the middle of a watch (F24)', () => {
  const serves = { target: { version: '1.4.3', sha: 'b'.repeat(40) }, deployment: 'shop-prod-1' };
  const answers = (version: string, sha: string | null, deployment: string | null): Observation => ({
    ...{ state: 'running', version, sha, deployment, source: 'the version endpoint' },
  });

  test.each([
    ['another version', 'a window that held', answers('9.9.9', null, null)],
    ['another commit under the same version', 'a window that held', answers('1.4.3', 'c'.repeat(40), null)],
    ['the build before, put back', 'a hard breach', answers('1.4.2', 'a'.repeat(40), 'shop-prod-0')],
  ])('%s answers: %s is no verdict on it, and a person is asked to look', async (_, ends, seen) => {
    if (ends === 'a hard breach') shows = () => ({ errorRate: 0.9 });
    serving = seen;
    await expect(watchWindow({ serves })).rejects.toMatchObject({
      kind: 'Unknown',
      message: expect.stringContaining('prod was given 1.4.3 (bbbbbbb) and shows') as string,
    });
  });

  test.each([
    ['its own deployment', answers('1.4.3', 'b'.repeat(40), 'shop-prod-1')],
    ['its version and no more', answers('1.4.3', null, null)],
    ['nothing for a moment', { state: 'unclear', detail: 'timed out' } as const],
  ])('a target that shows %s was not changed by anybody: the verdict stands', async (_, seen) => {
    serving = seen;
    expect(await watchWindow({ serves })).toMatchObject({ outcome: 'pass' });
  });
});
