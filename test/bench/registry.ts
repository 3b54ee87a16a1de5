/** Every row there is, in the order of 5-quality §3. */
import type { Row } from './row';
import { throughput } from './rows/p1-throughput';
import { events } from './rows/p2-events';
import { gateLatency } from './rows/p3-gate-latency';
import { storm } from './rows/p4-storm';
import { watching } from './rows/p5-watch';
import { queue } from './rows/p6-queue';
import { coldStart } from './rows/p9-cold-start';
import { replay } from './rows/p10-replay';
import { recovery } from './rows/p11-recovery';
import { realWork } from './rows/p14-real-work';

export const ROWS: readonly Row[] = [
  { id: 'P1', title: 'throughput', run: throughput },
  { id: 'P2', title: 'events and actions', run: events },
  { id: 'P3', title: 'gate latency', run: gateLatency },
  { id: 'P4', title: 'T2 storm', run: storm },
  { id: 'P5', title: 'watch', run: watching },
  { id: 'P6', title: 'environment queue', run: queue },
  { id: 'P9', title: 'cold start', run: coldStart },
  { id: 'P10', title: 'replay', run: replay },
  { id: 'P11', title: 'recovery', run: recovery },
  { id: 'P14', title: 'real work', run: realWork },
];
