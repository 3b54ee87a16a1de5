/** Faults of what we stand on: the Temporal server and the database (F7 to F12). */
import { setTimeout as sleep } from 'node:timers/promises';
import type { CaseContext } from '../context';
import { arrival, letGo, prepareAtPoint } from '../strikes';
import type { Fault } from './index';
import { RELEASED_OR_BACK } from './processes';

/** The server dies and comes back on its database, while timers run, updates travel and activities beat (F7, F8). */
async function serverKill(context: CaseContext): Promise<boolean> {
  const { world, random, say } = context;
  if (!(await arrival(context))) return false;
  await world.temporal.kill();
  say('Temporal is dead');
  await letGo(context, context.worker());
  await sleep(random.whole(0, 4_000));
  await world.temporal.start();
  say('Temporal is back');
  return true;
}

async function serverFreeze(context: CaseContext): Promise<boolean> {
  const { world, random, say } = context;
  if (!(await arrival(context))) return false;
  await world.temporal.freeze();
  await letGo(context, context.worker());
  await sleep(random.whole(2_000, 12_000));
  await world.temporal.thaw();
  say('Temporal goes on');
  return true;
}

/** The database dies in the middle and stays away for a while; the worker must live through it (F11, F12). */
async function databaseKill(context: CaseContext): Promise<boolean> {
  const { world, random, say } = context;
  if (world.postgres === null || !(await arrival(context))) return false;
  await world.postgres.kill();
  say('the database is dead');
  await letGo(context, context.worker());
  await sleep(random.whole(0, 6_000));
  await world.postgres.restart();
  say('the database is back');
  return true;
}

/** As when somebody makes it read-only, or it fails over: every write is refused for a while (F12). */
async function databaseReadOnly(context: CaseContext): Promise<boolean> {
  const { world, random, say } = context;
  if (world.postgres === null || !(await arrival(context))) return false;
  await world.postgres.restart({ default_transaction_read_only: 'on' });
  await letGo(context, context.worker());
  await sleep(random.whole(500, 4_000));
  await world.postgres.restart({});
  say('the database takes writes again');
  return true;
}

const atSteps = { strikes: 'steps', journey: 'either', allowed: RELEASED_OR_BACK, prepare: prepareAtPoint } as const;

export const serverFaults: readonly Fault[] = [
  { ...atSteps, name: 'server-kill', covers: 'F7 F8 F10', weight: 3, strike: serverKill },
  { ...atSteps, name: 'server-freeze', covers: 'F9', weight: 2, strike: serverFreeze },
  { ...atSteps, name: 'database-kill', covers: 'F11 F12', weight: 3, needs: 'postgres', strike: databaseKill },
  { ...atSteps, name: 'database-read-only', covers: 'F12', weight: 1, needs: 'postgres', strike: databaseReadOnly },
];
