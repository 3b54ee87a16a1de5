import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadConfig } from '../../src/config/load';
import { readingsSubject } from '../../src/domain/ids';
import { hasData } from '../../src/domain/watch';
import { createScriptHealth } from '../../src/drivers/script/health';
import { openLedger } from '../../src/ledger/open-ledger';
import type { Ledger } from '../../src/ports/ledger';
import { wireService } from '../../src/wiring/drivers';
import { VARIABLES } from '../config/support';
import { json, startFakeService, text, type FakeService } from '../support/fake-service';
import { temporaryFolder } from '../support/temporary-folder';

const READINGS = readingsSubject('shop', 'uat');
const ROOT = join(__dirname, '..', '..');

let folder: string;
let ledger: Ledger;
let service: FakeService;

beforeEach(async () => {
  folder = await temporaryFolder();
  ledger = await openLedger(join(folder, 'ledger.db'));
  service = await startFakeService();
});

afterEach(async () => {
  await service.close();
  await ledger.close();
  await rm(folder, { recursive: true, force: true });
});

/** The contract's own example, with its addresses pointed at the test's service. */
async function example() {
  const source = await readFile(join(ROOT, 'tidegate.yaml'), 'utf8');
  await mkdir(join(folder, 'smoke'));
  await writeFile(join(folder, 'smoke/prod.yaml'), await readFile(join(ROOT, 'smoke/prod.yaml')));
  await writeFile(join(folder, 'tidegate.yaml'), source.replace(/http:\/\/127\.0\.0\.1:\d+/g, service.url));
  const [loaded] = loadConfig({ configPath: null, cwd: folder, variables: VARIABLES, secrets: 'require' });
  if (!loaded) throw new Error('the example has a service');
  const options = { stateDir: folder, host: 'here', hostEnv: process.env, ledger, warn: () => undefined };
  return wireService(loaded, ['uat', 'prod'], options);
}

test('the example of the contract is served as it stands: UAT is recorded, PROD asks its Prometheus for its own series', async () => {
  service.answers.set('GET /metrics', text('queue_depth 1'));
  const { drivers, recorders } = await example();
  expect(recorders).toHaveLength(1);
  const range = { after: Date.now() - 60_000, until: Date.now(), everyMs: 60_000 };
  await drivers.targets.uat?.metrics.samples(range);
  expect(await ledger.samples(READINGS, 0)).toHaveLength(1);

  service.answers.set(
    'POST /api/v1/query_range',
    json({ status: 'success', data: { resultType: 'matrix', result: [] } }),
  );
  const samples = (await drivers.targets.prod?.metrics.samples(range)) ?? [];
  expect(samples.map(hasData)).toEqual([false]);
  const queries = service.requests.flatMap(({ body }) => new URLSearchParams(body).get('query') ?? []);
  expect(queries).toHaveLength(10);
  for (const query of queries) expect(query).toContain(`instance="${service.host}"`);
});

test('readings between deployments do not fill the disk: old ones are dropped, evidence of deployments stays', async () => {
  const reading = {
    at: 1,
    counters: null,
    histogram: null,
    gauges: { cpu: 1, memory: 1, queueDepth: 1 },
    healthy: true,
  };
  for (const at of [1, 2, 3]) await ledger.addSample(READINGS, at, { ...reading, at }, null);
  await ledger.addSample('deploy/shop-prod-1', 1, reading, null);
  await ledger.forgetSamples(READINGS, 3);
  expect((await ledger.samples(READINGS, 0)).map(({ at }) => at)).toEqual([3]);
  expect(await ledger.samples('deploy/shop-prod-1', 0)).toHaveLength(1);
});

test('a health script says well or not by its exit code; one that cannot be asked says nothing', async () => {
  const checkout = join(folder, 'checkout');
  const present = join(folder, 'work', 'shop', 'uat', 'present');
  await mkdir(join(folder, 'work', 'shop', 'uat'), { recursive: true });
  await mkdir(checkout);
  const script = async (name: string, lines: string): Promise<void> => {
    await writeFile(join(checkout, name), `#!/bin/sh\n${lines}\n`);
    await chmod(join(checkout, name), 0o755);
  };
  const ask = (timeoutMs?: number) =>
    createScriptHealth(
      {
        ...{ service: 'shop', env: 'uat', script: 'health.sh', workDir: join(folder, 'work') },
        ...{ envFile: null, hostEnv: process.env },
      },
      timeoutMs,
    )();
  expect(await ask()).toBeNull();
  await script('deploy.sh', 'exit 0');
  await writeFile(present, JSON.stringify({ folder: checkout, script: join(checkout, 'deploy.sh') }));
  expect(await ask()).toBeNull();
  await script('health.sh', '[ "$TIDEGATE_ENV" = uat ]');
  expect(await ask()).toBe(true);
  await script('health.sh', 'exit 3');
  expect(await ask()).toBe(false);
  await script('health.sh', 'sleep 60');
  expect(await ask(200)).toBe(false);
});
