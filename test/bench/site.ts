/** The ground that both sides of a row stand on: one Temporal server and one PostgreSQL, tuned as ours are in production. */
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { startPostgres, type Postgres } from '../../src/topology/postgres';
import { childrenOf } from '../../src/topology/processes';
import { isWorker } from './child';
import { startDev, startProduction, type Server } from './server';

export interface SiteOptions {
  readonly server: 'dev' | 'production';
  readonly say: (line: string) => void;
}

export interface Site {
  readonly folder: string;
  readonly temporal: { readonly address: string; readonly namespace: string };
  readonly server: Server;
  readonly postgres: Postgres;
  /** What stands in the table: which server, which database. */
  readonly profile: string;
  /** Processes whose CPU is the server's and the database's. */
  processes(): readonly number[];
  /** A bundle of a baseline's workflows, made once. */
  bundle(workflowsPath: string): Promise<string>;
  close(): Promise<void>;
}

const NAMESPACE = 'bench';

/** Opens a site in a folder of its own under the system's temporary one. */
export async function openSite({ server: kind, say }: SiteOptions): Promise<Site> {
  const folder = await mkdtemp(join(tmpdir(), 'tidegate-bench-'));
  await chmod(folder, 0o711); // PostgreSQL runs as another user when we are root
  // Workers start as a built product does: nobody measures how long TypeScript takes.
  const compiled = join(folder, 'compiled');
  await mkdir(compiled);
  process.env.TIDEGATE_COMPILED = compiled;
  const postgres = await startPostgres({ folder: join(folder, 'postgres') });
  const place = { folder: join(folder, 'temporal'), namespace: NAMESPACE, postgres, say };
  await mkdir(place.folder);
  const server = await (kind === 'dev' ? startDev(place) : startProduction(place)).catch(async (error: unknown) => {
    await postgres.stop();
    await rm(folder, { recursive: true, force: true });
    throw error;
  });
  const bundles = new Map<string, Promise<string>>();
  return {
    folder,
    temporal: { address: server.address, namespace: NAMESPACE },
    server,
    postgres,
    profile: server.profile,
    processes: () => childrenOf(process.pid).filter((pid) => !isWorker(pid)),
    bundle(workflowsPath) {
      const made = bundles.get(workflowsPath) ?? bundled(workflowsPath, folder, bundles.size);
      bundles.set(workflowsPath, made);
      return made;
    },
    async close() {
      await server.stop();
      await postgres.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function bundled(workflowsPath: string, folder: string, number: number): Promise<string> {
  const { code } = await bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('ERROR') });
  const path = join(folder, `bundle-${number}.js`);
  await writeFile(path, code);
  return path;
}
