/** The ground that both sides of a row stand on: one Temporal server and one PostgreSQL, tuned as ours are in production. */
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { SEARCH_ATTRIBUTES } from '../../src/domain/ids';
import { childrenOf } from '../../src/topology/processes';
import { startPostgres, type Postgres } from '../../src/topology/postgres';
import { obtainTemporal } from '../../src/temporal/obtain';

export interface Site {
  readonly folder: string;
  readonly temporal: { readonly address: string; readonly namespace: string };
  readonly postgres: Postgres;
  /** What stands in the table: which server, which database. */
  readonly profile: string;
  /** Processes whose CPU is the server's and the database's. */
  processes(): readonly number[];
  /** A bundle of a baseline's workflows, made once. */
  bundle(workflowsPath: string): Promise<string>;
  close(): Promise<void>;
}

/** Opens a site in a folder of its own under the system's temporary one. */
export async function openSite(say: (line: string) => void): Promise<Site> {
  const folder = await mkdtemp(join(tmpdir(), 'tidegate-bench-'));
  await chmod(folder, 0o711); // PostgreSQL runs as another user when we are root
  const before = new Set(childrenOf(process.pid));
  await mkdir(join(folder, 'temporal'), { recursive: true });
  const postgres = await startPostgres({ folder: join(folder, 'postgres') });
  const temporal = await obtainTemporal({
    mode: 'own',
    stateDir: join(folder, 'temporal'),
    namespace: 'bench',
    ui: false,
    searchAttributes: SEARCH_ATTRIBUTES,
    env: process.env,
    say,
  });
  const grown = childrenOf(process.pid).filter((pid) => !before.has(pid));
  const bundles = new Map<string, Promise<string>>();
  return {
    folder,
    temporal: { address: temporal.address, namespace: 'bench' },
    postgres,
    profile: 'dev server 1.29.1 on SQLite, tuned; ledger on PostgreSQL',
    processes: () => grown,
    bundle(workflowsPath) {
      const made = bundles.get(workflowsPath) ?? bundled(workflowsPath, folder, bundles.size);
      bundles.set(workflowsPath, made);
      return made;
    },
    async close() {
      await temporal.stop();
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
