/** Every fault by name. A fault is what happens to a case while it makes its journey. */
import type { CaseContext } from '../context';
import type { CaseFolder } from '../case-folder';
import type { FaultShape } from '../plan';
import { operatorFaults } from './operators';
import { peopleFaults } from './people';
import { processFaults } from './processes';
import { repositoryFaults } from './repository';
import { scriptFaults } from './scripts';
import { serverFaults } from './servers';

export interface Fault extends FaultShape {
  /** Verdicts with which a deployment may end under this fault; `open`: none, its run was ended from outside. */
  readonly allowed: readonly string[];
  /** Before the journey. */
  readonly prepare: (context: CaseContext) => Promise<void>;
  /** Takes away what the fault laid out, before the case's folder goes. */
  readonly clear?: (folder: CaseFolder) => void;
  /** Beside the journey. False when it could not strike. */
  readonly strike: (context: CaseContext) => Promise<boolean>;
}

export const FAULTS: readonly Fault[] = [
  ...processFaults,
  ...serverFaults,
  ...repositoryFaults,
  ...operatorFaults,
  ...scriptFaults,
  ...peopleFaults,
];

export function faultNamed(name: string): Fault {
  const found = FAULTS.find((fault) => fault.name === name);
  if (found) return found;
  throw new Error(`there is no fault ${name}; there are: ${FAULTS.map((fault) => fault.name).join(', ')}`);
}
