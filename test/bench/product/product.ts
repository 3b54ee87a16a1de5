/** The product on a site: its worker, its API, and the people of a bench. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { Pool } from 'pg';
import { startChild, type Child } from '../child';
import type { Lane, Timing } from '../lane';
import type { Site } from '../site';
import { newSigningKey, writeConfig, type ProductPlan } from './plan';
import { fixOf } from './no-op';

export interface Product extends Lane {
  readonly service: string;
  readonly client: Client;
  readonly api: Child;
  readonly plan: ProductPlan;
  /** How many events of a kind the ledger holds. */
  events(kind: string): Promise<number>;
}

export interface ProductOptions extends Timing {
  readonly service: string;
  readonly bundle: string;
  readonly scriptSeconds?: number;
  readonly oneByOne?: boolean;
}

export async function startProduct(site: Site, options: ProductOptions): Promise<Product> {
  const { service } = options;
  const folder = join(site.folder, service);
  await mkdir(folder, { recursive: true });
  const tokens = writeConfig(folder, service);
  const ledger = await site.postgres.createDatabase(`ledger_${service.replaceAll('-', '_')}`);
  const { temporal } = site;
  const made = { folder, ledger, temporal, signingKey: newSigningKey() };
  const plan: ProductPlan = { scriptSeconds: null, oneByOne: false, ...options, ...made };
  const startWorker = () => startChild(require.resolve('./worker-child'), plan);
  const worker = await startWorker();
  const api = await startChild(require.resolve('./api-child'), plan);
  const connection = await Connection.connect({ address: temporal.address });
  const pool = new Pool({ connectionString: ledger, max: 2 });
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));

  async function post(path: string, token: string, body: unknown): Promise<{ readonly id: string }> {
    const answer = await fetch(`${String(api.up)}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (answer.status >= 300) throw new Error(`POST ${path} answered ${answer.status}: ${await answer.text()}`);
    return (await answer.json()) as { id: string };
  }

  const product: Product = {
    name: 'product',
    service,
    worker,
    api,
    plan,
    client: new Client({ connection, namespace: temporal.namespace }),
    async report() {
      const report = { service, title: 'The price is off', severity: 'low', foundIn: 'uat' };
      return (await post('/v1/bugs', tokens.dev, report)).id;
    },
    async decide(bug, verb) {
      const decision = verb === 'confirm' ? { verb } : { verb: 'approve-prod', sha: fixOf(bug).head };
      await post(`/v1/bugs/${bug}/decisions?service=${service}`, tokens.ann, decision);
    },
    async inStatus(status) {
      const found = 'select id from bug where service = $1 and status = $2';
      const { rows } = await pool.query<{ id: string }>(found, [service, status]);
      return rows.map(({ id }) => id);
    },
    async events(kind) {
      const found = 'select count(*)::int as count from event where kind = $1';
      const { rows } = await pool.query<{ count: number }>(found, [kind]);
      return rows[0]?.count ?? 0;
    },
    async again(signal) {
      await product.worker.end(signal);
      product.worker = await startWorker();
    },
    async stop() {
      await Promise.all([product.worker.end('SIGTERM'), api.end('SIGTERM'), pool.end(), connection.close()]);
    },
  };
  return product;
}
