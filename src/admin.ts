/** Wiring of what the command line does on this machine itself: its roles, its checks, its look at the ledger. */
import { join, resolve } from 'node:path';
import { createLogger } from './api/logger';
import { refuseOpenDoor, startApi } from './api/server';
import type { TemporalAddress } from './client/connection';
import { stuckRuns, type StuckRun } from './client/stuck';
import { checkConfig, type ConfigCheck } from './config/check-config';
import { loadConfig, type LoadOptions } from './config/load';
import type { LoadedService } from './config/loaded';
import { processVariables } from './config/process-env';
import { secretsOf, type Share } from './config/role-secrets';
import type { Settings } from './config/settings';
import { runDemo } from './demo/main';
import type { Mode } from './demo/scene';
import { SEARCH_ATTRIBUTES } from './domain/ids';
import { createCalendars } from './drivers/calendar/calendars';
import { makeKeyPair } from './drivers/ed25519/keys';
import { keepCheckpoints } from './ledger/checkpoints';
import { ledgerMayExist } from './ledger/open-ledger';
import { obtainTemporal, profilePlace } from './temporal/obtain';
import { startConfigured } from './up';
import { createFigures } from './wiring/figures';
import { startHealth } from './wiring/health';
import { endOnMistakes } from './wiring/last-words';
import { reach } from './wiring/reach';
import { checkpointing, rewriteReports, withLedger } from './wiring/record';
import { installMeasuredRuntime } from './wiring/runtime';
import { sealing } from './wiring/sealing';
import { apiSigning, trusting, workerKeys } from './wiring/signing';
import { tracingOf } from './wiring/traced';
import type { Tracing } from './wiring/tracing';
import { versioningOf } from './wiring/versioning';
import { startWorker, type WorkerRole } from './worker';

export { runCodecServer } from './wiring/codec-server';

export { makeKeyPair };

/** What a role is given by the command line. */
export interface RoleOptions {
  readonly settings: Settings;
  /** Talk to whoever started it. */
  readonly say: (line: string) => void;
  /** Ctrl-C or a kill: drain and end. */
  readonly signal: AbortSignal;
}

/** The configuration with the forecast of its slots. @throws ConfigError */
export function checkConfiguration(options: LoadOptions): ConfigCheck {
  const calendarsOf = (services: readonly LoadedService[]) => createCalendars(services.map(({ calendar }) => calendar));
  return checkConfig(options, calendarsOf, Date.now());
}

export { exportAudit, rebuildLedger, verifyAudit } from './wiring/record';

/** Writes every report anew from the ledger. Answers their names. @throws ConfigError, Unavailable */
export async function rebuildReports(settings: Settings): Promise<readonly string[]> {
  const { configPath } = settings;
  const variables = processVariables();
  return rewriteReports(settings, loadConfig({ configPath, cwd: process.cwd(), variables, secrets: 'skip' }));
}

/** Asks Temporal itself. @throws Unavailable with the address and what to do */
export async function probeTemporal(settings: Settings): Promise<string> {
  const place = placeOf(settings);
  const { connection } = await reach(place);
  await connection.close();
  return place.address;
}

/** Runs whose task fails again and again (6-faults E12). @throws Unavailable */
export async function probeRuns(settings: Settings): Promise<readonly StuckRun[]> {
  const { client, connection } = await reach(placeOf(settings));
  return stuckRuns(client).finally(() => connection.close());
}

/** Opens the ledger that is there and reads from it; one that is not there yet is made at the first start. */
export async function probeLedger(settings: Settings): Promise<void> {
  if (ledgerMayExist(settings.ledger.reveal())) await withLedger(settings, (ledger) => ledger.ping());
}

/** Everything in one process until it is told to stop. */
export async function runUp({ settings, say, signal }: RoleOptions): Promise<void> {
  const { configPath, listen, logLevel } = settings;
  const stateDir = resolve(settings.stateDir);
  refuseOpenDoor(listen.host, servicesOf(settings));
  const temporal = await obtainTemporal({ ...obtaining(stateDir, settings.temporal.namespace, say), ui: true });
  try {
    const up = await startConfigured({
      configPath,
      stateDir,
      temporal,
      ledger: settings.ledger.reveal(),
      checkpoints: settings.checkpoints,
      listen,
      logLevel,
    });
    say(`Tidegate is up at ${up.url} (API description at ${up.url}/docs).`);
    await untilStopped(signal, up.ended).finally(() => up.stop());
  } finally {
    await temporal.stop();
  }
}

/** The API alone, next to workers that run elsewhere. */
export async function runApi({ settings, say, signal }: RoleOptions): Promise<void> {
  const { signer, trusted } = apiSigning();
  const services = trusting(servicesOf(settings, 'api'), trusted);
  const tracing = await tracingOf('api');
  const { client, connection } = await reach(placeOf(settings, tracing));
  try {
    await withLedger(settings, async (ledger) => {
      const { listen, logLevel } = settings;
      const logger = createLogger(logLevel);
      endOnMistakes(logger);
      const figures = createFigures();
      const api = await startApi({
        services,
        ledger: figures.ledger(ledger),
        registry: figures.registry,
        client,
        signer,
        listen,
        temporalUi: null,
        logger,
      });
      say(`The API listens at ${api.url}.`);
      await untilStopped(signal, null).finally(() => api.stop());
    });
  } finally {
    await connection.close();
    await tracing?.stop();
  }
}

/** A worker alone: all of it, or only what touches one environment. */
export async function runWorker({ settings, say, signal }: RoleOptions, only: WorkerRole['only']): Promise<void> {
  const versioning = versioningOf(settings);
  const services = trusting(servicesOf(settings, only), workerKeys());
  const stateDir = resolve(settings.stateDir);
  await withLedger(settings, async (opened) => {
    const logger = createLogger(settings.logLevel);
    endOnMistakes(logger);
    const figures = createFigures();
    const native = await installMeasuredRuntime(logger);
    const tracing = await tracingOf('worker');
    const { ledger: kept, stop: stopCheckpoints } = keepCheckpoints(
      opened,
      checkpointing(settings.checkpoints, logger),
    );
    const ledger = figures.ledger(kept);
    const worker = await startWorker({
      ...{ services, only, versioning, temporal: placeOf(settings, tracing), ledger, stateDir, logger },
      instrument: figures.ports,
      tracing: tracing?.plugin ?? null,
    });
    const probes = { Temporal: worker.ping, 'The ledger': () => ledger.ping() };
    const health = await startHealth(settings.healthPort, probes, {
      host: settings.listen.host,
      metrics: async () => `${await figures.registry.metrics()}\n${await native()}`,
    });
    say(only === null || only === 'main' ? 'The worker works.' : `The worker of ${only.service}/${only.env} works.`);
    await untilStopped(signal, worker.ended).finally(async () => {
      await health.stop();
      await worker.stop();
      await stopCheckpoints();
      await tracing?.stop();
    });
  });
}

/** The demo on this terminal: it minds its own Ctrl-C, for it has shops to close. Answers the exit code. */
export async function runDemonstration(mode: Mode, folder: string, write: (line: string) => void): Promise<number> {
  const stopping = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stopping.abort());
  const env = processVariables();
  return runDemo({
    mode,
    stateDir: resolve(folder),
    write,
    colour: process.stdout.isTTY && !env.NO_COLOR,
    env,
    signal: stopping.signal,
    startProduct: ({ configPath, stateDir, temporal, port }) =>
      startConfigured({
        configPath,
        stateDir,
        temporal,
        ledger: join(stateDir, 'ledger.db'),
        listen: { host: '127.0.0.1', port },
        logLevel: 'info',
      }),
    obtainTemporal: ({ stateDir, namespace, say }) =>
      obtainTemporal({ ...obtaining(stateDir, namespace, say), ui: true }),
  });
}

function obtaining(stateDir: string, namespace: string, say: (line: string) => void) {
  const env = processVariables();
  return { mode: 'find' as const, stateDir, namespace, searchAttributes: SEARCH_ATTRIBUTES, env, say };
}

/** The services, with the secrets of a role's share. */
function servicesOf({ configPath }: Settings, share: Share = null): readonly LoadedService[] {
  return loadConfig({ configPath, cwd: process.cwd(), variables: processVariables(), secrets: secretsOf(share) });
}

/** Where Temporal is for a role that never starts one of its own. */
function placeOf({ temporal }: Settings, tracing: Tracing | null = null): TemporalAddress {
  const local = { address: temporal.address ?? '127.0.0.1:7233', namespace: temporal.namespace, options: {} };
  const plugins = tracing === null ? [] : [tracing.plugin];
  return { ...(profilePlace(processVariables(), temporal.namespace) ?? local), ...sealing(), plugins };
}

/** Ends with the signal, or with `ended`, whichever comes first; a failure of `ended` is thrown. */
async function untilStopped(signal: AbortSignal, ended: Promise<void> | null): Promise<void> {
  const stopped = new Promise<void>((done) => {
    if (signal.aborted) done();
    signal.addEventListener('abort', () => done(), { once: true });
  });
  await Promise.race(ended === null ? [stopped] : [stopped, ended]);
}
