/** The servers that stay up between the cases of a lane: Temporal, PostgreSQL, and the target of every deployment. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { SEARCH_ATTRIBUTES } from '../../src/domain/ids';
import { startDevServer, type DevServer } from '../../src/temporal/dev-server';
import { startPostgres, type Postgres } from '../../src/topology/postgres';
import { reach, type Reached } from '../../src/wiring/reach';
import { makeTemplate } from './case-folder';
import { processesNaming, signalAll } from './processes';
import { startTarget, type TargetServer } from './target';

export const LEDGERS = ['postgres', 'sqlite'] as const;
export type LedgerKind = (typeof LEDGERS)[number];

export interface World {
  readonly folder: string;
  readonly template: string;
  readonly temporal: TemporalServer;
  /** One door for all cases: it finds the server again after each of its deaths. */
  readonly door: Reached;
  /** null: the ledger is a file. */
  readonly postgres: Postgres | null;
  readonly target: TargetServer;
  close(): Promise<void>;
}

export interface TemporalServer {
  readonly address: string;
  readonly namespace: string;
  /** SIGKILL, as when a host dies; its database stays. */
  kill(): Promise<void>;
  /** At the same address again. */
  start(): Promise<void>;
  freeze(): Promise<void>;
  thaw(): Promise<void>;
}

const NAMESPACE = 'default';

export async function makeWorld(folder: string, cli: string, ledger: LedgerKind): Promise<World> {
  const template = join(folder, 'template');
  await mkdir(template, { recursive: true });
  const [temporal, postgres, target] = await Promise.all([
    startTemporal(join(folder, 'temporal'), cli),
    ledger === 'postgres' ? startPostgres({ folder: join(folder, 'postgres') }) : null,
    startTarget(),
    makeTemplate(template),
  ]);
  const door = await reach({ address: temporal.address, namespace: temporal.namespace, options: {} });
  return {
    ...{ folder, template, temporal, door, postgres, target },
    // The door stays open: a call that is tried again after its end would break the process down.
    async close() {
      await Promise.all([temporal.stop(), postgres?.stop(), target.close()]);
    },
  };
}

async function startTemporal(stateDir: string, cli: string): Promise<TemporalServer & { stop(): Promise<void> }> {
  const start = (port: number | null): Promise<DevServer> =>
    startDevServer({
      ...{ cli, stateDir, port, namespace: NAMESPACE, ui: false },
      searchAttributes: SEARCH_ATTRIBUTES,
      env: process.env,
      say: () => undefined,
    });
  let server = await start(null);
  const { address } = server.place;
  const ours = () => processesNaming(join(stateDir, 'temporal.db'));
  return {
    ...{ address, namespace: NAMESPACE },
    stop: () => server.stop(),
    async kill() {
      signalAll(await ours(), 'SIGKILL');
      await server.stop();
    },
    async start() {
      server = await start(Number(address.split(':')[1]));
      if (server.place.address !== address) throw new Error(`Temporal came back at ${server.place.address}.`);
    },
    freeze: async () => signalAll(await ours(), 'SIGSTOP'),
    thaw: async () => signalAll(await ours(), 'SIGCONT'),
  };
}
