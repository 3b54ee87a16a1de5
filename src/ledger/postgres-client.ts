/** Kysely on one connection of the pool. */
import {
  type CompiledQuery,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type DatabaseConnection,
  type Driver,
  type QueryResult,
} from 'kysely';
import type { PoolClient } from 'pg';
import type { Db, LedgerTables } from './schema';

/** The first statements of different shape are prepared by the server; the number of rows makes many shapes. */
const MAX_PREPARED = 200;

const databases = new WeakMap<PoolClient, Db>();

/**
 * Queries that are sent together share a trip: the connection is in pipeline mode, and unlike kysely's own transaction this
 * does not wait for one answer before it sends the next statement.
 */
export function databaseOf(client: PoolClient): Db {
  const known = databases.get(client);
  if (known) return known;
  const db: Db = new Kysely<LedgerTables>({
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createDriver: () => driverOf(client),
      createIntrospector: (any) => new PostgresIntrospector(any),
      createQueryCompiler: () => new PostgresQueryCompiler(),
    },
  });
  databases.set(client, db);
  return db;
}

/** Transactions are the store's: it must send `begin` without waiting. */
function driverOf(client: PoolClient): Driver {
  const connection = connectionOf(client);
  const notHere = (): never => {
    throw new Error('The store begins and ends transactions.');
  };
  return {
    init: () => Promise.resolve(),
    acquireConnection: () => Promise.resolve(connection),
    beginTransaction: notHere,
    commitTransaction: notHere,
    rollbackTransaction: notHere,
    releaseConnection: () => Promise.resolve(),
    destroy: () => Promise.resolve(),
  };
}

function connectionOf(client: PoolClient): DatabaseConnection {
  const prepared = new Map<string, string>();
  const nameOf = (text: string): string | undefined => {
    const name = prepared.get(text);
    if (name !== undefined || prepared.size >= MAX_PREPARED) return name;
    prepared.set(text, `ledger_${prepared.size + 1}`);
    return prepared.get(text);
  };
  return {
    async executeQuery<R>({ sql: text, parameters }: CompiledQuery): Promise<QueryResult<R>> {
      const name = nameOf(text);
      const { rows } = await client.query({ text, values: [...parameters], ...(name !== undefined && { name }) });
      return { rows: rows as R[] };
    },
    streamQuery() {
      throw new Error('The ledger reads page by page.');
    },
  };
}
