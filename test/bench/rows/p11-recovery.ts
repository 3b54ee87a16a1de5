/** P11: something dies; how long until a person's next decision is answered? */
import { setTimeout as sleep } from 'node:timers/promises';
import { startFloor } from '../floor/floor';
import { reportAll, until, type Lane } from '../lane';
import { compare, quantile, type Side } from '../pairs';
import { startProduct } from '../product/product';
import { atMost, type Ground, type Line } from '../row';

const TIMING = { slotMs: 500, watchMs: 20 };

/** What dies, and comes back by whoever looks after it. */
type Loss = 'SIGKILL of the worker' | 'SIGTERM of the worker' | 'SIGKILL of the server' | 'SIGKILL of PostgreSQL';

function strike({ server, postgres }: Ground['site'], lane: Lane, loss: Loss): Promise<void> {
  switch (loss) {
    case 'SIGKILL of the worker':
      return lane.again('SIGKILL');
    case 'SIGTERM of the worker':
      return lane.again('SIGTERM');
    case 'SIGKILL of the server':
      return server.killAndRestart();
    case 'SIGKILL of PostgreSQL':
      return postgres.kill().then(() => postgres.restart());
  }
}

export async function recovery({ site, bundle, quick, pairs }: Ground): Promise<readonly Line[]> {
  const product = await startProduct(site, { service: 'p11', bundle, ...TIMING });
  const floor = await startFloor(site, { service: 'p11-floor', records: 'local', ...TIMING });
  const losses = quick ? 1 : 3;
  const lines: Line[] = [];
  try {
    const kinds: readonly Loss[] = [
      'SIGKILL of the worker',
      'SIGTERM of the worker',
      'SIGKILL of the server',
      'SIGKILL of PostgreSQL',
    ];
    for (const loss of kinds) {
      const [ours, theirs] = [product, floor].map((lane): Side => ({
        name: lane.name,
        processes: () => [],
        run: () => recovered(site, lane, loss, losses),
      }));
      if (!ours || !theirs) break;
      const [comparison] = await compare(ours, [theirs], pairs, losses);
      if (!comparison) break;
      lines.push({
        what: `${loss} → the next decision is taken`,
        against: floor.name,
        comparison,
        unit: 'p50, ms',
        goals: [atMost('recovery', comparison.figure.median, 1.3)],
      });
    }
    return lines;
  } finally {
    await Promise.all([product.stop(), floor.stop()]);
  }
}

/** A bug that the worker holds in its cache, a loss, and a person who presses confirm until it is taken. */
async function recovered(site: Ground['site'], lane: Lane, loss: Loss, losses: number) {
  const times: number[] = [];
  for (let count = 0; count < losses; count += 1) {
    const [bug = ''] = await reportAll(lane, 1);
    await until(lane, 'submitted', [bug]);
    const at = performance.now();
    await Promise.all([strike(site, lane, loss), taken(lane, bug)]);
    times.push(performance.now() - at);
  }
  return { outcomes: times.length, figure: quantile(times, 0.5) };
}

const PATIENCE_MS = 60_000;
const AGAIN_MS = 50;

async function taken(lane: Lane, bug: string): Promise<void> {
  for (const giveUpAt = Date.now() + PATIENCE_MS; ;) {
    try {
      return await lane.decide(bug, 'confirm');
    } catch (error) {
      // It was taken, and only the answer got lost.
      if (!(await lane.inStatus('submitted').catch(() => [bug])).includes(bug)) return;
      if (Date.now() > giveUpAt) throw error;
      await sleep(AGAIN_MS);
    }
  }
}
