/** Asks the API like a person would, and picks the moment in which something is killed. */
import { readFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import type { Deployment } from '../api/schemas/deployment';
import type { Environment } from '../api/schemas/environment';
import { demoPaths } from '../demo/paths';
import { tokenFile } from '../demo/people';

const LOOK_EVERY_MS = 100;
const KNOWN_WITHIN_MS = 60_000;
/** The script runs, or PROD is looked at: the worst moments. */
const IN_THE_MIDDLE: readonly Deployment['phase'][] = ['execute', 'smoke', 'watch'];

/** Reads with the demo's own token; null: no answer, or not a good one. */
export type Ask = <T>(path: string) => Promise<T | null>;

export async function asker(url: string, stateDir: string): Promise<Ask> {
  const token = (await readFile(tokenFile(demoPaths(stateDir), 'dev'), 'utf8')).trim();
  const headers = { authorization: `Bearer ${token}` };
  return async <T>(path: string) => {
    try {
      const answer = await fetch(new URL(path, url), { headers, signal: AbortSignal.timeout(5_000) });
      return answer.ok ? ((await answer.json()) as T) : null;
    } catch {
      return null;
    }
  };
}

/** Waits until it is known what every environment runs: the first bug may be confirmed a moment later (T-004). */
export async function untilKnown(ask: Ask): Promise<void> {
  for (const giveUpAt = Date.now() + KNOWN_WITHIN_MS; Date.now() < giveUpAt; await wait(LOOK_EVERY_MS)) {
    const found = await ask<{ items: readonly Environment[] }>('/v1/environments?service=shop');
    if (found && found.items.length > 0 && found.items.every(({ running }) => running !== null)) return;
  }
  throw new Error('the environments are not known after a minute: is there a worker for each of them?');
}

/** Waits for the middle of a deployment to PROD. Answers it in words; null when the product was stopped before. */
export async function middleOfDeployment(ask: Ask, signal: AbortSignal): Promise<string | null> {
  while (!signal.aborted) {
    const prod = await ask<Environment>('/v1/environments/shop/prod');
    const id = prod?.current?.deployment;
    const deployment = id === undefined ? null : await ask<Deployment>(`/v1/deployments/${id}`);
    if (deployment && IN_THE_MIDDLE.includes(deployment.phase))
      return `${deployment.id}, phase ${deployment.phase ?? '?'}`;
    await wait(LOOK_EVERY_MS);
  }
  return null;
}
