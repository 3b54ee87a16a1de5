/** The address of a ledger on PostgreSQL, and how we behave as its client. */
import { types, type PoolConfig } from 'pg';
import { TidegateFailure } from '../domain/failures';

export const isPostgresAddress = (location: string): boolean => /^postgres(ql)?:\/\//i.test(location);

const DEFAULT_MAX = 10;
const CONNECT_MS = 5_000;
/** The server's own limits come first and say more; ours is for a server that is frozen or behind a dead cable. */
const LIMITS = {
  lock_timeout: 10_000,
  statement_timeout: 15_000,
  query_timeout: 20_000,
  idle_in_transaction_session_timeout: 30_000,
};

/** Epoch ms and counters fit a number, as SQLite gives them; pg gives every bigint as text. */
const TYPES: PoolConfig['types'] = {
  getTypeParser: (oid, format) => (oid === types.builtins.INT8 ? Number : types.getTypeParser(oid, format)) as never,
};

/** `postgres://user:password@host:port/database?max=10`, with what else pg understands, such as `sslmode`. */
export function clientOptions(address: string): PoolConfig {
  const url = parsed(address);
  const max = url.searchParams.get('max') ?? String(DEFAULT_MAX);
  if (!/^\d{1,3}$/.test(max) || Number(max) < 1) {
    throw wrongAddress(`max=${max} is no number of connections: allowed are 1 to 999`);
  }
  url.searchParams.delete('max');
  return {
    connectionString: url.href,
    application_name: 'tidegate',
    max: Number(max),
    connectionTimeoutMillis: CONNECT_MS,
    keepAlive: true,
    pipeline: true,
    types: TYPES,
    ...LIMITS,
  };
}

/** Host, port and database for a sentence: neither who we are nor how we prove it. */
export function placeOf({ connectionString = '' }: PoolConfig): string {
  const { hostname, port, pathname, searchParams } = new URL(connectionString);
  const host = hostname === '' ? (searchParams.get('host') ?? 'localhost') : hostname;
  return `${host}:${port === '' ? '5432' : port}${pathname}`;
}

function parsed(address: string): URL {
  try {
    return new URL(address);
  } catch {
    throw wrongAddress('it cannot be read as an address (are signs of the password written as %xx?)');
  }
}

const wrongAddress = (why: string): TidegateFailure =>
  new TidegateFailure(
    'BadPlan',
    `The ledger's address is not right: ${why}. It looks like postgres://user:password@host:5432/database?max=10.`,
  );
