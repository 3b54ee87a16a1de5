import { createSqliteLedger } from '../../src/ledger/sqlite-ledger';
import type { Ledger } from '../../src/ports/ledger';

/** The ledger of a case at its address. */
export function openCaseLedger(address: string): Promise<Ledger> {
  if (address.startsWith('postgres')) throw new Error('the ledger on PostgreSQL is not here yet');
  return createSqliteLedger({ file: address });
}
