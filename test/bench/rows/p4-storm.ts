/** P4: everything that people approved leaves with one train at T2. */
import { setTimeout as sleep } from 'node:timers/promises';
import { startFloor, type Floor } from '../floor/floor';
import type { floorRider } from '../floor/workflows';
import { bugId } from '../floor/workflows';
import { crowd, type Lane } from '../lane';
import { compare, median, type Outcome, type Side } from '../pairs';
import { startApproved } from '../product/approved';
import { startProduct, type Product } from '../product/product';
import { atMost, type Goal, type Ground, type Line } from '../row';

const HANDS = 64;
const LOOK_EVERY_MS = 100;
const PATIENCE_MS = 10 * 60_000;

interface Storm {
  readonly lane: Lane;
  /** Lets a fix ask for its place. */
  readonly board: (bug: string) => Promise<void>;
  /** How many have arrived so far. */
  readonly arrived: () => Promise<number>;
}

interface Drained extends Outcome {
  /** From T2 to the first instruction of the deployment. */
  readonly firstMs: number;
  readonly deployments: number;
}

export async function storm({ site, bundle, quick, pairs, say }: Ground): Promise<readonly Line[]> {
  const slotMs = quick ? 15_000 : 60_000;
  const product = await startProduct(site, { service: 'p4', bundle, slotMs, watchMs: 50 });
  const floor = await startFloor(site, { service: 'p4-floor', records: 'local', slotMs, watchMs: 50 });
  const storms = [productStorm(product), floorStorm(floor)] as const;
  const drains = new Map<number, number>();
  const lines: Line[] = [];
  try {
    for (const fixes of quick ? [20, 100] : [100, 1_000, 5_000]) {
      const firsts: number[] = [];
      let deployments = 0;
      const [ours, theirs] = storms.map((each): Side => ({
        name: each.lane.name,
        processes: () => [...site.processes(), each.lane.worker.pid],
        run: async () => {
          const drained = await storming(each, fixes, slotMs);
          if (each === storms[0]) firsts.push(drained.firstMs);
          if (each === storms[0]) deployments = drained.deployments;
          return drained;
        },
      }));
      if (!ours || !theirs) break;
      const [comparison] = await compare(ours, [theirs], Math.min(pairs, 2), fixes);
      if (!comparison) break;
      drains.set(fixes, median(comparison.ours.map(({ figure }) => figure)));
      const goals = [atMost('T2 → first instruction, s', median(firsts) / 1_000, 1.5), ...slopeGoal(drains, fixes)];
      say(`P4 ${fixes}: ${median(firsts)} ms`);
      lines.push({
        what: `${fixes} fixes due in one train`,
        against: 'wake-only floor',
        comparison,
        unit: 'T2 → last passenger told, ms',
        goals,
        figures: { deployments },
      });
    }
    return lines;
  } finally {
    await Promise.all(storms.map(({ lane }) => lane.stop()));
  }
}

/** How the whole grows with the number of fixes: 1 is in proportion. */
function slopeGoal(drains: ReadonlyMap<number, number>, fixes: number): readonly Goal[] {
  const before = [...drains].filter(([count]) => count < fixes).at(-1);
  const now = drains.get(fixes);
  if (before === undefined || now === undefined) return [];
  const [count, ms] = before;
  return [atMost(`slope since ${count}`, Math.log(now / ms) / Math.log(fixes / count), 1.1)];
}

let round = 0;

async function storming({ lane, board, arrived }: Storm, fixes: number, slotMs: number): Promise<Drained> {
  const before = await arrived();
  round += 1;
  const bugs = Array.from({ length: fixes }, (_, at) => String(round * 100_000 + at));
  const acts: number[] = [];
  const off = lane.worker.onMessage((message) => {
    const { at } = message as { at?: number };
    if (at !== undefined) acts.push(at);
  });
  await sleep(slotMs - (Date.now() % slotMs) + 10);
  await crowd(bugs, HANDS, board);
  const slot = Math.ceil(Date.now() / slotMs) * slotMs;
  for (const giveUpAt = Date.now() + PATIENCE_MS; (await arrived()) < before + fixes; await sleep(LOOK_EVERY_MS)) {
    if (Date.now() > giveUpAt) break;
  }
  off();
  const outcomes = (await arrived()) - before;
  const [first = Infinity] = acts;
  return { outcomes, figure: Date.now() - slot, firstMs: first - slot, deployments: acts.length };
}

function productStorm(product: Product): Storm {
  return {
    lane: product,
    board: (bug) => startApproved(product, bug),
    arrived: () => product.events('bug.deployed-prod'),
  };
}

function floorStorm(floor: Floor): Storm {
  const service = floor.taskQueue;
  return {
    lane: floor,
    board: async (bug) => {
      await floor.client.workflow.start<typeof floorRider>('floorRider', {
        workflowId: bugId(service, bug),
        taskQueue: service,
        args: [bug, service],
      });
    },
    arrived: async () => (await floor.inStatus('deployed_prod')).length,
  };
}
