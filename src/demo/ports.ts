import { readFile, writeFile } from 'node:fs/promises';
import { freePort } from '../temporal/ports';
import type { DemoPaths } from './paths';

export interface DemoPorts {
  readonly api: number;
  readonly uat: number;
  readonly prod: number;
}

const FIRST_CHOICE: DemoPorts = { api: 4100, uat: 4101, prod: 4102 };
const LOOK_AHEAD = 200;

async function nextFree(wanted: number, taken: readonly number[]): Promise<number> {
  for (let port = wanted; port < wanted + LOOK_AHEAD; port += 1) {
    if (!taken.includes(port) && (await freePort(port)) === port) return port;
  }
  return freePort(null);
}

async function lastTime(paths: DemoPaths): Promise<DemoPorts> {
  try {
    return { ...FIRST_CHOICE, ...(JSON.parse(await readFile(paths.ports, 'utf8')) as Partial<DemoPorts>) };
  } catch {
    return FIRST_CHOICE;
  }
}

/**
 * The ports of last time, so that links stay the same; one that somebody else has taken moves on to the next free, and
 * `say` tells. `isOurs` names those that a shop of ours, still running, holds itself.
 */
export async function choosePorts(
  paths: DemoPaths,
  isOurs: (name: keyof DemoPorts, port: number) => Promise<boolean>,
  say: (line: string) => void,
): Promise<DemoPorts> {
  const wanted = await lastTime(paths);
  const chosen = { ...wanted };
  const taken: number[] = [];
  for (const name of ['uat', 'prod', 'api'] as const) {
    const ours = await isOurs(name, wanted[name]);
    chosen[name] = ours ? wanted[name] : await nextFree(wanted[name], taken);
    taken.push(chosen[name]);
    if (chosen[name] !== wanted[name]) say(`Port ${wanted[name]} is taken; ${name} moves to ${chosen[name]}.`);
  }
  await writeFile(paths.ports, `${JSON.stringify(chosen)}\n`);
  return chosen;
}
