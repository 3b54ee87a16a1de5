/** P3: from a person's approval by HTTP to the first instruction of the deploy, with few and with many bugs waiting. */
import { startDbos } from '../dbos/dbos';
import { startFloor } from '../floor/floor';
import { decideAll, nextAct, reportAll, until, type Lane } from '../lane';
import { compare, quantile, type Side } from '../pairs';
import { startProduct } from '../product/product';
import { atMost, type Ground, type Line } from '../row';

/** A slot is due at once. */
const TIMING = { slotMs: 20, watchMs: 20 };

export async function gateLatency({ site, bundle, quick, pairs }: Ground): Promise<readonly Line[]> {
  const samples = quick ? 5 : 25;
  const lanes = [
    await startProduct(site, { service: 'p3', bundle, ...TIMING }),
    await startFloor(site, { service: 'p3-floor', records: 'local', ...TIMING }),
    await startDbos(site, { service: 'p3-dbos', ...TIMING }),
  ] as const;
  const [ours, ...baselines] = lanes.map((lane): Side => ({
    name: lane.name,
    processes: () => [...site.processes(), lane.worker.pid],
    run: () => approvals(lane, samples),
  }));
  if (!ours) return [];
  const lines: Line[] = [];
  try {
    let parked = 0;
    for (const wanted of quick ? [0, 100] : [0, 1_000, 5_000]) {
      for (const lane of lanes) await reportAll(lane, wanted - parked);
      parked = wanted;
      const comparisons = await compare(ours, baselines, pairs, samples);
      comparisons.forEach((comparison, at) => {
        const against = baselines[at]?.name ?? '';
        lines.push({
          what: `approve → first instruction, ${parked === 0 ? 'idle' : `${parked} parked`}`,
          against,
          comparison,
          unit: 'p50, ms',
          goals: against === 'DBOS' ? [] : [atMost('p50', comparison.figure.median, 1.5)],
        });
      });
    }
    return lines;
  } finally {
    await Promise.all(lanes.map((lane) => lane.stop()));
  }
}

/** One approval after the other, each on a quiet production environment. */
async function approvals(lane: Lane, count: number) {
  const bugs = await reportAll(lane, count);
  await decideAll(lane, bugs, 'confirm');
  await until(lane, 'deployed_uat', bugs);
  const latencies: number[] = [];
  for (const bug of bugs) {
    const act = nextAct(lane);
    const pressed = Date.now();
    await lane.decide(bug, 'approve');
    latencies.push((await act) - pressed);
    await until(lane, 'deployed_prod', [bug]);
  }
  return { outcomes: latencies.length, figure: quantile(latencies, 0.5) };
}
