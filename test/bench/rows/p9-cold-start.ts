/** P9: a worker is started while a bug waits for it; how long until the bug is on record? */
import { statSync } from 'node:fs';
import { startFloor } from '../floor/floor';
import { reportAll, until, type Lane } from '../lane';
import { compare, type Side } from '../pairs';
import { startProduct } from '../product/product';
import { atMost, type Ground, type Line } from '../row';

const TIMING = { slotMs: 500, watchMs: 20 };
const MEGABYTE = 1_048_576;

export async function coldStart({ site, bundle, pairs }: Ground): Promise<readonly Line[]> {
  const product = await startProduct(site, { service: 'p9', bundle, ...TIMING });
  const floor = await startFloor(site, { service: 'p9-floor', records: 'local', ...TIMING });
  const [ours, theirs] = [product, floor].map((lane): Side => ({
    name: lane.name,
    processes: () => [],
    run: () => started(lane),
  }));
  if (!ours || !theirs) return [];
  try {
    const [comparison = null] = await compare(ours, [theirs], pairs, 1);
    const size = statSync(bundle).size / MEGABYTE;
    return [
      {
        what: 'cold start of a worker to its first result',
        against: 'a bare prebuilt worker',
        comparison,
        unit: 'wall time, ms',
        goals: [atMost('start', comparison?.figure.median ?? NaN, 1.2), atMost('bundle, MB', size, 2)],
      },
    ];
  } finally {
    await Promise.all([product.stop(), floor.stop()]);
  }
}

/** The bug is reported in the instant in which the old worker is gone. */
async function started(lane: Lane) {
  await lane.worker.end('SIGTERM');
  const bugs = await reportAll(lane, 1);
  const at = performance.now();
  await Promise.all([lane.again('SIGTERM'), until(lane, 'submitted', bugs)]);
  return { outcomes: 1, figure: performance.now() - at };
}
