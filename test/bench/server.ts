/** The Temporal server of a site, which a row may kill and start again: the dev server, or the production one. */
import { mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SEARCH_ATTRIBUTES } from '../../src/domain/ids';
import { findCli } from '../../src/temporal/cli';
import { startDevServer } from '../../src/temporal/dev-server';
import { freePort, LOOPBACK } from '../../src/temporal/ports';
import { prepare } from '../../src/temporal/probe';
import { createCluster, makeSuperuser, TEMPORAL_PORTS, type TemporalPorts } from '../../src/topology/cluster';
import { readCompose } from '../../src/topology/compose';
import type { Postgres } from '../../src/topology/postgres';
import { findPostgres } from '../../src/topology/postgres-programs';
import { childrenOf, endAll } from '../../src/topology/processes';
import { obtainServer, SERVER_VERSION } from '../../src/topology/temporal-server';

export interface Server {
  readonly address: string;
  readonly profile: string;
  /** SIGKILL, as when a host dies, and back again; answers once it answers. */
  killAndRestart(): Promise<void>;
  stop(): Promise<void>;
}

export interface Place {
  readonly folder: string;
  readonly namespace: string;
  readonly postgres: Postgres;
  readonly say: (line: string) => void;
}

/** The server that `npx tidegate up` brings along, with our settings. */
export async function startDev({ folder, namespace, say }: Place): Promise<Server> {
  const cli = await findCli(process.env, say);
  const options = { cli: cli.path, stateDir: folder, namespace, ui: false, env: process.env, say };
  const start = async (port: number | null) => {
    const before = new Set(childrenOf(process.pid));
    const server = await startDevServer({ ...options, port, searchAttributes: SEARCH_ATTRIBUTES });
    return { ...server, pids: childrenOf(process.pid).filter((pid) => !before.has(pid)) };
  };
  let running = await start(null);
  const { address } = running.place;
  return {
    address,
    profile: 'Temporal: dev server on SQLite, tuned; ledger: PostgreSQL',
    async killAndRestart() {
      await endAll(running.pids);
      running = await start(Number(address.split(':')[1]));
      if (running.place.address !== address) throw new Error('the Temporal server came back on another port; void');
    },
    stop: () => running.stop(),
  };
}

const PROJECT = join(__dirname, '../..');
const COMPOSE_FILE = 'docker-compose.temporal.yml';
/** Below 32768: the server keeps its ports in a `smallint`. */
const LOWEST_PORT = 17_433;

/** The production server on the site's PostgreSQL, as the compose file describes it. */
export async function startProduction({ folder, namespace, postgres, say }: Place): Promise<Server> {
  const cli = await findCli(process.env, say);
  const programs = {
    server: await obtainServer(process.env, say),
    cli: cli.path,
    postgres: dirname((await findPostgres(process.env)).postgres),
  };
  const temporal = await choosePorts();
  const read = (file: string): string => readFileSync(join(PROJECT, file), 'utf8');
  const compose = readCompose(COMPOSE_FILE, read, { TEMPORAL_NAMESPACE: namespace });
  const superuser = compose.services.postgresql?.environment ?? {};
  await makeSuperuser(postgres, superuser.POSTGRES_USER ?? '', superuser.POSTGRES_PASSWORD ?? '');
  mkdirSync(folder, { recursive: true });
  const cluster = createCluster({
    compose,
    project: PROJECT,
    stateDir: folder,
    programs,
    ports: { postgres: postgres.port, temporal, api: 0, own: {} },
    path: process.env.PATH ?? '',
    signal: new AbortController().signal,
  });
  await cluster.up('temporal-namespace');
  const address = `${LOOPBACK}:${temporal.FRONTEND_GRPC_PORT}`;
  return {
    address,
    profile: `Temporal: server ${SERVER_VERSION} on PostgreSQL, tuned; ledger: the same PostgreSQL`,
    async killAndRestart() {
      cluster.container('temporal').kill();
      await untilAnswering(address, namespace);
    },
    stop: () => cluster.down(),
  };
}

async function choosePorts(): Promise<TemporalPorts> {
  let last = LOWEST_PORT;
  const ports: Record<string, number> = {};
  for (const name of TEMPORAL_PORTS) {
    do last += 1;
    while ((await freePort(last)) !== last);
    ports[name] = last;
  }
  return ports as TemporalPorts;
}

async function untilAnswering(address: string, namespace: string): Promise<void> {
  for (;;) {
    try {
      await sleep(100);
      return await prepare({ address, namespace, options: {} }, 1_000);
    } catch {
      // Not yet.
    }
  }
}
