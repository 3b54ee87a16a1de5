/** The product's API in a process of its own: people's way in is real, and its CPU is not the engine's. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Client, Connection } from '@temporalio/client';
import { Registry } from 'prom-client';
import { createApp } from '../../../src/api/app';
import { createLogger } from '../../../src/api/logger';
import { createConductor } from '../../../src/client/conductor';
import { openLedger } from '../../../src/ledger/open-ledger';
import { servicesOf, type ProductPlan } from './plan';

process.once('disconnect', () => process.exit(1));
process.once('SIGTERM', () => process.exit(0));

async function run(plan: ProductPlan): Promise<void> {
  const connection = await Connection.connect({ address: plan.temporal.address });
  const { services, signing } = servicesOf(plan);
  const app = createApp({
    services,
    ledger: await openLedger(plan.ledger),
    conductor: createConductor(new Client({ connection, namespace: plan.temporal.namespace })),
    signer: signing.signer,
    reportsOf: () => ({ list: () => Promise.resolve([]), read: () => Promise.resolve(null) }),
    calendars: null,
    now: () => Date.now(),
    links: { temporalUi: null, board: null },
    logger: createLogger('silent'),
    registry: new Registry(),
    // The crowd of a bench is one person.
    limits: { perMinute: 1_000_000 },
  });
  const server = createServer(app).listen(0, '127.0.0.1', () =>
    process.send?.({ up: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }),
  );
}

void run(JSON.parse(process.argv[3] ?? '{}') as ProductPlan);
