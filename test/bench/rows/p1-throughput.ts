/** P1: so many Flow 1 bugs from report to production, people pressing every button. */
import { startDbos } from '../dbos/dbos';
import { startFloor } from '../floor/floor';
import { decideAll, reportAll, until, type Lane } from '../lane';
import { compare, type Side } from '../pairs';
import { startProduct } from '../product/product';
import { atLeast, atMost, type Ground, type Line } from '../row';

const TIMING = { slotMs: 2_000, watchMs: 200 };

export async function throughput({ site, bundle, quick, pairs }: Ground): Promise<readonly Line[]> {
  const bugs = quick ? 40 : 1_000;
  const lanes = [
    await startProduct(site, { service: 'p1', bundle, ...TIMING }),
    await startFloor(site, { service: 'p1-floor-regular', records: 'regular', ...TIMING }),
    await startFloor(site, { service: 'p1-floor-local', records: 'local', ...TIMING }),
    await startDbos(site, { service: 'p1-dbos', ...TIMING }),
  ] as const;
  const sides = lanes.map((lane): Side => ({
    name: lane.name,
    processes: () => [...site.processes(), lane.worker.pid],
    run: async () => ({ outcomes: await shipped(lane, bugs) }),
  }));
  const [ours, ...baselines] = sides;
  if (!ours) return [];
  try {
    // The first bugs pay for code that is not compiled and pages that are not there yet.
    for (const lane of lanes) await shipped(lane, 4);
    const comparisons = await compare(ours, baselines, pairs, bugs);
    return comparisons.map((comparison, at) => ({
      what: `${bugs} bugs to deployed_prod`,
      against: baselines[at]?.name ?? '',
      comparison,
      unit: 'wall time, ms',
      goals:
        baselines[at]?.name === 'DBOS'
          ? []
          : [atLeast('rate', 1 / comparison.figure.median, 0.85), atMost('CPU', comparison.cpu.median, 1.2)],
    }));
  } finally {
    await Promise.all(lanes.map((lane) => lane.stop()));
  }
}

/** Walks bugs from report to production; answers how many arrived. */
async function shipped(lane: Lane, count: number): Promise<number> {
  const bugs = await reportAll(lane, count);
  await decideAll(lane, bugs, 'confirm');
  await until(lane, 'deployed_uat', bugs);
  await decideAll(lane, bugs, 'approve');
  await until(lane, 'deployed_prod', bugs);
  return bugs.length;
}
