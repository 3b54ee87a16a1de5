/** `npm run topology`: the demo's story on the production shape, every role a process, as the compose files describe it. */
import { readFileSync } from 'node:fs';
import { mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { runDemo, type DemoOptions, type Product } from '../demo/main';
import { demoPaths } from '../demo/paths';
import { findCli } from '../temporal/cli';
import { runCommand } from '../temporal/command';
import { freePort, LOOPBACK } from '../temporal/ports';
import type { ObtainedTemporal } from '../temporal/obtain';
import { createCluster, makeSuperuser, TEMPORAL_PORTS, type Cluster, type Ports, type TemporalPorts } from './cluster';
import { readCompose } from './compose';
import { startPostgres, type Postgres } from './postgres';
import { findPostgres } from './postgres-programs';
import { obtainServer } from './temporal-server';
import { asker, middleOfDeployment, untilKnown } from './trouble';

export const COMPOSE_FILE = 'docker-compose.tidegate.yml';
/** The roles of the product, in the order in which they end. */
export const ROLES = ['codec-server', 'api', 'worker-prod', 'worker-uat', 'worker'] as const;
const OUTAGE_MS = 3_000;

export type Victim = 'postgres' | 'temporal';

export interface TopologyOptions extends Pick<DemoOptions, 'stateDir' | 'write' | 'colour' | 'env' | 'signal'> {
  /** The checkout, with the compose files and the built product. */
  readonly project: string;
  readonly auto: boolean;
  /** What is killed and started again in the middle of the deployment to PROD; null: nothing. */
  readonly kill: Victim | null;
}

/** What runs below the roles, from the first start to the end. */
interface Base {
  readonly cluster: Cluster;
  readonly postgres: Postgres;
  readonly ports: Ports;
  readonly say: (line: string) => void;
}

/** Answers the exit code: 0 when all came true, also what was to be killed. */
export async function runTopology(options: TopologyOptions): Promise<number> {
  let base: Base | null = null;
  let killed = options.kill === null;
  const code = await runDemo({
    ...options,
    mode: options.auto ? 'auto' : 'interactive',
    async obtainTemporal({ namespace, say }) {
      base = await startBase(options, namespace, say);
      return temporalOf(base, namespace);
    },
    async startProduct({ port }) {
      if (base === null) throw new Error('the roles start after Temporal');
      return startRoles(options, base, port, {
        wanted: killed ? null : options.kill,
        onKilled: () => (killed = true),
      });
    },
  });
  if (code !== 0 || killed) return code;
  options.write(`${options.kill ?? 'nothing'} was never killed: the deployment to PROD was not seen in its middle`);
  return 1;
}

/** PostgreSQL and Temporal with schema, namespace and ledger database, each by its service of the compose file. */
async function startBase(options: TopologyOptions, namespace: string, say: Base['say']): Promise<Base> {
  const { env, stateDir, project } = options;
  const server = await obtainServer(env, say);
  const cli = await findCli(env, say);
  const programs = { server, cli: cli.path, postgres: dirname((await findPostgres(env)).postgres) };
  const postgres = await startPostgres({ folder: join(stateDir, 'postgres'), port: await lastPort(stateDir) });
  try {
    await writeFile(portFile(stateDir), `${postgres.port}\n`);
    const ports = await choosePorts(postgres.port, say);
    const secrets = await makeSecrets(options, postgres.port);
    const variables = { TEMPORAL_NAMESPACE: namespace, TIDEGATE_HOME: stateDir, TIDEGATE_SECRETS: secrets };
    const compose = readCompose(COMPOSE_FILE, (file) => readFileSync(join(project, file), 'utf8'), variables);
    const superuser = compose.services.postgresql?.environment ?? {};
    await makeSuperuser(postgres, superuser.POSTGRES_USER ?? '', superuser.POSTGRES_PASSWORD ?? '');
    await reportsWhereTheStoryLooks(stateDir);
    const cluster = createCluster({
      compose,
      project,
      stateDir,
      programs,
      ports,
      path: env.PATH ?? '',
      signal: options.signal,
    });
    say(`PostgreSQL is up at ${LOOPBACK}:${postgres.port}`);
    await cluster.up('temporal-namespace').catch(async (error: unknown) => {
      await cluster.down();
      throw error;
    });
    say(`Temporal server is up at ${LOOPBACK}:${ports.temporal.FRONTEND_GRPC_PORT}, namespace ${namespace}`);
    return { cluster, postgres, ports, say };
  } catch (error) {
    await postgres.stop();
    throw error;
  }
}

function temporalOf({ cluster, postgres, ports }: Base, namespace: string): ObtainedTemporal {
  return {
    address: `${LOOPBACK}:${ports.temporal.FRONTEND_GRPC_PORT}`,
    namespace,
    options: {},
    uiUrl: null,
    source: 'the topology',
    async stop() {
      await cluster.down();
      await postgres.stop();
    },
  };
}

interface Trouble {
  readonly wanted: Victim | null;
  readonly onKilled: () => void;
}

async function startRoles(options: TopologyOptions, base: Base, port: number, trouble: Trouble): Promise<Product> {
  const { cluster, ports, say } = base;
  ports.api = port;
  const stopping = new AbortController();
  const stop = (): Promise<void> => cluster.down(ROLES);
  try {
    await Promise.all(ROLES.map((role) => cluster.up(role)));
    const url = `http://${LOOPBACK}:${port}`;
    const ask = await asker(url, options.stateDir);
    await untilKnown(ask);
    say(`${ROLES.join(', ')}: each a process of its own, logs in ${join(options.stateDir, 'logs')}`);
    const { wanted, onKilled } = trouble;
    const killing = wanted === null ? null : killInTheMiddle(base, wanted, ask, stopping.signal, onKilled);
    return {
      url,
      async stop() {
        stopping.abort();
        await killing;
        await stop();
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function killInTheMiddle(
  { cluster, postgres, say }: Base,
  victim: Victim,
  ask: Parameters<typeof middleOfDeployment>[0],
  signal: AbortSignal,
  onKilled: () => void,
): Promise<void> {
  const moment = await middleOfDeployment(ask, signal);
  if (moment === null) return;
  if (victim === 'temporal') {
    cluster.container('temporal').kill();
    say(`the Temporal server is killed (SIGKILL) in the middle of ${moment}; its restart policy brings it back`);
  } else {
    await postgres.kill();
    say(`PostgreSQL is killed (SIGKILL) in the middle of ${moment}`);
    await wait(OUTAGE_MS);
    await postgres.restart();
    say('PostgreSQL is up again');
  }
  onKilled();
}

const portFile = (stateDir: string): string => join(stateDir, 'postgres.port');

async function lastPort(stateDir: string): Promise<number> {
  const last = Number(await readFile(portFile(stateDir), 'utf8').catch(() => ''));
  return freePort(Number.isSafeInteger(last) && last > 0 ? last : null);
}

/** Temporal keeps its ports in a `smallint` of PostgreSQL, so they must be below 32768, and free ones rarely are. */
const USUAL = 7233;
const LOWEST = 17_233;

async function choosePorts(postgres: number, say: Base['say']): Promise<Ports> {
  let last = LOWEST;
  const next = async (): Promise<number> => {
    last += 1;
    return (await freePort(last)) === last ? last : next();
  };
  const temporal: Record<string, number> = {};
  for (const name of TEMPORAL_PORTS) temporal[name] = await next();
  if ((await freePort(USUAL)) === USUAL) temporal['FRONTEND_GRPC_PORT'] = USUAL;
  else say(`Port ${USUAL} is taken; Temporal moves to ${temporal['FRONTEND_GRPC_PORT'] ?? '?'}.`);
  const own: Record<string, number> = {};
  for (const role of ROLES) own[role] = await next();
  return { postgres, temporal: temporal as TemporalPorts, api: 0, own };
}

/** By the operator's own script; the ledger's address is made anew when PostgreSQL has moved. */
async function makeSecrets({ project, stateDir, env }: TopologyOptions, port: number): Promise<string> {
  const folder = join(stateDir, 'secrets');
  const at = `${LOOPBACK}:${port}`;
  const known = await readFile(join(folder, 'ledger'), 'utf8').catch(() => '');
  if (!known.includes(`@${at}/`)) await rm(join(folder, 'ledger'), { force: true });
  const script = join(project, 'deploy/tidegate/make-secrets.sh');
  const tidegate = [process.execPath, join(project, 'dist/src/cli/main.js')];
  const made = await runCommand('sh', [script, folder, ...tidegate], {
    env: { PATH: env.PATH, LEDGER_AT: at },
    timeoutMs: 10_000,
  });
  if (made.code !== 0) throw new Error(`${script} failed: ${made.tail}`);
  return folder;
}

/** The volume of the reports is the folder in which the demo's story looks for them. */
async function reportsWhereTheStoryLooks(stateDir: string): Promise<void> {
  const { reports } = demoPaths(stateDir);
  const volume = join(stateDir, 'volumes', 'reports');
  await mkdir(reports, { recursive: true });
  await mkdir(dirname(volume), { recursive: true });
  await rm(volume, { recursive: true, force: true });
  await symlink(reports, volume);
}
