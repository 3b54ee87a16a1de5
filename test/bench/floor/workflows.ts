/**
 * The floor: the least that could do a Flow 1 bug on Temporal at all. The same gates, slots, trains, side effects and
 * records; no rules, no refusals, no checks, no views. Written by hand, so that the product's price can be seen.
 */
import {
  condition,
  continueAsNew,
  defineSignal,
  defineUpdate,
  getExternalWorkflowHandle,
  proxyActivities,
  proxyLocalActivities,
  setHandler,
  sleep,
  workflowInfo,
} from '@temporalio/workflow';

export interface FloorActivities {
  record(bug: string, status: string): Promise<void>;
  analyse(bug: string): Promise<void>;
  /** One stage of a deployment: preflight, candidate, execute, smoke, watch, commit. */
  stage(deployment: string, stage: string): Promise<void>;
}

export interface FloorInput {
  readonly bug: string;
  readonly service: string;
  readonly slotMs: number;
  readonly records: 'regular' | 'local';
}

export const decide = defineUpdate<string, [string]>('decide');
export const board = defineSignal<[string]>('board');
export const arrived = defineSignal<[string]>('arrived');

const remote = proxyActivities<FloorActivities>({ startToCloseTimeout: '1m' });
const local = proxyLocalActivities<Pick<FloorActivities, 'record'>>({ startToCloseTimeout: '10s' });

export const trainId = (service: string, env: string): string => `floor-train/${service}/${env}`;
export const bugId = (service: string, bug: string): string => `floor-bug/${service}/${bug}`;

export async function floorBug({ bug, service, slotMs, records }: FloorInput): Promise<void> {
  const record = (status: string): Promise<void> => (records === 'local' ? local : remote).record(bug, status);
  const said = new Set<string>();
  const reached = new Set<string>();
  setHandler(decide, async (verb) => {
    said.add(verb);
    await record(verb);
    return verb;
  });
  setHandler(arrived, (env) => void reached.add(env));
  const ride = async (env: string): Promise<void> => {
    await getExternalWorkflowHandle(trainId(service, env)).signal(board, workflowInfo().workflowId);
    await condition(() => reached.has(env));
    await record(`deployed_${env}`);
  };

  await record('submitted');
  await condition(() => said.has('confirm'));
  await sleep(slotMs - (Date.now() % slotMs));
  await remote.analyse(bug);
  await record('planned');
  await ride('uat');
  await condition(() => said.has('approve'));
  await ride('prod');
}

/** P4: a bug that only waits for its train. */
export async function floorRider(bug: string, service: string): Promise<void> {
  let here = false;
  setHandler(arrived, () => void (here = true));
  await getExternalWorkflowHandle(trainId(service, 'prod')).signal(board, workflowInfo().workflowId);
  await condition(() => here);
  await local.record(bug, 'deployed_prod');
}

const STAGES = ['preflight', 'candidate', 'execute', 'smoke', 'watch', 'commit'] as const;

/** P6: one deployment after the other through one run, each asked for by a signal and told to whoever asked. */
export async function floorQueue(env: string, number = 0): Promise<never> {
  const waiting: string[] = [];
  setHandler(board, (asker) => void waiting.push(asker));
  for (;;) {
    await condition(() => waiting.length > 0);
    const asker = waiting.shift() ?? '';
    number += 1;
    for (const stage of STAGES) await remote.stage(`${env}-${number}`, stage);
    await getExternalWorkflowHandle(asker).signal(arrived, env);
    await local.record(`${env}-${number}`, 'released');
    if (workflowInfo().continueAsNewSuggested && waiting.length === 0) break;
  }
  return continueAsNew<typeof floorQueue>(env, number);
}

export async function floorTrain(env: string, slotMs: number, number = 0): Promise<never> {
  const waiting: string[] = [];
  setHandler(board, (bug) => void waiting.push(bug));
  for (;;) {
    await condition(() => waiting.length > 0);
    if (workflowInfo().continueAsNewSuggested && waiting.length === 0) break;
    await sleep(slotMs - (Date.now() % slotMs));
    const aboard = waiting.splice(0);
    number += 1;
    for (const stage of STAGES) await remote.stage(`${env}-${number}`, stage);
    await Promise.all(aboard.map((bug) => getExternalWorkflowHandle(bug).signal(arrived, env)));
  }
  return continueAsNew<typeof floorTrain>(env, slotMs, number);
}
