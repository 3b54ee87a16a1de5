/** The floor on a site: its worker, its trains, and a way to walk bugs through it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { Pool } from 'pg';
import { startChild, type Child } from '../child';
import type { Site } from '../site';
import type { FloorPlan } from './worker-child';
import { bugId, decide, trainId, type floorBug, type floorTrain, type FloorInput } from './workflows';

export interface Floor {
  readonly worker: Child;
  readonly client: Client;
  start(bug: string): Promise<void>;
  decide(bug: string, verb: 'confirm' | 'approve'): Promise<void>;
  inStatus(status: string, prefix: string): Promise<readonly string[]>;
  until(status: string, prefix: string, count: number): Promise<void>;
  stop(): Promise<void>;
}

export interface FloorOptions extends Pick<FloorInput, 'slotMs' | 'records' | 'service'> {
  readonly watchMs: number;
}

const LOOK_EVERY_MS = 50;

export async function startFloor(site: Site, { service, slotMs, records, watchMs }: FloorOptions): Promise<Floor> {
  const database = await site.postgres.createDatabase(service.replaceAll('-', '_'));
  const bundle = await site.bundle(require.resolve('./workflows'));
  const plan: FloorPlan = { service, temporal: site.temporal, database, bundle, watchMs };
  const worker = await startChild(require.resolve('./worker-child'), plan);
  const connection = await Connection.connect({ address: site.temporal.address });
  const client = new Client({ connection, namespace: site.temporal.namespace });
  const pool = new Pool({ connectionString: database, max: 2 });
  pool.on('error', () => undefined);
  for (const env of ['uat', 'prod']) {
    await client.workflow.start<typeof floorTrain>('floorTrain', {
      workflowId: trainId(service, env),
      taskQueue: service,
      args: [env, slotMs],
    });
  }

  async function inStatus(status: string, prefix: string): Promise<readonly string[]> {
    const { rows } = await pool.query<{ bug: string }>(
      'select bug from floor_bug where status = $1 and starts_with(bug, $2)',
      [status, prefix],
    );
    return rows.map(({ bug }) => bug);
  }

  return {
    worker,
    client,
    async start(bug) {
      await client.workflow.start<typeof floorBug>('floorBug', {
        workflowId: bugId(service, bug),
        taskQueue: service,
        args: [{ bug, service, slotMs, records }],
      });
    },
    async decide(bug, verb) {
      await client.workflow.getHandle(bugId(service, bug)).executeUpdate(decide, { args: [verb] });
    },
    inStatus,
    async until(status, prefix, count) {
      while ((await inStatus(status, prefix)).length < count) await sleep(LOOK_EVERY_MS);
    },
    async stop() {
      await client.workflow.getHandle(trainId(service, 'uat')).terminate('the bench is over');
      await client.workflow.getHandle(trainId(service, 'prod')).terminate('the bench is over');
      await Promise.all([worker.stop(), pool.end(), connection.close()]);
    },
  };
}
