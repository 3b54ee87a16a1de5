/** Composition root of a worker: config → drivers → activities → workers; nothing else (3-architecture §1). */
import { hostname } from 'node:os';
import { NativeConnection, Worker, type NativeConnectionOptions, type WorkerOptions } from '@temporalio/worker';
import { createActivities } from './activities/create';
import type { ActivityDeps } from './activities/deps';
import { reapOrphans } from './activities/reap';
import type { TemporalAddress } from './client/connection';
import { createConductor } from './client/conductor';
import { createRuns } from './client/runs';
import type { LoadedService } from './config/loaded';
import { TidegateFailure } from './domain/failures';
import { environmentQueue, MAIN_QUEUE, SEARCH_ATTRIBUTES } from './domain/ids';
import { createCalendars } from './drivers/calendar/calendars';
import { systemClock } from './drivers/clock/system-clock';
import { verifyEd25519 } from './drivers/ed25519/keys';
import { createLogMessenger } from './drivers/log/messenger';
import type { Ledger } from './ports/ledger';
import { registerSearchAttributes } from './temporal/search-attributes';
import { workflowBundle } from './wiring/bundle';
import { configure } from './wiring/configure';
import { wireService } from './wiring/drivers';
import { reach } from './wiring/reach';
import type { Logger } from 'pino';

export interface WorkerRole {
  readonly services: readonly LoadedService[];
  /** This worker's share (rule 15): one environment, `main` for what concerns none, null for everything. */
  readonly only: 'main' | { readonly service: string; readonly env: string } | null;
  readonly temporal: TemporalAddress;
  readonly ledger: Ledger;
  readonly stateDir: string;
  readonly logger: Logger;
  /** The workflow code; by default the prebuilt bundle. */
  readonly workflows?: Pick<WorkerOptions, 'workflowBundle' | 'workflowsPath' | 'bundlerOptions'>;
  /** Puts something around the ports: the fault harness does. */
  readonly instrument?: (deps: ActivityDeps) => ActivityDeps;
}

export interface RunningWorker {
  /** Settles when the worker has ended; rejects when it failed. */
  readonly ended: Promise<void>;
  /** @throws Unavailable when Temporal does not answer, or when a queue is no longer worked on */
  ping(): Promise<void>;
  /** Drains and ends; scripts that it started go on and are adopted by the next worker. */
  stop(): Promise<void>;
}

/** 5-quality §3 and 6-faults E15: quick recovery after a crash, few heartbeats on the wire, all runs in the cache. */
const TUNING: Partial<WorkerOptions> = {
  stickyQueueScheduleToStartTimeout: '1s',
  maxCachedWorkflows: 500,
  maxHeartbeatThrottleInterval: '60s',
  shutdownGraceTime: '5s',
  shutdownForceTime: '15s',
};

function servedBy({
  only,
  services,
}: WorkerRole): readonly { readonly loaded: LoadedService; readonly environments: readonly string[] }[] {
  return services.map((loaded) => ({
    loaded,
    environments: loaded.policy.ladder.filter(
      (env) => only === null || (only !== 'main' && only.service === loaded.policy.service && only.env === env),
    ),
  }));
}

/** Starts a worker and tells every environment the present config. @throws Unavailable, BadPlan */
export async function startWorker(role: WorkerRole): Promise<RunningWorker> {
  const { temporal, ledger, logger, stateDir } = role;
  await ledger.ping();
  const served = servedBy(role);
  const options = {
    stateDir,
    host: hostname(),
    hostEnv: process.env,
    ledger,
    warn: (sentence: string) => logger.warn(sentence),
  };
  const wired = served.map(({ loaded, environments }) => wireService(loaded, environments, options));
  const { client, connection: door } = await reach(temporal);
  await registerSearchAttributes(door, temporal.namespace, SEARCH_ATTRIBUTES);
  const deps: ActivityDeps = {
    ledger,
    messenger: createLogMessenger(logger),
    calendars: createCalendars(role.services.map(({ calendar }) => calendar)),
    runs: createRuns(client),
    clock: systemClock,
    host: hostname(),
    verify: verifyEd25519,
    services: Object.fromEntries(wired.map(({ drivers }) => [drivers.policy.service, drivers])),
  };
  await reapOrphans(deps, (sentence) => logger.warn(sentence));
  const activities = createActivities(role.instrument?.(deps) ?? deps);
  const connection = await NativeConnection.connect({ address: temporal.address, ...nativeOptions(temporal.options) });
  const { namespace, dataConverter } = temporal;
  const common = { ...TUNING, connection, namespace, activities, ...(dataConverter && { dataConverter }) };
  const queues = served.flatMap(({ loaded, environments }) =>
    environments.map((env) => environmentQueue(loaded.policy.service, env)),
  );
  const workers = await Promise.all([
    ...(role.only !== null && role.only !== 'main'
      ? []
      : [
          Worker.create({
            ...common,
            taskQueue: MAIN_QUEUE,
            ...(role.workflows ?? { workflowBundle: workflowBundle(dataConverter !== undefined) }),
          }),
        ]),
    ...queues.map((taskQueue) => Worker.create({ ...common, taskQueue })),
  ]);
  const recorders = wired.flatMap((service) => service.recorders);
  for (const recorder of recorders) recorder.start();
  const ended = Promise.all(workers.map((worker) => worker.run())).then(() => undefined);
  const conductor = createConductor(client);
  for (const { policy } of role.services) await configure(policy, conductor, ledger);
  return {
    ended,
    async ping() {
      await conductor.ping();
      const idle = workers.filter((worker) => worker.getState() !== 'RUNNING');
      if (idle.length > 0) throw new TidegateFailure('Unavailable', `${idle.length} queues are not worked on.`);
    },
    async stop() {
      await Promise.all(recorders.map((recorder) => recorder.stop()));
      for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
      await ended.catch(() => undefined);
      await connection.close();
      await door.close();
    },
  };
}

/** What both kinds of connection understand. */
function nativeOptions({ tls, apiKey, metadata }: TemporalAddress['options']): NativeConnectionOptions {
  return { ...(tls && { tls }), ...(typeof apiKey === 'string' && { apiKey }), ...(metadata && { metadata }) };
}
