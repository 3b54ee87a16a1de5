/** Watches on a site, each way in runs of its own. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import type { WatchOrder } from '../../../src/activities';
import { environmentPolicy } from '../../../src/domain/policy';
import { startChild, type Child } from '../child';
import { loadedService, writeConfig } from '../product/plan';
import type { Site } from '../site';
import type { WatchPlan } from './worker-child';

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

export interface Watches {
  readonly worker: Child;
  /** So many watches of a kind, one after the other; answers how many came to their end. */
  run(type: string, windows: number): Promise<number>;
  /** Events of the last run of a kind. */
  events(type: string): Promise<number>;
  stop(): Promise<void>;
}

export async function startWatches(site: Site): Promise<Watches> {
  const service = 'p5';
  const folder = join(site.folder, service);
  await mkdir(folder, { recursive: true });
  writeConfig(folder, service);
  const policy = environmentPolicy(loadedService(folder).policy, 'prod').watch;
  const { temporal } = site;
  const ledger = await site.postgres.createDatabase('ledger_p5');
  const bundle = await site.bundle(require.resolve('./workflows'));
  const plan: WatchPlan = { service, temporal, ledger, bundle };
  const worker = await startChild(require.resolve('./worker-child'), plan);
  const connection = await Connection.connect({ address: temporal.address });
  const client = new Client({ connection, namespace: temporal.namespace });
  const last = new Map<string, string>();
  let number = 0;
  return {
    worker,
    async run(type, windows) {
      for (let window = 0; window < windows; window += 1) {
        number += 1;
        const order: WatchOrder = {
          deployment: `${service}-prod-${number}`,
          service,
          env: 'prod',
          windowMs: HOUR_MS,
          startedAt: Date.now(),
          baseline: null,
          policy: { ...policy, windowMs: HOUR_MS, everyMs: MINUTE_MS },
          settled: null,
        };
        const workflowId = `${type}-${number}`;
        last.set(type, workflowId);
        await client.workflow.execute(type, { workflowId, taskQueue: service, args: [order] });
      }
      return windows;
    },
    async events(type) {
      const { events } = await client.workflow.getHandle(last.get(type) ?? '').fetchHistory();
      return events?.length ?? 0;
    },
    async stop() {
      await Promise.all([worker.end('SIGTERM'), connection.close()]);
    },
  };
}
