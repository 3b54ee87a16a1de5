/** The floor's worker: the same SDK settings as the product's, and a table where the product has its ledger. */
import { setTimeout as sleep } from 'node:timers/promises';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { openRecord } from './record';
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

async function run({ service, temporal, database, bundle, watchMs }: FloorPlan): Promise<void> {
  const { record } = await openRecord(database, 10);
  const activities: FloorActivities = {
    record,
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
    maxHeartbeatThrottleInterval: '60s',
  });
  process.once('SIGTERM', () => worker.shutdown());
  process.send?.({ up: true });
  await worker.run();
  process.exit(0);
}

void run(JSON.parse(process.argv[3] ?? '{}') as FloorPlan);
