/** Temporal's workers of one process: one per queue, all over one connection. */
import {
  NativeConnection,
  Worker,
  type NativeConnectionOptions,
  type WorkerDeploymentOptions,
  type WorkerOptions,
  type WorkerPlugin,
} from '@temporalio/worker';
import type { Activities } from '../activities';
import type { TemporalAddress } from '../client/connection';
import { TidegateFailure } from '../domain/failures';
import { MAIN_QUEUE } from '../domain/ids';
import { workflowBundle } from './bundle';

/** The workflow code of a worker; by default the prebuilt bundle. */
export type WorkflowCode = Pick<WorkerOptions, 'workflowBundle' | 'workflowsPath' | 'bundlerOptions'>;

export interface WorkersPlan {
  readonly temporal: TemporalAddress;
  readonly activities: Activities;
  /** Whether this process works on workflows and on what concerns no environment. */
  readonly main: boolean;
  /** Queues of the environments that it serves. */
  readonly queues: readonly string[];
  readonly workflows?: WorkflowCode | undefined;
  /** Which build of the workflows this is; null: not versioned. */
  readonly versioning: WorkerDeploymentOptions | null;
  /** Tells OpenTelemetry what happens; null: it is off. */
  readonly tracing: WorkerPlugin | null;
}

export interface RunningWorkers {
  /** Settles when all have ended; rejects when one failed. */
  readonly ended: Promise<void>;
  /** @throws Unavailable when a queue is no longer worked on */
  check(): void;
  /** Takes nothing new, ends what is short, lets go of what is long; within `shutdownForceTime` (6-faults F5). */
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

/** Connects and begins to work on every queue of the plan. @throws when Temporal does not answer, or without a bundle */
export async function runWorkers(plan: WorkersPlan): Promise<RunningWorkers> {
  const { activities, tracing } = plan;
  const { address, options, namespace, dataConverter } = plan.temporal;
  const connection = await NativeConnection.connect({ address, ...nativeOptions(options) });
  const common = {
    ...TUNING,
    ...{ connection, namespace, activities, plugins: tracing === null ? [] : [tracing] },
    ...(dataConverter && { dataConverter }),
  };
  const workers = await Promise.all([
    ...(plan.main ? [Worker.create({ ...common, ...mainOptions(plan) })] : []),
    // Never versioned: an act under way must not wait for a build that is gone.
    ...plan.queues.map((taskQueue) => Worker.create({ ...common, taskQueue })),
  ]);
  const ended = Promise.all(workers.map((worker) => worker.run())).then(() => undefined);
  return {
    ended,
    check() {
      const idle = workers.filter((worker) => worker.getState() !== 'RUNNING');
      if (idle.length > 0) throw new TidegateFailure('Unavailable', `${idle.length} queues are not worked on.`);
    },
    async stop() {
      for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
      await ended.catch(() => undefined);
      await connection.close();
    },
  };
}

function mainOptions({ workflows, temporal, versioning, tracing }: WorkersPlan) {
  const kind = { sealed: temporal.dataConverter !== undefined, traced: tracing !== null };
  return {
    taskQueue: MAIN_QUEUE,
    ...(workflows ?? { workflowBundle: workflowBundle(kind) }),
    ...(versioning && { workerDeploymentOptions: versioning }),
  };
}

/** What both kinds of connection understand. */
function nativeOptions({ tls, apiKey, metadata }: TemporalAddress['options']): NativeConnectionOptions {
  return { ...(tls && { tls }), ...(typeof apiKey === 'string' && { apiKey }), ...(metadata && { metadata }) };
}
