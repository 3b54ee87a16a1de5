/** A deployment whose metrics come from a Prometheus: before its start, and in its watch. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import type { WatchOrder } from '../../src/activities';
import type { ActivityDeps, Target } from '../../src/activities/deps';
import { createTargetActivities } from '../../src/activities/target';
import { createWatch } from '../../src/activities/watch';
import type { DeploymentOrder } from '../../src/domain/deployment-order';
import { environmentPolicy } from '../../src/domain/policy';
import type { WatchVerdict } from '../../src/domain/watch';
import { WATCH_PRESETS } from '../../src/domain/watch-rules';
import { createPrometheusMetrics } from '../../src/drivers/prometheus/metrics';
import { openLedger } from '../../src/ledger/open-ledger';
import type { Ledger } from '../../src/ports/ledger';
import { policyOf } from '../api/sample';
import { startFakeService, text, type FakeService } from '../support/fake-service';
import { temporaryFolder } from '../support/temporary-folder';

const START = Date.UTC(2026, 10, 20, 22);
const MINUTE = 60_000;
/** Nobody asks exactly on the minute. */
const LATE = 5;
const RUNNING = { version: '1.4.2', sha: 'a'.repeat(40), deployment: 'shop-prod-0' };

let folder: string;
let ledger: Ledger;
let prometheus: FakeService;
let now: number;
/** Minutes after the start in which the server does not answer, and after which it has no data. */
let away: readonly number[];
let endsAt: number;

beforeEach(async () => {
  folder = await temporaryFolder();
  ledger = await openLedger(join(folder, 'ledger.db'));
  prometheus = await startFakeService();
  [now, away, endsAt] = [START + LATE, [], Infinity];
  prometheus.answers.set('POST /api/v1/query_range', (response, { body }) => {
    if (away.includes(Math.floor((now - START) / MINUTE))) return text('', 503)(response, {} as never);
    const form = new URLSearchParams(body);
    const query = form.get('query') ?? '';
    const value = query.startsWith('sum(rate(http_requests_total')
      ? '100'
      : query.includes('probe_success')
        ? '1'
        : '0';
    const values: unknown[] = [];
    for (let at = Number(form.get('start')); at <= Number(form.get('end')) && at * 1000 <= endsAt; at += 60) {
      values.push([at, value]);
    }
    const result = values.length > 0 ? [{ metric: {}, values }] : [];
    response.end(JSON.stringify({ status: 'success', data: { resultType: 'matrix', result } }));
  });
});

afterEach(async () => {
  await prometheus.close();
  await ledger.close();
  await rm(folder, { recursive: true, force: true });
});

function world(): ActivityDeps {
  const metrics = createPrometheusMetrics({
    url: prometheus.url,
    selector: 'job="shop"',
    rangeMs: null,
    queries: {},
    authorization: null,
    health: () => Promise.resolve(true),
  });
  const deployer = { observe: () => Promise.resolve({ state: 'running', ...RUNNING, source: 'endpoint' }) };
  const target = { metrics, deployer } as unknown as Target;
  return {
    ledger,
    clock: { now: () => now, sleep: (ms: number) => Promise.resolve(void (now += ms)) },
    services: { shop: { targets: { prod: target } } },
  } as unknown as ActivityDeps;
}

const policy = environmentPolicy(policyOf('shop'), 'prod');
const watch = { ...policy.watch, rules: WATCH_PRESETS.default };

const watchWindow = () =>
  new MockActivityEnvironment().run<[WatchOrder], WatchVerdict, (order: WatchOrder) => Promise<WatchVerdict>>(
    createWatch(world()).watchWindow,
    {
      ...{ deployment: 'shop-prod-1', service: 'shop', env: 'prod', startedAt: START, windowMs: 8 * MINUTE },
      ...{ baseline: null, policy: watch, settled: null },
    },
  );

const baselineCheck = async () => {
  const order = { service: 'shop', env: 'prod', running: RUNNING, policy: { ...policy, watch } };
  const { preflight } = createTargetActivities(world());
  const { checks, baseline } = await new MockActivityEnvironment().run<
    Parameters<typeof preflight>,
    Awaited<ReturnType<typeof preflight>>,
    typeof preflight
  >(preflight, order as unknown as DeploymentOrder, now);
  return { ...checks.find(({ name }) => name === 'baseline'), baseline };
};

test('a Prometheus that is away for two minutes of the watch costs no release, and no minute of its record', async () => {
  away = [3, 4];
  expect(await watchWindow()).toEqual({ outcome: 'pass', samples: 8 });
  const rows = (await ledger.samples('deploy/shop-prod-1', START)).map(({ at, sample }) => [
    Math.floor((at - START) / MINUTE),
    sample?.unanswered === undefined ? sample?.requestRate : 'unanswered',
  ]);
  expect(rows.filter(([, value]) => value === 100).map(([minute]) => minute)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  expect(rows.filter(([, value]) => value === 'unanswered').map(([minute]) => minute)).toEqual([3, 4]);
});

test('one that stays away proves nothing: production never keeps what nobody saw', async () => {
  away = [3, 4, 5];
  expect(await watchWindow()).toMatchObject({
    outcome: 'inconclusive',
    breach: { rule: 'source-away', sentence: expect.stringContaining('503') },
  });
});

test('before a start the baseline is asked for the time before, and missing or old evidence stops production', async () => {
  expect(await baselineCheck()).toMatchObject({ ok: true, baseline: { values: { requestRate: 100, errorRate: 0 } } });
  endsAt = START - 10 * MINUTE;
  expect(await baselineCheck()).toMatchObject({
    ok: false,
    baseline: null,
    detail: expect.stringContaining('none for the last'),
  });
  [now, away] = [START + LATE, [0, 1, 2, 3]];
  expect(await baselineCheck()).toMatchObject({
    ok: false,
    baseline: null,
    detail: expect.stringContaining('answered 503'),
  });
});
