/**
 * The ledger's tables as kysely sees them. Only types that SQLite and PostgreSQL share: text (JSON is text too, so that
 * what was hashed is what is read) and bigint (epoch ms and counters).
 */
import type { Kysely } from 'kysely';

export interface LedgerTables {
  /** The record itself: append-only, chained, numbered without gaps from 1. */
  event: {
    seq: number;
    id: string;
    at: number;
    service: string;
    subject: string;
    kind: string;
    actor: string;
    surface: string;
    reason: string | null;
    data: string;
    previous_hash: string;
    hash: string;
  };
  /** One row: the end of the chain. Updating it first makes writers queue; comparing it later finds a cut tail. */
  chain_head: { id: number; seq: number; hash: string };

  /** Read models: `first_seq` is the event that founded the row, and with it the order "newest first". */
  bug: {
    service: string;
    id: string;
    status: string;
    severity: string;
    /** Title and description as `searchable` makes them. */
    search: string;
    first_seq: number;
    updated_at: number;
    state: string;
  };
  environment: { service: string; env: string; first_seq: number; updated_at: number; state: string };
  deployment: {
    id: string;
    service: string;
    env: string;
    verdict: string | null;
    first_seq: number;
    updated_at: number;
    state: string;
  };

  token: {
    id: string;
    service: string;
    sha256: string;
    first_seq: number;
    updated_at: number;
    state: string;
  };

  step: {
    deployment: string;
    step: string;
    state: string;
    fence: number;
    attempt: number;
    host: string;
    proof: string | null;
    result: string | null;
    at: number;
  };
  sample: { subject: string; at: number; reading: string; sample: string | null };
  log_line: { deployment: string; byte_offset: number; at: number; text: string };
  idempotency_key: {
    caller: string;
    route: string;
    key: string;
    digest: string;
    at: number;
    bug: string | null;
    status: number | null;
    body: string | null;
  };
  bug_counter: { service: string; last: number };
  ledger_migration: { name: string; applied_at: number };
}

/** A connection or an open transaction: every query of this room takes one. */
export type Db = Kysely<LedgerTables>;

/** What a database must offer to carry the ledger; one implementation per dialect. */
export interface LedgerStore {
  /** One statement, or several that need no common snapshot. */
  readonly read: <T>(work: (db: Db) => Promise<T>) => Promise<T>;
  /** A transaction. Others may write beside it, unless it asks for `alone`. `work` may run again after a lost race. */
  readonly write: <T>(work: (tx: Db) => Promise<T>) => Promise<T>;
  /** Waits until this transaction is the only one anywhere that appends, rebuilds or migrates. Reads go on meanwhile. */
  readonly alone: (tx: Db) => Promise<void>;
  readonly close: () => Promise<void>;
}

/**
 * Statements that may be under way together. All have ended when it answers or throws (the failure of the first in the
 * list): nothing may be left that runs after its transaction was rolled back.
 */
export async function allOf<const T extends readonly Promise<unknown>[]>(
  work: T,
): Promise<{ -readonly [Index in keyof T]: Awaited<T[Index]> }> {
  await Promise.allSettled(work);
  return Promise.all(work);
}
