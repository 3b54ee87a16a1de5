/**
 * A lane: servers of its own, and one case after another on them. It runs in network and process namespaces of its own
 * where the kernel allows it, so that nothing it started can outlive it or be met by another lane.
 */
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { runCase } from './case';
import { createCrew, type Crew } from './crew';
import type { FromLane, LanePlan, ToLane } from './messages';
import { makeWorld, type World } from './world';

interface Lane {
  readonly plan: LanePlan;
  readonly world: World;
  readonly crew: Crew;
}

let lane: Lane | null = null;

const say = (message: FromLane): Promise<void> =>
  new Promise((resolve) => {
    if (process.send) process.send(message, () => resolve());
    else resolve();
  });

async function open(plan: LanePlan): Promise<FromLane> {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  const world = await makeWorld(plan.folder, plan.cli, plan.ledger);
  lane = { plan, world, crew: createCrew(plan.folder, process.env) };
  return { ready: true };
}

async function close(): Promise<never> {
  await lane?.crew.close();
  await lane?.world.close();
  process.exit(0);
}

async function handle(message: ToLane): Promise<void> {
  if ('end' in message) return close();
  if ('plan' in message) return say(await open(message.plan));
  if (lane === null) throw new Error('the lane has no servers yet');
  const { world, crew, plan } = lane;
  const spec = message.run;
  return say({ result: await runCase({ spec, world, crew, bundle: plan.bundle }) });
}

process.on('message', (message: ToLane) => {
  handle(message).catch(async (error: unknown) => {
    await say({ failed: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    process.exit(1);
  });
});
process.once('disconnect', () => void close());
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void close());
