import { openLedger } from '../../src/ledger/open-ledger';
import type { Ledger } from '../../src/ports/ledger';

/** The ledger of a case at its address. */
export function openCaseLedger(address: string): Promise<Ledger> {
  return openLedger(address);
}
