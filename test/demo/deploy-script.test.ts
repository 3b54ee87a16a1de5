import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { createRepository, commitOf, inCheckout } from '../../src/demo/repository';
import { askShop, askVersion, bringUp, runDeployScript, takeDown, type Served, type Shop } from '../../src/demo/shop';
import { makeYard, type Yard } from './support';

let yard: Yard;
let shop: Shop;
let first: Served;

/** Runs a tagged version's script as Tidegate would. */
function deploy(version: string, deployment: string, ...args: readonly string[]): Promise<string> {
  return inCheckout(yard.repository, `v${version}`, async (folder) => {
    const sha = await commitOf(yard.repository, `v${version}`);
    return runDeployScript(shop, folder, { version, sha, deployment }, args);
  });
}

const pidOf = (): string => readFileSync(join(shop.target, 'shop.pid'), 'utf8').trim();

beforeAll(async () => {
  yard = await makeYard();
  shop = await yard.shop('uat');
  await createRepository(yard.repository);
  first = await bringUp(yard.repository, shop);
});

afterAll(() => yard.end());

test('after a deployment the shop says exactly which version, commit and deployment runs', async () => {
  expect(await askVersion(shop)).toEqual(first);
  expect(first).toMatchObject({ version: '1.4.2', sha: expect.stringMatching(/^[0-9a-f]{40}$/) });
});

test('a second call with the same deployment id does not restart the shop: no request is lost to a retry', async () => {
  const before = pidOf();
  const output = await deploy('1.4.2', first.deployment);
  expect(output).toContain('already there');
  expect(output).toContain(`::tidegate id=${first.deployment} url=${shop.url}`);
  expect(pidOf()).toBe(before);
});

test('--status tells what really runs, also when the version endpoint can not be asked', async () => {
  const output = await deploy('1.4.2', 'ignored', '--status');
  expect(output.trim()).toBe(`::tidegate version=1.4.2 sha=${first.sha} deployment=${first.deployment}`);
});

test('a deployment can be taken back to the kept build, and the same call again changes nothing', async () => {
  await deploy('1.4.1', 'shop-uat-1');
  expect(await askVersion(shop)).toMatchObject({ version: '1.4.1', deployment: 'shop-uat-1' });
  const back = ['--rollback', '--to', '1.4.2', '--sha', first.sha];
  await deploy('1.4.1', 'shop-uat-1', ...back);
  expect(await askVersion(shop)).toEqual(first);
  const pid = pidOf();
  expect(await deploy('1.4.1', 'shop-uat-1', ...back)).toContain('already back');
  expect(pidOf()).toBe(pid);
});

test('a rollback to a build that is not kept is refused before anything is stopped', async () => {
  const unknown = 'f'.repeat(40);
  await expect(deploy('1.4.2', 'x', '--rollback', '--to', '1.0.0', '--sha', unknown)).rejects.toThrow('not kept');
  expect(await askVersion(shop)).toEqual(first);
});

test.each([
  ['--strategy', 'canary'],
  ['--rollback', '--to', '$(touch hacked)', '--sha', '1234567'],
  ['--rollback', '--to', '1.4.2', '--sha', '../../etc'],
])('what the script can not do or should not read is refused: %s %s', async (...args) => {
  await expect(deploy('1.4.2', 'x', ...args)).rejects.toThrow('ended with 2');
});

test('--check boots the previous build without touching the running one', async () => {
  const pid = pidOf();
  await inCheckout(yard.repository, 'v1.4.1', async (folder) => {
    const env = { ...process.env, TARGET: shop.target, PORT: String(shop.port), SHOP_ENV: 'uat' };
    const child = spawn(join(folder, 'scripts/deploy.sh'), ['--check'], {
      env: { ...env, TIDEGATE_PREVIOUS_SHA: first.sha },
    });
    const code = await new Promise((resolve) => child.once('close', resolve));
    expect(code).toBe(0);
  });
  expect(pidOf()).toBe(pid);
});

test('the shop does not keep the lock of its deployment open: the next deployment can leave', async () => {
  await takeDown(shop);
  const lock = openSync(join(shop.target, 'lock'), 'a');
  await inCheckout(yard.repository, 'v1.4.2', async (folder) => {
    const stdio = ['ignore', 'ignore', 'ignore', ...Array<'ignore'>(4).fill('ignore'), lock, 'ignore', lock] as const;
    const child = spawn(join(folder, 'scripts/deploy.sh'), [], {
      stdio: [...stdio],
      env: {
        ...process.env,
        ...{ TARGET: shop.target, PORT: String(shop.port), SHOP_ENV: 'uat', TIDEGATE_LOCK_FD: '7' },
        ...{ TIDEGATE_SHA: first.sha, TIDEGATE_VERSION: first.version, TIDEGATE_DEPLOYMENT_ID: first.deployment },
      },
    });
    expect(await new Promise((resolve) => child.once('close', resolve))).toBe(0);
  });
  closeSync(lock);
  expect(await askVersion(shop)).toEqual(first);
  const descriptors = `/proc/${pidOf()}/fd`;
  const open = existsSync(descriptors) ? readdirSync(descriptors).map((fd) => readlinkSync(join(descriptors, fd))) : [];
  expect(open.filter((path) => path.endsWith('/lock'))).toEqual([]);
});

test('after a stop the next start brings back what ran last, with the same deployment id', async () => {
  await deploy('1.4.1', 'shop-uat-7');
  await takeDown(shop);
  await expect(askVersion(shop)).rejects.toThrow();
  expect(await bringUp(yard.repository, shop)).toMatchObject({ version: '1.4.1', deployment: 'shop-uat-7' });
  expect(await askVersion(shop)).toMatchObject({ version: '1.4.1', deployment: 'shop-uat-7' });
});

test('metrics carry what the watch reads: requests by status, latencies, start time and gauges', async () => {
  await askShop(shop, '/api/products');
  const text = await (await fetch(`${shop.url}/metrics`)).text();
  for (const line of [
    /^http_requests_total\{status="200"\} \d+$/m,
    /^http_request_duration_seconds_bucket\{le="\+Inf"\} \d+$/m,
  ]) {
    expect(text).toMatch(line);
  }
  const gauges = ['process_start_time_seconds', 'cpu_usage_ratio', 'memory_usage_ratio', 'queue_depth'];
  for (const gauge of gauges) expect(text).toMatch(new RegExp(`^${gauge} [0-9.e-]+$`, 'm'));
});
