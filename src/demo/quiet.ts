import { readFile, readdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Shop } from './shop';

const PATIENCE_MS = 60_000;

/** Whether a deploy script of this stage is at work. Its processes, unlike the shop's own, know the target folder. */
async function isDeploying(shop: Shop): Promise<boolean> {
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name));
  const environments = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '')));
  return environments.some((text) => text.split('\0').includes(`TARGET=${shop.target}`));
}

/**
 * Waits until no deploy script of the stage runs: a script outlives the worker that started it, and would start the shop
 * again after it was taken down. Only Linux can tell; elsewhere nothing is waited for.
 */
export async function untilQuiet(shop: Shop): Promise<void> {
  for (const until = Date.now() + PATIENCE_MS; Date.now() < until && (await isDeploying(shop));) await sleep(200);
}
