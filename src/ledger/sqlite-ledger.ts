/** The ledger on an embedded SQLite file: the default where no database server is configured (3-architecture §4). */
import { createLedger, type RebuildableLedger } from './ledger';
import { migrate } from './migrations';
import { openSqliteStore } from './sqlite-store';

export interface SqliteLedgerOptions {
  /** Path of the file; it and its folder are made when missing. */
  readonly file: string;
  /** Only for the times in the table of applied migrations, epoch ms. */
  readonly now?: () => number;
}

/** Opens the ledger at this version's schema. @throws Unavailable, BadPlan (written by a newer Tidegate) */
export async function createSqliteLedger({ file, now = Date.now }: SqliteLedgerOptions): Promise<RebuildableLedger> {
  const store = await openSqliteStore(file);
  try {
    await migrate(store, now());
    return createLedger(store);
  } catch (error) {
    await store.close();
    throw error;
  }
}
