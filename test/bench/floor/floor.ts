/** The floor on a site: its worker, its trains, and a way to walk bugs through it. */
import { Client, Connection } from '@temporalio/client';
import { startChild } from '../child';
import type { Lane, Timing } from '../lane';
import type { Site } from '../site';
import { openRecord } from './record';
import type { FloorPlan } from './worker-child';
import { bugId, decide, trainId, type floorBug, type floorTrain, type FloorInput } from './workflows';

export interface Floor extends Lane {
  readonly client: Client;
  readonly taskQueue: string;
}

export interface FloorOptions extends Timing, Pick<FloorInput, 'records' | 'service'> {}

export async function startFloor(site: Site, { service, slotMs, records, watchMs }: FloorOptions): Promise<Floor> {
  const database = await site.postgres.createDatabase(service.replaceAll('-', '_'));
  const bundle = await site.bundle(require.resolve('./workflows'));
  const { temporal } = site;
  const plan: FloorPlan = { service, temporal, database, bundle, watchMs };
  const startWorker = () => startChild(require.resolve('./worker-child'), plan);
  const connection = await Connection.connect({ address: temporal.address });
  const client = new Client({ connection, namespace: temporal.namespace });
  const { inStatus, close } = await openRecord(database, 2);
  for (const env of ['uat', 'prod']) {
    await client.workflow.start<typeof floorTrain>('floorTrain', {
      workflowId: trainId(service, env),
      taskQueue: service,
      args: [env, slotMs],
    });
  }
  let number = 0;
  const floor: Floor = {
    name: `floor, ${records} records`,
    worker: await startWorker(),
    client,
    taskQueue: service,
    async report() {
      const bug = String((number += 1));
      const workflowId = bugId(service, bug);
      const args: [FloorInput] = [{ bug, service, slotMs, records }];
      await client.workflow.start<typeof floorBug>('floorBug', { workflowId, taskQueue: service, args });
      return bug;
    },
    async decide(bug, verb) {
      await client.workflow.getHandle(bugId(service, bug)).executeUpdate(decide, { args: [verb] });
    },
    inStatus,
    async again(signal) {
      await floor.worker.end(signal);
      floor.worker = await startWorker();
    },
    async stop() {
      for (const env of ['uat', 'prod']) {
        await client.workflow.getHandle(trainId(service, env)).terminate('the bench is over');
      }
      await Promise.all([floor.worker.end('SIGTERM'), close(), connection.close()]);
    },
  };
  return floor;
}
