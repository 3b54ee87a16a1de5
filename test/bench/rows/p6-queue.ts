/** P6: many deployments, one after the other, through one environment, across continue-as-new. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { startFloor, type Floor } from '../floor/floor';
import { board, type floorQueue } from '../floor/workflows';
import { crowd, type Lane } from '../lane';
import { compare, type Side } from '../pairs';
import { requestNow } from '../product/approved';
import { startProduct, type Product } from '../product/product';
import { atLeast, type Ground, type Line } from '../row';

const HANDS = 16;
const LOOK_EVERY_MS = 100;
const PATIENCE_MS = 10 * 60_000;
/** Takes every answer and does nothing: no worker serves its queue. */
const SINK = 'p6-sink';

interface Queue {
  readonly lane: Lane;
  readonly ask: (bug: string) => Promise<void>;
}

export async function queue({ site, bundle, quick, pairs }: Ground): Promise<readonly Line[]> {
  const deployments = quick ? 20 : 500;
  const timing = { slotMs: 1_000, watchMs: 1 };
  const product = await startProduct(site, { service: 'p6', bundle, ...timing, oneByOne: true });
  const floor = await startFloor(site, { service: 'p6-floor', records: 'local', ...timing });
  const queues = [productQueue(product), await floorQueueOf(floor)];
  const [ours, theirs] = queues.map(({ lane, ask }): Side => ({
    name: lane.name,
    processes: () => [...site.processes(), lane.worker.pid],
    run: () => through(lane, ask, deployments, () => sink(floor.client)),
  }));
  if (!ours || !theirs) return [];
  try {
    const [comparison = null] = await compare(ours, [theirs], pairs, deployments);
    const rate = 1 / (comparison?.figure.median ?? NaN);
    return [
      {
        what: `${deployments} deployments through one environment`,
        against: 'a bare queue',
        comparison,
        unit: 'wall time, ms',
        goals: [atLeast('rate', rate, 0.9)],
      },
    ];
  } finally {
    await floor.client.workflow.getHandle(QUEUE).terminate('the bench is over');
    await Promise.all(queues.map(({ lane }) => lane.stop()));
  }
}

/** Every request deploys exactly once: what is lost or doubled makes the run void. */
async function through(lane: Lane, ask: Queue['ask'], count: number, renewSink: () => Promise<void>) {
  await renewSink();
  round += 1;
  const acts: string[] = [];
  const off = lane.worker.onMessage((message) => {
    const { act } = message as { act?: string };
    if (act !== undefined) acts.push(act);
  });
  const bugs = Array.from({ length: count }, (_, at) => String(round * 100_000 + at));
  await crowd(bugs, HANDS, ask);
  for (const giveUpAt = Date.now() + PATIENCE_MS; acts.length < count && Date.now() < giveUpAt;) {
    await sleep(LOOK_EVERY_MS);
  }
  off();
  return { outcomes: new Set(acts).size === acts.length ? acts.length : -1 };
}

let round = 0;
const QUEUE = 'p6-queue';

/** Someone who may be told things, up to 10,000 signals each. */
async function sink(client: Client): Promise<void> {
  await client.workflow
    .getHandle(SINK)
    .terminate('the next')
    .catch(() => undefined);
  await client.workflow.start('nobody', { workflowId: SINK, taskQueue: 'nobody' });
}

function productQueue(product: Product): Queue {
  return { lane: product, ask: (bug) => requestNow(product, 'prod', bug, SINK) };
}

async function floorQueueOf(floor: Floor): Promise<Queue> {
  const { client, taskQueue } = floor;
  const handle = await client.workflow.start<typeof floorQueue>('floorQueue', {
    workflowId: QUEUE,
    taskQueue,
    args: ['prod'],
  });
  return { lane: floor, ask: () => handle.signal(board, SINK) };
}
