/** P1: so many Flow 1 bugs from report to production, people pressing every button. */
import { compare, type Comparison, type Side } from '../pairs';
import { crowd, headOf, startProduct, type Product } from '../product/product';
import { startFloor, type Floor } from '../floor/floor';
import type { Site } from '../site';

/** People of a release night are many hands. */
const AT_ONCE = 32;
const SLOT_MS = 2_000;
const WATCH_MS = 200;

export interface ThroughputOptions {
  readonly bugs: number;
  readonly pairs: number;
  readonly records: 'regular' | 'local';
  readonly bundle: string;
}

export async function throughput(site: Site, options: ThroughputOptions): Promise<Comparison> {
  const { bugs, pairs, records, bundle } = options;
  const timing = { slotMs: SLOT_MS, watchMs: WATCH_MS };
  const product = await startProduct(site, { service: `p1-${records}`, bundle, ...timing });
  const floor = await startFloor(site, { service: `p1-floor-${records}`, records, ...timing });
  let round = 0;
  const numbers = Array.from({ length: bugs }, (_, at) => at);
  const ours: Side = {
    name: 'product',
    processes: () => [...site.processes(), product.worker.pid],
    run: async () => ({ outcomes: await shipped(product, numbers) }),
  };
  const theirs: Side = {
    name: `floor, ${records} records`,
    processes: () => [...site.processes(), floor.worker.pid],
    run: async () => ({
      outcomes: await floored(
        floor,
        numbers.map((at) => `r${round}-${at}`),
        `r${round++}-`,
      ),
    }),
  };
  try {
    return await compare(ours, theirs, pairs, bugs);
  } finally {
    await Promise.all([product.stop(), floor.stop()]);
  }
}

async function shipped(product: Product, numbers: readonly number[]): Promise<number> {
  const before = (await product.inStatus('deployed_prod')).length;
  const ids: string[] = [];
  await crowd(numbers, AT_ONCE, async (at) => {
    const id = await product.report(`The price of item ${at} is off`);
    ids.push(id);
    await product.decide(id, 'confirm');
  });
  const mine = new Set(ids);
  for (let left = ids.length; left > 0;) {
    const there = (await product.inStatus('deployed_uat')).filter((id) => mine.has(id));
    await crowd(there, AT_ONCE, (id) => product.decide(id, 'approve-prod', { sha: headOf(id) }));
    for (const id of there) mine.delete(id);
    left -= there.length;
  }
  await product.until('deployed_prod', before + numbers.length);
  return (await product.inStatus('deployed_prod')).length - before;
}

async function floored(floor: Floor, bugs: readonly string[], prefix: string): Promise<number> {
  await crowd(bugs, AT_ONCE, async (bug) => {
    await floor.start(bug);
    await floor.decide(bug, 'confirm');
  });
  for (let left = bugs.length; left > 0;) {
    const there = await floor.inStatus('deployed_uat', prefix);
    await crowd(there, AT_ONCE, (bug) => floor.decide(bug, 'approve'));
    left -= there.length;
  }
  await floor.until('deployed_prod', prefix, bugs.length);
  return (await floor.inStatus('deployed_prod', prefix)).length;
}
