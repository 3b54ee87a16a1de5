/** All roles in one process with the embedded defaults: what `tidegate up` and the demo start. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { createApp } from './api/app';
import { createConductor } from './client/conductor';
import { connect, type TemporalAddress } from './client/connection';
import type { LoadedService } from './config/loaded';
import { createCalendars } from './drivers/calendar/calendars';
import { createFileReports } from './drivers/reports/file-reports';
import { createSqliteLedger } from './ledger/sqlite-ledger';
import { startWorker, type WorkerRole } from './worker';

export interface UpOptions {
  readonly services: readonly LoadedService[];
  readonly temporal: TemporalAddress & { readonly uiUrl: string | null };
  /** Holds the ledger, mirrors, checkouts and job folders. */
  readonly stateDir: string;
  readonly listen: { readonly host: string; readonly port: number };
  readonly version: string;
  readonly logger: Logger;
  readonly workflows?: NonNullable<WorkerRole['workflows']>;
}

export interface Up {
  readonly url: string;
  /** Settles when the worker ended by itself; rejects when it failed. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

function listening(server: Server, { host, port }: UpOptions['listen']): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => resolve((server.address() as AddressInfo).port));
  });
}

/** Starts ledger, worker and API; answers once all of them work. */
export async function startAll(options: UpOptions): Promise<Up> {
  const { services, temporal, stateDir, listen, version, logger } = options;
  const ledger = await createSqliteLedger({ file: join(stateDir, 'ledger.db') });
  const { workflows } = options;
  const worker = await startWorker({
    services,
    only: null,
    temporal,
    ledger,
    stateDir,
    logger,
    ...(workflows && { workflows }),
  });
  const client = await connect(temporal);
  const first = services[0];
  const reports = createFileReports({ dir: first?.wiring.reportsDir ?? 'releases', zone: first?.policy.zone ?? 'UTC' });
  const app = createApp({
    services,
    ledger,
    conductor: createConductor(client),
    reports,
    calendars: createCalendars(services.map(({ calendar }) => calendar)),
    now: () => Date.now(),
    links: { temporalUi: temporal.uiUrl && `${temporal.uiUrl}/namespaces/${temporal.namespace}`, board: null },
    logger,
    version,
  });
  const server = createServer(app);
  const port = await listening(server, listen);
  return {
    url: `http://${listen.host}:${port}`,
    ended: worker.ended,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await client.connection.close();
      await worker.stop();
      await ledger.close();
    },
  };
}
