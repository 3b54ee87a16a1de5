/** A worker's part in a deployment, in a process that a test can kill: acts on the order given as JSON. */
import { createHooks, deployerIn, type YardPlan } from './script-yard';
import type { DeployOrder } from '../../src/ports/deployer';

const { plan, order } = JSON.parse(process.argv[3] ?? '{}') as { plan: YardPlan; order: DeployOrder };

void deployerIn(plan).act(order, createHooks());
