/**
 * A town for one test file: the demo's shop open on both stages with its customers, its repository, its people, and
 * Tidegate beside it on a real Temporal server. Only the slots and the length of the watch are made for tests.
 */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Bug } from '../../src/api/schemas/bug';
import { demoConfig, type Tides } from '../../src/demo/config';
import type { DemoPaths } from '../../src/demo/paths';
import { demoTokens, type Person, type Tokens } from '../../src/demo/people';
import { untilQuiet } from '../../src/demo/quiet';
import { createRepository, type Repository } from '../../src/demo/repository';
import { bringUp, writeEnvFile, type Shop } from '../../src/demo/shop';
import { startTraffic } from '../../src/demo/traffic';
import { openLedger } from '../../src/ledger/open-ledger';
import type { Ledger } from '../../src/ports/ledger';
import type { Up } from '../../src/up';
import { makeYard } from '../demo/support';
import type { RunningEnvironment } from '../support/environments';
import { startProduct, type ProductPlan } from './product';

export interface Answer<T> {
  readonly status: number;
  readonly body: T;
}

/** A product under way: in this process, or in one that a test can kill. */
export type Running = Pick<Up, 'url' | 'stop'>;

export interface Town {
  readonly paths: DemoPaths;
  readonly repository: Repository;
  readonly uat: Shop;
  readonly prod: Shop;
  /** A look into the ledger's file beside the product. */
  readonly ledger: Ledger;
  /** Starts the product in the place of the one before it, with one slot some seconds ahead, or none. */
  start(soon?: 'T1' | 'T2'): Promise<void>;
  get<T = Bug>(path: string): Promise<Answer<T>>;
  post<T = Bug>(as: Person, path: string, body: unknown, key?: string): Promise<Answer<T>>;
  /** The bug once it is as wanted. @throws with what it is instead, when that takes too long */
  untilBug(id: string, wanted: (bug: Bug) => boolean): Promise<Bug>;
  end(): Promise<void>;
}

export interface TownOptions {
  readonly temporal: RunningEnvironment;
  /** Changes the text of `tidegate.yaml`. */
  readonly config?: (text: string, paths: DemoPaths) => string;
  readonly launch?: (plan: ProductPlan) => Promise<Running>;
}

const HOUR_MS = 3_600_000;
/** What people need at least to do something before the slot. */
const LEAST_LEAD_MS = 9_000;
const PATIENCE_MS = 120_000;

/** Long enough for a verdict, short enough for a test; a busy machine's latencies are no breach. */
const shortWatch = (text: string): string =>
  text
    .replaceAll(/ window: \d+s/g, ' window: 3s')
    .replaceAll(/baseline: \d+s/g, 'baseline: 3s')
    .replaceAll(/miniWindow: \d+s/g, 'miniWindow: 2s')
    .replaceAll(/^.*id: p99-3x.*\n/gm, '');

/** Polls for what must come. @throws with the last thing seen */
export async function eventually<T>(look: () => Promise<T>, wanted: (seen: T) => boolean): Promise<T> {
  for (const giveUpAt = Date.now() + PATIENCE_MS; ;) {
    const seen = await look();
    if (wanted(seen)) return seen;
    if (Date.now() > giveUpAt) throw new Error(`it never came; the last look: ${JSON.stringify(seen)}`);
    await sleep(100);
  }
}

export async function makeTown({
  temporal,
  config = (text) => text,
  launch = startProduct,
}: TownOptions): Promise<Town> {
  const yard = await makeYard();
  const { paths, repository } = yard;
  await createRepository(repository);
  const tokens: Tokens = await demoTokens(paths);
  const [uat, prod] = [await yard.shop('uat'), await yard.shop('prod')];
  const shops = [uat, prod];
  await Promise.all(shops.map((shop) => writeEnvFile(paths, shop)));
  await Promise.all(shops.map((shop) => bringUp(repository, shop)));
  const traffic = shops.map(startTraffic);
  const ledger = await openLedger(join(paths.state, 'ledger.db'));
  let product: Running | null = null;

  async function startWith(tides: Tides): Promise<void> {
    await product?.stop();
    product = null;
    await writeFile(paths.config, config(shortWatch(demoConfig(paths, shops, tides, 'UTC')), paths));
    const plan = { configPath: paths.config, stateDir: paths.state, temporal: temporal().address };
    product = await launch({ ...plan, bundle: process.env.TIDEGATE_TEST_BUNDLE ?? '' });
  }

  /** With `soon`, that slot lies just ahead when this returns; everything else lies hours away. */
  async function start(soon: 'T1' | 'T2' | null = null): Promise<void> {
    for (let lead = 15_000; ; lead *= 2) {
      const now = Date.now();
      const at = Math.ceil((now + lead) / 1_000) * 1_000;
      const far = now + 5 * HOUR_MS;
      await startWith({ t1: soon === 'T1' ? at : far, t2: soon === 'T2' ? at : far + HOUR_MS });
      // On a slow machine the slot may pass before anybody can use it: once more, with more room.
      if (soon === null || Date.now() + LEAST_LEAD_MS < at) return;
    }
  }

  async function ask<T>(as: Person, path: string, body?: unknown, key?: string): Promise<Answer<T>> {
    const response = await fetch(new URL(path, product?.url), {
      headers: {
        authorization: `Bearer ${tokens[as]}`,
        'content-type': 'application/json',
        ...(key !== undefined && { 'idempotency-key': key }),
      },
      ...(body !== undefined && { method: 'POST', body: JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as T };
  }

  const get = <T = Bug>(path: string): Promise<Answer<T>> => ask<T>('dev', path);
  return {
    ...{ paths, repository, uat, prod, ledger, start, get },
    post: ask,
    untilBug: async (id, wanted) =>
      (
        await eventually(
          () => get(`/v1/bugs/${id}`),
          ({ body }) => wanted(body),
        )
      ).body,
    async end() {
      await product?.stop();
      await ledger.close();
      await Promise.all(traffic.map((each) => each.stop()));
      await Promise.all(shops.map(untilQuiet));
      await yard.end();
    },
  };
}

/** Processes on this host that work for a deployment of this town: its runner, its script and their children. */
export async function processesOf({ paths }: Town, deployment: string): Promise<readonly string[]> {
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name));
  const looks = pids.map(async (pid) => {
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    const variables = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
    const ours = variables.includes(paths.state) && variables.includes(`TIDEGATE_DEPLOYMENT_ID=${deployment}\0`);
    return ours || command.includes(join(paths.state, 'work')) ? [`${pid} ${command.replaceAll('\0', ' ')}`] : [];
  });
  return (await Promise.all(looks)).flat();
}
