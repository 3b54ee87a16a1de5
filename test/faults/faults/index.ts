/** Every fault by name. A fault is what happens to a case while it makes its journey. */
import type { CaseContext } from '../case';
import type { FaultShape } from '../plan';
import { processFaults } from './processes';

export interface Fault extends FaultShape {
  /** Verdicts with which a deployment may end under this fault. */
  readonly allowed: readonly string[];
  /** Before the journey; starts the first worker. */
  readonly prepare: (context: CaseContext) => Promise<void>;
  /** Beside the journey. False when it could not strike. */
  readonly strike: (context: CaseContext) => Promise<boolean>;
}

export const FAULTS: readonly Fault[] = [...processFaults];

export function faultNamed(name: string): Fault {
  const found = FAULTS.find((fault) => fault.name === name);
  if (found) return found;
  throw new Error(`there is no fault ${name}; there are: ${FAULTS.map((fault) => fault.name).join(', ')}`);
}
