/** Wiring of the role `api`: ledger, door to Temporal, app, port; nothing else. */
import { createServer, type RequestListener, type Server } from 'node:http';
import { isIP, type AddressInfo } from 'node:net';
import type { Client } from '@temporalio/client';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { createConductor } from '../client/conductor';
import { createQueues } from '../client/queues';
import type { LoadedService } from '../config/loaded';
import { TidegateFailure } from '../domain/failures';
import { createCalendars } from '../drivers/calendar/calendars';
import { createFileReports } from '../drivers/reports/file-reports';
import type { Ledger } from '../ports/ledger';
import type { Reports } from '../ports/reports';
import type { Signer } from '../ports/signer';
import { createApp } from './app';

export interface ApiRole {
  readonly services: readonly LoadedService[];
  readonly ledger: Ledger;
  readonly client: Client;
  readonly signer: Signer;
  readonly listen: { readonly host: string; readonly port: number };
  /** Temporal's UI up to and with the namespace, or null. */
  readonly temporalUi: string | null;
  readonly logger: Logger;
  /** The figures of the process, those of the API among them. */
  readonly registry?: Registry;
}

export interface RunningApi {
  readonly url: string;
  /** Ends open answers too; ledger and client stay with whoever gave them. */
  stop(): Promise<void>;
}

/** Slow senders are cut off (6-faults abuse 26); a followed log is an answer, and may last. */
const HEADERS_MS = 15_000;
const REQUEST_MS = 60_000;
/** More are hung up on at once. */
const MAX_CONNECTIONS = 2_000;

/** Listens once the door is safe to open. @throws BadPlan for an open address without tokens */
export async function startApi(role: ApiRole): Promise<RunningApi> {
  const { services, ledger, client, signer, listen, temporalUi, logger, registry } = role;
  refuseOpenDoor(listen.host, services);
  const app = createApp({
    services,
    ledger,
    conductor: createConductor(client),
    queues: createQueues(client),
    signer,
    reportsOf: reportsOf(services),
    calendars: createCalendars(services.map(({ calendar }) => calendar)),
    now: () => Date.now(),
    links: { temporalUi, board: null },
    logger,
    ...(registry && { registry }),
  });
  return listenOn(app, listen);
}

/** Serves an app with the limits that every door of ours has. @throws BadPlan when the port is taken */
export async function listenOn(app: RequestListener, listen: ApiRole['listen']): Promise<RunningApi> {
  const server = createServer({ headersTimeout: HEADERS_MS, requestTimeout: REQUEST_MS }, app);
  server.maxConnections = MAX_CONNECTIONS;
  const port = await listening(server, listen);
  const host = isIP(listen.host) === 6 ? `[${listen.host}]` : listen.host;
  return { url: `http://${host}:${port}`, stop: () => closed(server) };
}

function reportsOf(services: readonly LoadedService[]): (service: string) => Reports {
  const byService = new Map(
    services.map(({ policy: { service, zone }, wiring }) => [
      service,
      createFileReports({ dir: wiring.reportsDir, zone }),
    ]),
  );
  return (service) => {
    const reports = byService.get(service);
    if (!reports) throw new Error(`There is no service ${service}.`);
    return reports;
  };
}

/**
 * Whoever can reach the port must be somebody: an address other than loopback needs a token for at least one person of
 * every service (5-quality §2). @throws BadPlan
 */
export function refuseOpenDoor(host: string, services: readonly Pick<LoadedService, 'policy' | 'people'>[]): void {
  if (host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host)) return;
  const open = services.filter(({ people }) => people.every(({ tokenSha256 }) => tokenSha256 === null));
  if (open.length === 0) return;
  const names = open.map(({ policy }) => policy.service).join(', ');
  throw new TidegateFailure(
    'BadPlan',
    `Listening on ${host} needs tokens, and nobody of ${names} has one: make them with tidegate auth token, or listen on 127.0.0.1.`,
  );
}

function listening(server: Server, { host, port }: ApiRole['listen']): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const taken = error.code === 'EADDRINUSE';
      const sentence = taken ? `Port ${port} on ${host} is taken: stop what runs there, or use --port.` : error.message;
      reject(new TidegateFailure('BadPlan', sentence));
    });
    server.listen(port, host, () => resolve((server.address() as AddressInfo).port));
  });
}

async function closed(server: Server): Promise<void> {
  const gone = new Promise((resolve) => server.close(resolve));
  server.closeAllConnections();
  await gone;
}
