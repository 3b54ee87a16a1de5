/** All roles in one process with the embedded defaults: what `tidegate up` and the demo start. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { destination, type Logger } from 'pino';
import type { TemporalAddress } from './client/connection';
import { createLogger } from './api/logger';
import { startApi } from './api/server';
import { loadConfig } from './config/load';
import type { LoadedService } from './config/loaded';
import { processVariables } from './config/process-env';
import type { Ledger } from './ports/ledger';
import { keepCheckpoints } from './ledger/checkpoints';
import { openLedger } from './ledger/open-ledger';
import { createFigures } from './wiring/figures';
import { endOnMistakes } from './wiring/last-words';
import { reach } from './wiring/reach';
import { checkpointing } from './wiring/record';
import { installRuntime } from './wiring/runtime';
import { sealing } from './wiring/sealing';
import { tracingOf } from './wiring/traced';
import type { Tracing } from './wiring/tracing';
import { ownSigning, trusting, type Signing } from './wiring/signing';
import { startWorker, type WorkerRole } from './worker';

export interface UpOptions {
  /** Signs what people decide, and is trusted by the worker. */
  readonly signing: Signing;
  readonly services: readonly LoadedService[];
  readonly temporal: TemporalAddress & { readonly uiUrl: string | null };
  /** Holds the ledger, mirrors, checkouts and job folders. */
  readonly stateDir: string;
  /** The ledger's address or file. */
  readonly ledger: string;
  /** File that the end of its chain is exported to; by default in the state folder. */
  readonly checkpoints?: string;
  readonly listen: { readonly host: string; readonly port: number };
  readonly logger: Logger;
  readonly workflows?: NonNullable<WorkerRole['workflows']>;
  /** By default nothing is told to OpenTelemetry. */
  readonly tracing?: Tracing | null;
}

export interface Up {
  readonly url: string;
  /** Settles when the worker ended by itself; rejects when it failed. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

export interface ConfiguredUp extends Omit<UpOptions, 'services' | 'signing' | 'logger' | 'workflows'> {
  /** File or folder of the configuration; null: the nearest tidegate.yaml upward. */
  readonly configPath: string | null;
  readonly logLevel: string;
}

/** `startAll` on the services of a config file, with its log in the state folder. @throws ConfigError, Unavailable */
export async function startConfigured(options: ConfiguredUp): Promise<Up> {
  const variables = processVariables();
  const { configPath, stateDir } = options;
  const services = loadConfig({ configPath, cwd: process.cwd(), variables, secrets: 'require' });
  await mkdir(stateDir, { recursive: true });
  const logger = createLogger(options.logLevel, destination({ dest: join(stateDir, 'tidegate.log'), sync: true }));
  endOnMistakes(logger);
  installRuntime(logger);
  const temporal = { ...options.temporal, ...sealing() };
  return startAll({
    ...options,
    temporal,
    services,
    signing: await ownSigning(stateDir),
    tracing: await tracingOf('up'),
    logger,
  });
}

const LOOK_EVERY_MS = 50;
const KNOWN_WITHIN_MS = 30_000;

/** Waits until it is known what every environment runs: the first bug may be confirmed a moment later (T-004). */
async function environmentsKnown(services: readonly LoadedService[], ledger: Ledger): Promise<void> {
  const places = services.flatMap(({ policy }) => policy.ladder.map((env) => [policy.service, env] as const));
  for (let waited = 0; waited < KNOWN_WITHIN_MS; waited += LOOK_EVERY_MS) {
    const known = await Promise.all(places.map(([service, env]) => ledger.environment(service, env)));
    if (known.every((state) => state?.observedAt != null)) return;
    await wait(LOOK_EVERY_MS);
  }
}

/** Starts ledger, worker and API; answers once all of them work. */
export async function startAll(options: UpOptions): Promise<Up> {
  const { signing, tracing = null, stateDir, listen, logger } = options;
  const services = trusting(options.services, signing.trusted);
  const temporal = { ...options.temporal, plugins: tracing === null ? [] : [tracing.plugin] };
  const figures = createFigures();
  const opened = await openLedger(options.ledger);
  const checkpoints = options.checkpoints ?? join(stateDir, 'checkpoints.jsonl');
  const { ledger: kept, stop: stopCheckpoints } = keepCheckpoints(opened, checkpointing(checkpoints, logger));
  const ledger = figures.ledger(kept);
  const { workflows } = options;
  const worker = await startWorker({
    services,
    only: null,
    temporal,
    ledger,
    stateDir,
    logger,
    instrument: figures.ports,
    tracing: tracing?.plugin ?? null,
    ...(workflows && { workflows }),
  });
  await environmentsKnown(services, ledger);
  const { client, connection } = await reach(temporal);
  const temporalUi = temporal.uiUrl && `${temporal.uiUrl}/namespaces/${temporal.namespace}`;
  const { registry } = figures;
  const { signer } = signing;
  const api = await startApi({ services, ledger, client, signer, listen, temporalUi, logger, registry });
  return {
    url: api.url,
    ended: worker.ended,
    async stop() {
      await api.stop();
      await connection.close();
      await worker.stop();
      await stopCheckpoints();
      await ledger.close();
      await tracing?.stop();
    },
  };
}
