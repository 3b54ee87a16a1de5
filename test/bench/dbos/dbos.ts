/** DBOS on a site, as a lane beside the product's and the floor's. */
import { DBOSClient } from '@dbos-inc/dbos-sdk';
import { startChild } from '../child';
import { openRecord } from '../floor/record';
import type { Lane, Timing } from '../lane';
import type { Site } from '../site';
import { type DbosPlan } from './worker-child';

const PATIENCE_S = 600;

export async function startDbos(site: Site, { service, ...timing }: Timing & { service: string }): Promise<Lane> {
  const name = service.replaceAll('-', '_');
  const [database, system] = [
    await site.postgres.createDatabase(name),
    await site.postgres.createDatabase(`${name}_s`),
  ];
  const plan: DbosPlan = { database, system, ...timing };
  const startWorker = () => startChild(require.resolve('./worker-child'), plan);
  const worker = await startWorker();
  const client = await DBOSClient.create({ systemDatabaseUrl: system });
  const { inStatus, close } = await openRecord(database, 2);
  let number = 0;
  const lane: Lane = {
    name: 'DBOS',
    worker,
    report() {
      const bug = String((number += 1));
      return new Promise((resolve) => {
        const off = lane.worker.onMessage((message) => {
          if ((message as { started?: string }).started !== bug) return;
          off();
          resolve(bug);
        });
        lane.worker.send({ bug });
      });
    },
    async decide(bug, verb) {
      await client.send(bug, true, `gate/${verb}`);
      const taken = await client.getEvent(bug, verb, PATIENCE_S);
      if (taken !== true) throw new Error(`DBOS: ${verb} of ${bug} was not taken; void`);
    },
    inStatus,
    async again(signal) {
      await lane.worker.end(signal);
      lane.worker = await startWorker();
    },
    async stop() {
      await lane.worker.end('SIGTERM');
      await Promise.all([client.destroy(), close()]);
    },
  };
  return lane;
}
