/** Composition root of a worker: config → drivers → activities → workers; nothing else (3-architecture §1). */
import { hostname } from 'node:os';
import type { Client } from '@temporalio/client';
import type { WorkerDeploymentOptions, WorkerPlugin } from '@temporalio/worker';
import type { Logger } from 'pino';
import { createActivities } from './activities/create';
import type { ActivityDeps } from './activities/deps';
import { reapOrphans } from './activities/reap';
import type { TemporalAddress } from './client/connection';
import { createConductor } from './client/conductor';
import { createRuns } from './client/runs';
import type { LoadedService } from './config/loaded';
import { processVariables } from './config/process-env';
import { environmentQueue, SEARCH_ATTRIBUTES } from './domain/ids';
import { createCalendars } from './drivers/calendar/calendars';
import { systemClock } from './drivers/clock/system-clock';
import { verifyEd25519 } from './drivers/ed25519/keys';
import { createLogMessenger } from './drivers/log/messenger';
import type { Ledger } from './ports/ledger';
import { registerSearchAttributes } from './temporal/search-attributes';
import { configure } from './wiring/configure';
import { wireService, type WiredService } from './wiring/drivers';
import { reach } from './wiring/reach';
import { runWorkers, type WorkflowCode } from './wiring/workers';

export interface WorkerRole {
  readonly services: readonly LoadedService[];
  /** This worker's share (rule 15): one environment, `main` for what concerns none, null for everything. */
  readonly only: 'main' | { readonly service: string; readonly env: string } | null;
  readonly temporal: TemporalAddress;
  readonly ledger: Ledger;
  readonly stateDir: string;
  readonly logger: Logger;
  /** The workflow code; by default the prebuilt bundle. */
  readonly workflows?: WorkflowCode;
  /** Which build of which deployment this is; by default it is not versioned. */
  readonly versioning?: WorkerDeploymentOptions | null;
  /** Tells OpenTelemetry what happens; by default it is off. */
  readonly tracing?: WorkerPlugin | null;
  /** Puts something around the ports: figures, and the fault harness. */
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

/** Starts a worker and tells every environment the present config. @throws Unavailable, BadPlan */
export async function startWorker(role: WorkerRole): Promise<RunningWorker> {
  const { temporal, ledger, only, logger } = role;
  await ledger.ping();
  const wired = role.services.map((loaded) => wireService(loaded, servedOf(role, loaded), wiringOptions(role)));
  const { client, connection: door } = await reach(temporal);
  await registerSearchAttributes(door, temporal.namespace, SEARCH_ATTRIBUTES);
  const deps = depsOf(role, wired, client);
  await reapOrphans(deps, (sentence) => logger.warn(sentence));
  const workers = await runWorkers({
    temporal,
    activities: createActivities(role.instrument?.(deps) ?? deps),
    main: only === null || only === 'main',
    queues: role.services.flatMap((loaded) =>
      servedOf(role, loaded).map((env) => environmentQueue(loaded.policy.service, env)),
    ),
    workflows: role.workflows,
    versioning: role.versioning ?? null,
    tracing: role.tracing ?? null,
  });
  const recorders = wired.flatMap((service) => service.recorders);
  for (const recorder of recorders) recorder.start();
  const conductor = createConductor(client);
  for (const { policy } of role.services) await configure(policy, conductor, ledger);
  return {
    ended: workers.ended,
    async ping() {
      await conductor.ping();
      workers.check();
    },
    async stop() {
      await Promise.all(recorders.map((recorder) => recorder.stop()));
      await workers.stop();
      await door.close();
    },
  };
}

/** The environments of a service that are this worker's share. */
function servedOf({ only }: WorkerRole, { policy: { service, ladder } }: LoadedService): readonly string[] {
  return ladder.filter((env) => only === null || (only !== 'main' && only.service === service && only.env === env));
}

function wiringOptions({ stateDir, ledger, logger }: WorkerRole): Parameters<typeof wireService>[2] {
  const warn = (sentence: string): void => logger.warn(sentence);
  return { stateDir, host: hostname(), hostEnv: processVariables(), ledger, warn };
}

function depsOf(role: WorkerRole, wired: readonly WiredService[], client: Client): ActivityDeps {
  return {
    ledger: role.ledger,
    messenger: createLogMessenger(role.logger),
    calendars: createCalendars(role.services.map(({ calendar }) => calendar)),
    runs: createRuns(client),
    clock: systemClock,
    host: hostname(),
    verify: verifyEd25519,
    services: Object.fromEntries(wired.map(({ drivers }) => [drivers.policy.service, drivers])),
  };
}
