/** The product on a site: its worker, its API, and the people of a bench. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'pg';
import { startChild, type Child } from '../child';
import type { Site } from '../site';
import { newSigningKey, writeConfig, type ProductPlan } from './plan';
import { fixOf } from './no-op';

export interface Product {
  readonly service: string;
  worker: Child;
  /** Answers of the worker: the first instruction of each deployment, `{ act, at }`. */
  report(title: string): Promise<string>;
  decide(bug: string, verb: string, more?: Readonly<Record<string, unknown>>): Promise<void>;
  /** Ids of this service's bugs in a status. */
  inStatus(status: string): Promise<readonly string[]>;
  /** Waits until so many bugs are in a status, besides those before. */
  until(status: string, count: number): Promise<void>;
  stop(): Promise<void>;
}

export const headOf = (bug: string): string => fixOf(bug).head;

export interface ProductOptions {
  readonly service: string;
  readonly bundle: string;
  readonly slotMs: number;
  readonly watchMs: number;
}

const LOOK_EVERY_MS = 50;

export async function startProduct(site: Site, options: ProductOptions): Promise<Product> {
  const { service } = options;
  const folder = join(site.folder, service);
  await mkdir(folder, { recursive: true });
  const tokens = writeConfig(folder, service);
  const ledger = await site.postgres.createDatabase(`ledger_${service.replaceAll('-', '_')}`);
  const plan: ProductPlan = { ...options, folder, ledger, temporal: site.temporal, signingKey: newSigningKey() };
  const worker = await startChild(require.resolve('./worker-child'), plan);
  const api = await startChild(require.resolve('./api-child'), plan);
  const pool = new Pool({ connectionString: ledger, max: 2 });
  pool.on('error', () => undefined);

  async function post(path: string, token: string, body: unknown): Promise<{ readonly id: string }> {
    const answer = await fetch(`${String(api.up)}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (answer.status >= 300) throw new Error(`POST ${path} answered ${answer.status}: ${await answer.text()}`);
    return (await answer.json()) as { id: string };
  }

  async function inStatus(status: string): Promise<readonly string[]> {
    const { rows } = await pool.query<{ id: string }>('select id from bug where service = $1 and status = $2', [
      service,
      status,
    ]);
    return rows.map(({ id }) => id);
  }

  return {
    service,
    worker,
    async report(title) {
      return (await post('/v1/bugs', tokens.dev, { service, title, severity: 'low', foundIn: 'uat' })).id;
    },
    decide: async (bug, verb, more = {}) => {
      await post(`/v1/bugs/${bug}/decisions?service=${service}`, tokens.ann, { verb, ...more });
    },
    inStatus,
    async until(status, count) {
      while ((await inStatus(status)).length < count) await sleep(LOOK_EVERY_MS);
    },
    async stop() {
      await Promise.all([worker.stop(), api.stop(), pool.end()]);
    },
  };
}

/** Does the work on all items, so many at a time. */
export async function crowd<T>(items: readonly T[], atOnce: number, work: (item: T) => Promise<void>): Promise<void> {
  const left = [...items];
  const one = async (): Promise<void> => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: atOnce }, one));
}
