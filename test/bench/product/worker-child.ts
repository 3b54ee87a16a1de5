/** One worker of the product, with nothing behind its ports, in a process whose CPU is measured. */
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { createLogger } from '../../../src/api/logger';
import { openLedger } from '../../../src/ledger/open-ledger';
import { startWorker } from '../../../src/worker';
import { withoutDrivers } from './no-op';
import { servicesOf, type ProductPlan } from './plan';

process.once('disconnect', () => process.exit(1));
Runtime.install({ logger: new DefaultLogger('ERROR') });

async function run(plan: ProductPlan): Promise<void> {
  const worker = await startWorker({
    services: servicesOf(plan).services,
    only: null,
    temporal: { ...plan.temporal, options: {} },
    ledger: await openLedger(plan.ledger),
    stateDir: plan.folder,
    logger: createLogger('silent'),
    workflows: { workflowBundle: { codePath: plan.bundle } },
    instrument: withoutDrivers(plan, (deployment) => void process.send?.({ act: deployment, at: Date.now() })),
  });
  process.once('SIGTERM', () => void worker.stop().then(() => process.exit(0)));
  process.send?.({ up: true });
  await worker.ended;
}

void run(JSON.parse(process.argv[3] ?? '{}') as ProductPlan);
