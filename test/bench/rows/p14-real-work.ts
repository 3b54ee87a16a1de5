/** P14: deploys that take their time, on two environments at once; what does Tidegate add to the scripts? */
import { spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { compare, type Side } from '../pairs';
import { requestNow } from '../product/approved';
import { startProduct, type Product } from '../product/product';
import { SCRIPT, writeScript } from '../product/script';
import { atMost, type Ground, type Line } from '../row';

const ENVIRONMENTS = ['uat', 'prod'];
const LOOK_EVERY_MS = 50;
const PATIENCE_MS = 20 * 60_000;
const SINK = 'p14-sink';

export async function realWork({ site, bundle, quick, pairs }: Ground): Promise<readonly Line[]> {
  const [seconds, deploys] = quick ? [2, 2] : [15, 4];
  const options = { service: 'p14', bundle, slotMs: 1_000, watchMs: 1, oneByOne: true, scriptSeconds: seconds };
  const product = await startProduct(site, options);
  await product.client.workflow.start('nobody', { workflowId: SINK, taskQueue: 'nobody' });
  const loopFolder = join(site.folder, 'p14-loop');
  await mkdir(loopFolder);
  await writeScript(loopFolder, loopFolder, seconds);
  const count = deploys * ENVIRONMENTS.length;
  const ours: Side = {
    name: 'product',
    processes: () => [...site.processes(), product.worker.pid],
    run: () => byProduct(product, deploys),
  };
  const theirs: Side = { name: 'loop', processes: () => site.processes(), run: () => byLoop(loopFolder, deploys) };
  try {
    const [comparison = null] = await compare(ours, [theirs], Math.min(pairs, 2), count);
    return [
      {
        what: `${deploys} deploys of ${seconds} s to each of ${ENVIRONMENTS.length} environments`,
        against: 'the same scripts in a loop',
        comparison,
        unit: 'makespan, ms',
        goals: [atMost('makespan', comparison?.figure.median ?? NaN, 1.05)],
      },
    ];
  } finally {
    await product.stop();
  }
}

let round = 0;

async function byProduct(product: Product, deploys: number) {
  round += 1;
  const before = await product.events('environment.arrived');
  const expected = deploys * ENVIRONMENTS.length;
  for (const [place, env] of ENVIRONMENTS.entries()) {
    for (let at = 0; at < deploys; at += 1) {
      await requestNow(product, env, String(round * 1_000 + place * 100 + at), SINK);
    }
  }
  const arrived = async () => (await product.events('environment.arrived')) - before;
  for (const giveUpAt = Date.now() + PATIENCE_MS; (await arrived()) < expected && Date.now() < giveUpAt;) {
    await sleep(LOOK_EVERY_MS);
  }
  return { outcomes: await arrived() };
}

async function byLoop(folder: string, deploys: number) {
  const lines = await Promise.all(ENVIRONMENTS.map((env) => oneAfterTheOther(folder, env, deploys)));
  return { outcomes: lines.reduce((sum, done) => sum + done, 0) };
}

async function oneAfterTheOther(folder: string, env: string, deploys: number): Promise<number> {
  let done = 0;
  for (let at = 0; at < deploys; at += 1) {
    const target = { TIDEGATE_ENV: env, TIDEGATE_VERSION: '1.4.3', TIDEGATE_SHA: 'b'.repeat(40) };
    const child = spawn(join(folder, SCRIPT), [], {
      stdio: 'ignore',
      env: { PATH: process.env.PATH, ...target, TIDEGATE_DEPLOYMENT_ID: `loop-${env}-${at}` },
    });
    if ((await new Promise((resolve) => child.once('exit', resolve))) === 0) done += 1;
  }
  return done;
}
