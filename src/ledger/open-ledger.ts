/** Opens the ledger wherever it lies: an address of PostgreSQL, or the path of a SQLite file (3-architecture §4). */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { createLedger, type RebuildableLedger } from './ledger';
import { migrate } from './migrations';
import { isPostgresAddress } from './postgres-address';
import { openPostgresStore } from './postgres-store';
import { openSqliteStore } from './sqlite-store';

/**
 * Opens the ledger at this version's schema.
 * @param location `postgres://…` (it may hold a password: it is never printed), or the path of a file, made when missing
 * @param now only for the times in the table of applied migrations, epoch ms
 * @throws TidegateFailure Unavailable; BadPlan: a wrong address, or written by a newer Tidegate
 */
export async function openLedger(location: string, now: () => number = Date.now): Promise<RebuildableLedger> {
  const store = isPostgresAddress(location) ? openPostgresStore(location) : await openSqliteStore(resolve(location));
  try {
    await migrate(store, now());
    return createLedger(store);
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** False only for a file that is not there yet; whether a server answers shows when it is asked. */
export const ledgerMayExist = (location: string): boolean => isPostgresAddress(location) || existsSync(location);
