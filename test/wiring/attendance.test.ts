import type { Activities } from '../../src/activities';
import { createQueues } from '../../src/client/queues';
import { stuckRuns } from '../../src/client/stuck';
import { deploymentWorkflowId, environmentQueue, MAIN_QUEUE } from '../../src/domain/ids';
import { runWorkers, type RunningWorkers } from '../../src/wiring/workers';
import { eventually } from '../e2e/town';
import { devServer } from '../support/environments';

const temporal = devServer();
const QUEUE = environmentQueue('shop', 'prod');
const MINUTE = 60_000;

const none: Partial<Activities> = { record: () => Promise.resolve() };
const running: RunningWorkers[] = [];

async function work(share: { readonly main: boolean; readonly queues: readonly string[] }): Promise<RunningWorkers> {
  const workers = await runWorkers({
    temporal: { address: temporal().address, namespace: 'default', options: {} },
    activities: none as Activities,
    ...share,
    workflows: { workflowBundle: { codePath: process.env.TIDEGATE_TEST_BUNDLE ?? '' } },
    ...{ versioning: null, tracing: null },
  });
  running.push(workers);
  return workers;
}

afterAll(() => Promise.all(running.map((workers) => workers.stop())));

test('a train that nobody will take is seen before its slot: since when PROD has no worker, and that it has one again', async () => {
  let later = 0;
  const queues = createQueues(temporal().client, () => Date.now() + later);
  const first = await queues.idleSince(QUEUE);
  expect(first).not.toBeNull();
  const workers = await work({ main: false, queues: [QUEUE] });
  await eventually(
    () => createQueues(temporal().client).idleSince(QUEUE),
    (since) => since === null,
  );
  await workers.stop();
  running.splice(0);
  later = 10 * MINUTE;
  const since = await queues.idleSince(QUEUE);
  expect(since).not.toBeNull();
  expect(since).toBeLessThan(Date.now() + later);
});

test('a run that no worker can go on with is named, so that an operator finds it before the person who waits does', async () => {
  const { client } = temporal();
  expect(await stuckRuns(client)).toEqual([]);
  await work({ main: true, queues: [] });
  // An order that is none: the code of the workflow throws at it each time.
  const workflowId = deploymentWorkflowId('shop', 'prod', 'shop-prod-9');
  await client.workflow.start('deploymentWorkflow', { workflowId, taskQueue: MAIN_QUEUE, args: [null] });
  const stuck = await eventually(
    () => stuckRuns(client),
    (runs) => runs.length > 0,
  );
  expect(stuck.map(({ id }) => id)).toEqual([workflowId]);
  await client.workflow.getHandle(workflowId).terminate();
});
