/** A worker with the product's watch activity on a clock that does not wait, and with what it is held against. */
import { Context } from '@temporalio/activity';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import type { ActivityDeps } from '../../../src/activities/deps';
import { createWatch } from '../../../src/activities/watch';
import { deploymentSubject } from '../../../src/domain/ids';
import { emptySample } from '../../../src/domain/watch';
import { openLedger } from '../../../src/ledger/open-ledger';
import type { Clock } from '../../../src/ports/clock';
import { noTarget } from '../product/no-op';
import type { WatchActivities } from './workflows';

export interface WatchPlan {
  readonly service: string;
  readonly temporal: { readonly address: string; readonly namespace: string };
  readonly ledger: string;
  readonly bundle: string;
}

process.once('disconnect', () => process.exit(1));
Runtime.install({ logger: new DefaultLogger('ERROR') });

const MINUTES = 60;
const MINUTE_MS = 60_000;

/** Time passes only where somebody sleeps. */
function quickClock(startedAt: number): Clock {
  let now = startedAt;
  return {
    now: () => now,
    sleep: (ms) => Promise.resolve(void (now += ms)),
  };
}

async function run({ service, temporal, ledger: address, bundle }: WatchPlan): Promise<void> {
  const ledger = await openLedger(address);
  const target = noTarget(() => undefined);
  /** The watch asks for no other port. */
  const depsAt = (startedAt: number) =>
    ({
      ledger,
      clock: quickClock(startedAt),
      messenger: { send: () => Promise.resolve() },
      services: { [service]: { targets: { prod: target } } },
    }) as unknown as ActivityDeps;
  const sampleAt = (deployment: string, at: number): Promise<void> =>
    ledger.addSample(deploymentSubject(deployment), at, null, { ...emptySample(at, 1, null), requestRate: 100 });

  const activities: WatchActivities = {
    watchWindow: (order) => createWatch(depsAt(order.startedAt)).watchWindow(order),
    async poll(deployment, minute) {
      const until = minute * MINUTE_MS;
      await target.metrics.samples({ after: until - MINUTE_MS, until, everyMs: MINUTE_MS });
      await sampleAt(deployment, until);
    },
    async watchBare(deployment) {
      for (let minute = 0; minute < MINUTES; minute += 1) {
        await sampleAt(deployment, minute * MINUTE_MS);
        Context.current().heartbeat(minute);
      }
    },
  };
  const worker = await Worker.create({
    connection: await NativeConnection.connect({ address: temporal.address }),
    namespace: temporal.namespace,
    taskQueue: service,
    workflowBundle: { codePath: bundle },
    activities,
    maxHeartbeatThrottleInterval: '60s',
  });
  process.once('SIGTERM', () => worker.shutdown());
  process.send?.({ up: true });
  await worker.run();
  await ledger.close();
  process.exit(0);
}

void run(JSON.parse(process.argv[3] ?? '{}') as WatchPlan);
