/** Faults of our own processes: killed, stopped, restarted (F1 to F5). */
import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import type { CaseContext } from '../context';
import { processesNaming, signalAll } from '../processes';
import { arrival, letGo, prepareAtPoint } from '../strikes';
import type { Fault } from './index';

/** A candidate that is broken on purpose goes back; nothing else may. */
export const RELEASED_OR_BACK = ['Released', 'Rolled-Back'] as const;

async function workerKill(context: CaseContext): Promise<boolean> {
  if (!(await arrival(context))) return false;
  const dead = context.worker();
  dead.signal('SIGKILL');
  await dead.ended;
  const next = context.startWorker();
  await next.up;
  await letGo(context, next);
  return true;
}

/** Longer than it takes until the server believes that the worker is dead. */
const PAUSE_MS = 7_000;

/** The worker and its scripts stand still while another worker takes over; then they wake up and go on. */
async function pause(context: CaseContext): Promise<boolean> {
  const { folder, say } = context;
  if (!(await arrival(context))) return false;
  const asleep = context.worker();
  const scripts = await processesNaming(join(folder.root, 'target'));
  asleep.signal('SIGSTOP');
  signalAll(scripts, 'SIGSTOP');
  say(`worker ${asleep.pid} and ${scripts.length} processes of its scripts stand still`);
  const next = context.startWorker();
  await sleep(PAUSE_MS);
  asleep.signal('SIGCONT');
  signalAll(scripts, 'SIGCONT');
  say('they wake up');
  await letGo(context, asleep);
  await next.up;
  return true;
}

async function restart(context: CaseContext): Promise<boolean> {
  if (!(await arrival(context))) return false;
  const old = context.worker();
  old.signal('SIGTERM');
  await letGo(context, old);
  const next = context.startWorker();
  await Promise.all([old.ended, next.up]);
  return true;
}

const atSteps = { strikes: 'steps', journey: 'either', allowed: RELEASED_OR_BACK, prepare: prepareAtPoint } as const;

export const processFaults: readonly Fault[] = [
  { ...atSteps, name: 'worker-kill', covers: 'F1 F2 F3', weight: 10, strike: workerKill },
  { ...atSteps, name: 'worker-pause', covers: 'F4', weight: 3, strike: pause },
  { ...atSteps, name: 'worker-restart', covers: 'F5', weight: 3, strike: restart },
];
