/** PostgreSQL: everything that is particular to it stands here and in `postgres-client.ts`. */
import { setTimeout } from 'node:timers/promises';
import { sql } from 'kysely';
import { Pool, type PoolClient } from 'pg';
import { TidegateFailure } from '../domain/failures';
import { clientOptions, placeOf } from './postgres-address';
import { databaseOf } from './postgres-client';
import { failureOf, isLostRace } from './postgres-failures';
import type { Db, LedgerStore } from './schema';

/** Of the advisory lock that makes appends queue; the number only has to be nobody else's in this database. */
const CHAIN_LOCK = 7_136_202_611;
const RACES = 8;
const PAUSE_MS = { from: 5, to: 50 };

/**
 * Opens a pool of connections; none is made before the first query. Its size is `?max=` of the address.
 * @throws TidegateFailure BadPlan for an address that is none
 */
export function openPostgresStore(address: string): LedgerStore {
  const options = clientOptions(address);
  const place = placeOf(options);
  const pool = new Pool(options);
  // An idle connection that the server drops would end the process without a listener (6-faults F11); the pool makes another.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));

  const withClient = async <T>(work: (client: PoolClient) => Promise<T>): Promise<T> => {
    if (pool.ending) throw new TidegateFailure('Unavailable', `The ledger ${place} was closed by this process.`);
    try {
      const client = await pool.connect();
      let failed = true;
      try {
        const answer = await work(client);
        failed = false;
        return answer;
      } finally {
        // A query that was given up may still be under way, and on a dead line it stays so for a quarter of an hour.
        client.release(failed || !isReusable(client));
      }
    } catch (error) {
      throw error instanceof TidegateFailure ? error : failureOf(place, error);
    }
  };
  return {
    read: (work) => withClient((client) => work(databaseOf(client))),
    write: (work) => withClient((client) => transaction(client, work)),
    alone: async (tx) => {
      await sql`select pg_advisory_xact_lock(${CHAIN_LOCK})`.execute(tx);
    },
    close: async () => {
      if (!pool.ending) await pool.end();
    },
  };
}

/** Runs the work in a transaction, again after a deadlock or a lost race, in which the database keeps nothing of it. */
async function transaction<T>(client: PoolClient, work: (tx: Db) => Promise<T>): Promise<T> {
  for (let race = 1; ; race += 1) {
    try {
      return await once(client, work);
    } catch (error) {
      await client.query('rollback').catch(() => undefined);
      if (!isLostRace(error) || race === RACES) throw error;
      await setTimeout(PAUSE_MS.from + Math.random() * (PAUSE_MS.to - PAUSE_MS.from));
    }
  }
}

/** `begin` travels with the first statement. Whoever waited for a lock must see what was committed meanwhile. */
async function once<T>(client: PoolClient, work: (tx: Db) => Promise<T>): Promise<T> {
  const begun = client.query('begin isolation level read committed');
  begun.catch(() => undefined); // asked below
  const answer = await work(databaseOf(client));
  await begun;
  const { command } = await client.query('commit');
  if (command !== 'COMMIT') throw new Error('the transaction had failed before its commit, and nothing was kept');
  return answer;
}

/** Idle, outside of any transaction: what broke in between is thrown away and made anew. */
const isReusable = (client: PoolClient): boolean => client.getTransactionStatus() === 'I';
