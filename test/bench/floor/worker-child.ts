/** The floor's worker: the same SDK settings as the product's, and a table where the product has its ledger. */
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { Pool } from 'pg';
import type { FloorActivities } from './workflows';

export interface FloorPlan {
  readonly service: string;
  readonly temporal: { readonly address: string; readonly namespace: string };
  readonly database: string;
  readonly bundle: string;
  readonly watchMs: number;
}

process.once('disconnect', () => process.exit(1));
Runtime.install({ logger: new DefaultLogger('ERROR') });

/** The same two writes as the product's: a record that is kept, and the state that lists show. */
const RECORD = `
  with kept as (
    insert into floor_event (id, bug, kind, hash) values ($1, $2, $3, $4) on conflict do nothing
  )
  insert into floor_bug (bug, status) values ($2, $3) on conflict (bug) do update set status = excluded.status`;

async function run({ service, temporal, database, bundle, watchMs }: FloorPlan): Promise<void> {
  const pool = new Pool({ connectionString: database, max: 10 });
  pool.on('error', () => undefined);
  await pool.query('create table if not exists floor_event (id text primary key, bug text, kind text, hash text)');
  await pool.query('create table if not exists floor_bug (bug text primary key, status text)');
  const activities: FloorActivities = {
    async record(bug, status) {
      const id = `${bug}/${status}`;
      await pool.query(RECORD, [id, bug, status, createHash('sha256').update(id).digest('hex')]);
    },
    analyse: () => Promise.resolve(),
    async stage(deployment, stage) {
      if (stage === 'watch') await sleep(watchMs);
      if (stage === 'execute') process.send?.({ act: deployment, at: Date.now() });
    },
  };
  const worker = await Worker.create({
    connection: await NativeConnection.connect({ address: temporal.address }),
    namespace: temporal.namespace,
    taskQueue: service,
    workflowBundle: { codePath: bundle },
    activities,
    stickyQueueScheduleToStartTimeout: '1s',
    maxCachedWorkflows: 500,
  });
  process.once('SIGTERM', () => worker.shutdown());
  process.send?.({ up: true });
  await worker.run();
  process.exit(0);
}

void run(JSON.parse(process.argv[3] ?? '{}') as FloorPlan);
