/** The services of the compose files on this machine: each starts when what it needs is ready, as Compose would do it. */
import { dirname, join } from 'node:path';
import { Client } from 'pg';
import { LOOPBACK, isListening } from '../temporal/ports';
import type { Compose, Service } from './compose';
import { runToCompletion, startContainer, type Container } from './container';
import { isOneShot, neededBy, planOf, type Ground } from './plan';
import type { Postgres } from './postgres';

/** What stands beside the compose file's own services: Docker's images have these inside. */
export interface Programs {
  /** `temporal-server` and `temporal-sql-tool`. */
  readonly server: string;
  /** `temporal`. */
  readonly cli: string;
  /** `psql`. */
  readonly postgres: string;
}

export interface Ports {
  readonly postgres: number;
  readonly temporal: TemporalPorts;
  /** Set when the roles start: who starts them chooses it. */
  api: number;
  /** What a role listens on besides, by the service's name: health of a worker, the codec server. */
  readonly own: Readonly<Record<string, number>>;
}
/** Each part of the server has a gRPC and a membership port; frontend has HTTP as well. */
export type TemporalPorts = Readonly<Record<(typeof TEMPORAL_PORTS)[number], number>>;
export const TEMPORAL_PORTS = [
  'FRONTEND_GRPC_PORT',
  'FRONTEND_MEMBERSHIP_PORT',
  'FRONTEND_HTTP_PORT',
  'MATCHING_GRPC_PORT',
  'MATCHING_MEMBERSHIP_PORT',
  'HISTORY_GRPC_PORT',
  'HISTORY_MEMBERSHIP_PORT',
  'WORKER_GRPC_PORT',
  'WORKER_MEMBERSHIP_PORT',
] as const;

export interface Cluster {
  /** Starts a service and what it needs; answers when it is ready, or has done its work. */
  up(name: string): Promise<void>;
  /** A service that runs. @throws Error when it does not */
  container(name: string): Container;
  /** Ends the named services, or all of them, those first that others need last. */
  down(names?: readonly string[]): Promise<void>;
}

/** A container's names are hosts of their own; here they are ports of loopback. */
function network(service: Service, ports: Ports): Readonly<Record<string, string>> {
  const at: Record<string, string> = {
    PGHOST: LOOPBACK,
    PGPORT: String(ports.postgres),
    SQL_HOST: LOOPBACK,
    SQL_PORT: String(ports.postgres),
    POSTGRES_SEEDS: LOOPBACK,
    DB_PORT: String(ports.postgres),
    BIND_ON_IP: LOOPBACK,
    TEMPORAL_ADDRESS: `${LOOPBACK}:${ports.temporal.FRONTEND_GRPC_PORT}`,
    TIDEGATE_HOST: LOOPBACK,
    TIDEGATE_PORT: String(ports.api),
    TIDEGATE_HEALTH_PORT: String(ports.own[service.name] ?? ''),
    TIDEGATE_CODEC_PORT: String(ports.own[service.name] ?? ''),
  };
  const named = Object.keys(service.environment).flatMap((key) => (key in at ? [[key, at[key]]] : []));
  const own =
    service.name === 'temporal' ? Object.entries(ports.temporal).map(([key, port]) => [key, String(port)]) : [];
  return Object.fromEntries([...named, ...own]) as Readonly<Record<string, string>>;
}

export interface ClusterOptions {
  readonly compose: Compose;
  readonly project: string;
  readonly stateDir: string;
  readonly programs: Programs;
  readonly ports: Ports;
  readonly path: string;
  /** Ends what is waited for. */
  readonly signal: AbortSignal;
}

export function createCluster({ compose, project, stateDir, programs, ports, path, signal }: ClusterOptions): Cluster {
  const logs = join(stateDir, 'logs');
  const ground: Ground = {
    project,
    roots: join(stateDir, 'roles'),
    volumes: join(stateDir, 'volumes'),
    images: {
      tidegate: [process.execPath, '/app/dist/src/cli/main.js'],
      'temporalio/server': ['temporal-server', 'start'],
    },
    network: (service) => network(service, ports),
    path: [programs.server, dirname(programs.cli), programs.postgres, dirname(process.execPath), path].join(':'),
  };
  const started = new Map<string, Promise<void>>();
  const running = new Map<string, Container>();

  async function start(name: string): Promise<void> {
    await Promise.all(neededBy(compose, name).map(up));
    if (name === 'postgresql') return; // ours already
    const plan = planOf(compose, name, ground);
    if (isOneShot(compose, name)) return runToCompletion(plan, logs, signal);
    const container = startContainer(plan, logs, signal);
    running.set(name, container);
    await container.untilHealthy(plan.health ? undefined : () => isListening(ports.temporal.FRONTEND_GRPC_PORT));
  }

  function up(name: string): Promise<void> {
    const under = started.get(name) ?? start(name);
    started.set(name, under);
    return under;
  }

  return {
    up,
    container(name) {
      const found = running.get(name);
      if (!found) throw new Error(`${name} does not run.`);
      return found;
    },
    async down(names = [...running.keys()].reverse()) {
      for (const name of names) {
        await running.get(name)?.stop();
        running.delete(name);
        started.delete(name);
      }
    },
  };
}

/** The user that the compose file's PostgreSQL begins with. */
export async function makeSuperuser(postgres: Postgres, user: string, password: string): Promise<void> {
  const client = new Client({ connectionString: postgres.url('postgres') });
  await client.connect();
  try {
    const [name, secret] = [client.escapeIdentifier(user), client.escapeLiteral(password)];
    const there = await client.query('select 1 from pg_roles where rolname = $1', [user]);
    await client.query(`${there.rowCount === 0 ? 'create' : 'alter'} role ${name} superuser login password ${secret}`);
  } finally {
    await client.end();
  }
}
