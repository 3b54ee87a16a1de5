/** Three ways to watch for an hour: the product's activity, a poll a minute, and an activity that does nothing else. */
import { proxyActivities, sleep } from '@temporalio/workflow';
import type { Activities, WatchOrder } from '../../../src/activities';

export interface WatchActivities extends Pick<Activities, 'watchWindow'> {
  poll(deployment: string, minute: number): Promise<void>;
  watchBare(deployment: string): Promise<void>;
}

const MINUTES = 60;

const long = proxyActivities<WatchActivities>({ startToCloseTimeout: '2h', heartbeatTimeout: '15s' });
const short = proxyActivities<WatchActivities>({ startToCloseTimeout: '1m' });

export async function watchOnce(order: WatchOrder): Promise<string> {
  return (await long.watchWindow(order)).outcome;
}

export async function watchByPolls({ deployment }: WatchOrder): Promise<void> {
  for (let minute = 0; minute < MINUTES; minute += 1) {
    await short.poll(deployment, minute);
    await sleep(1);
  }
}

export async function watchBare({ deployment }: WatchOrder): Promise<void> {
  await long.watchBare(deployment);
}
