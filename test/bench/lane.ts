/** A way from report to production: the product's, the floor's and DBOS's have the same steps, so that they can be raced. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Child } from './child';

export interface Timing {
  /** A slot of either kind every so often. */
  readonly slotMs: number;
  readonly watchMs: number;
}

export interface Lane {
  readonly name: string;
  worker: Child;
  /** Reports a bug; answers its id. */
  report(): Promise<string>;
  /** Answers when the decision is taken and in the record. */
  decide(bug: string, verb: 'confirm' | 'approve'): Promise<void>;
  inStatus(status: 'submitted' | 'deployed_uat' | 'deployed_prod'): Promise<readonly string[]>;
  /** Ends the worker's process and starts another, as a service manager would. */
  again(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  stop(): Promise<void>;
}

const LOOK_EVERY_MS = 50;
/** A run that does not come to its end is void, not eternal. */
const PATIENCE_MS = 10 * 60_000;

/** Waits until all of these are in the status. @throws Error after ten minutes */
export async function until(
  lane: Lane,
  status: Parameters<Lane['inStatus']>[0],
  bugs: readonly string[],
): Promise<void> {
  for (const giveUpAt = Date.now() + PATIENCE_MS; ; await sleep(LOOK_EVERY_MS)) {
    const there = new Set(await lane.inStatus(status));
    if (bugs.every((bug) => there.has(bug))) return;
    const missing = bugs.filter((bug) => !there.has(bug));
    if (Date.now() > giveUpAt)
      throw new Error(`${lane.name}: ${missing.length} bugs never were ${status}, ${missing[0] ?? ''} for one; void`);
  }
}

/** Hands the items to so many people at once. */
export async function crowd<T>(items: readonly T[], atOnce: number, work: (item: T) => Promise<void>): Promise<void> {
  const left = items.values();
  const one = async (): Promise<void> => {
    for (const item of left) await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, one));
}

/** People of a release night are many hands. */
const HANDS = 32;

export async function reportAll(lane: Lane, bugs: number): Promise<readonly string[]> {
  const ids: string[] = [];
  await crowd(Array.from({ length: bugs }), HANDS, async () => void ids.push(await lane.report()));
  return ids;
}

export const decideAll = (lane: Lane, bugs: readonly string[], verb: 'confirm' | 'approve'): Promise<void> =>
  crowd(bugs, HANDS, (bug) => lane.decide(bug, verb));

/** The first instruction of the next deployment from now on: when, by the worker's clock, which is ours. */
export function nextAct(lane: Lane): Promise<number> {
  return new Promise((resolve) => {
    const off = lane.worker.onMessage((message) => {
      const { act, at } = message as { act?: string; at?: number };
      if (act === undefined || at === undefined) return;
      off();
      resolve(at);
    });
  });
}
