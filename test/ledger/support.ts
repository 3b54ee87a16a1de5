/** What the ledger's tests share: throw-away ledgers on both databases, and events as the workflows write them. */
import Database from 'libsql';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import type { Severity } from '../../src/domain/bug';
import type { LedgerEvent } from '../../src/domain/events';
import { startPostgres, type Postgres } from '../../src/topology/postgres';
import { bugSubject, bugWorkflowId, deploymentSubject, environmentSubject, eventId } from '../../src/domain/ids';

/** A folder of its own for each test, gone after it. */
export function useTempFolder(): () => string {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tidegate-ledger-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  return () => folder;
}

/** A database that the ledger can lie on. */
export interface LedgerHome {
  /** Where a ledger of its own may be opened, and again later. */
  newLocation(): Promise<string>;
  /** What somebody with access to the database and no scruples does to a ledger. */
  tamper(location: string, ...statements: readonly string[]): Promise<void>;
}

/** Runs the same tests on both databases: whatever a ledger promises, it promises on each. */
export function onBothDatabases(tests: (home: LedgerHome) => void): void {
  describe('on a SQLite file', () => tests(sqliteHome()));
  describe('on PostgreSQL', () => tests(postgresHome()));
}

function sqliteHome(): LedgerHome {
  const folder = useTempFolder();
  let made = 0;
  return {
    newLocation: () => Promise.resolve(join(folder(), 'deep', 'er', `ledger-${(made += 1)}.db`)),
    async tamper(file, ...statements) {
      const database = new Database(file);
      for (const statement of statements) database.exec(statement);
      database.close();
    },
  };
}

/** One server for the tests of a file; each ledger is a schema of its own. */
export function postgresHome(): LedgerHome & { server(): Postgres } {
  const server = usePostgres();
  let made = 0;
  const tamper = async (location: string, ...statements: readonly string[]): Promise<void> => {
    const client = new Client({ connectionString: location });
    await client.connect();
    for (const statement of statements) await client.query(statement);
    await client.end();
  };
  return {
    server,
    tamper,
    async newLocation() {
      const schema = `ledger_${(made += 1)}`;
      await tamper(server().url('postgres'), `create schema ${schema}`);
      return `${server().url('postgres')}?options=${encodeURIComponent(`-csearch_path=${schema}`)}`;
    },
  };
}

/** A real server for the tests of a file, without the disk's patience where no crash of the machine is meant. */
export function usePostgres(): () => Postgres {
  let folder = '';
  let postgres: Postgres | null = null;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tidegate-postgres-'));
    postgres = await startPostgres({ folder, settings: { fsync: 'off' } });
  });
  afterAll(async () => {
    await postgres?.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  return () => {
    if (!postgres) throw new Error('PostgreSQL has not started.');
    return postgres;
  };
}

export const AT = Date.UTC(2026, 10, 3, 12, 0, 0);

const envelope = (id: string, service: string, subject: string, at = AT) => ({
  id,
  service,
  subject,
  at,
  actor: 'dev',
  surface: 'api' as const,
  reason: null,
});

export interface ReportedBug {
  readonly service?: string;
  readonly bug: string;
  readonly title?: string;
  readonly description?: string | null;
  readonly severity?: Severity;
  readonly at?: number;
}

export function reported({ service = 'shop', bug, ...rest }: ReportedBug): LedgerEvent {
  const data = {
    id: bug,
    service,
    title: rest.title ?? `bug ${bug}`,
    description: rest.description ?? null,
    severity: rest.severity ?? 'medium',
    foundIn: 'prod',
    evidence: { stack: null, url: null, version: null },
    modules: [],
    services: [],
    external: null,
    revision: 'r1',
  };
  const id = eventId(bugWorkflowId(service, bug), 'run', 1);
  return { ...envelope(id, service, bugSubject(bug), rest.at), kind: 'bug.reported', data };
}

export function analysisStarted(bug: string, seq: number, at = AT): LedgerEvent {
  const id = eventId(bugWorkflowId('shop', bug), 'run', seq);
  return { ...envelope(id, 'shop', bugSubject(bug), at), kind: 'bug.analysis-started', data: {} };
}

export function rejected(bug: string, seq: number): LedgerEvent {
  const id = eventId(bugWorkflowId('shop', bug), 'run', seq);
  return { ...envelope(id, 'shop', bugSubject(bug)), kind: 'bug.rejected', data: {}, reason: 'not a bug' };
}

export function configured(env: string): LedgerEvent {
  const id = eventId(`env/shop/${env}`, 'run', 1);
  const data = { service: 'shop', env, revision: 'r1' };
  return { ...envelope(id, 'shop', environmentSubject(env)), kind: 'environment.configured', data };
}

export function deploymentStarted(id: string, env: string): LedgerEvent {
  return {
    ...envelope(eventId(`deploy/shop/${env}/${id}`, 'run', 1), 'shop', deploymentSubject(id)),
    kind: 'deployment.started',
    data: {
      id,
      service: 'shop',
      env,
      production: env === 'prod',
      strategy: 'all-at-once',
      passengers: [],
      previous: { version: '1.4.2', sha: 'a'.repeat(40) },
      fence: 1,
      revision: 'r1',
    },
  };
}
