/** Every row there is, in the order of 5-quality §3. */
import type { Row } from './row';
import { throughput } from './rows/p1-throughput';
import { gateLatency } from './rows/p3-gate-latency';
import { storm } from './rows/p4-storm';

export const ROWS: readonly Row[] = [
  { id: 'P1', title: 'throughput', run: throughput },
  { id: 'P3', title: 'gate latency', run: gateLatency },
  { id: 'P4', title: 'T2 storm', run: storm },
];
