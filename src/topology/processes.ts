/** The process table, as far as it takes to leave nothing over when a server is killed. */
import type { ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';

const END_LIMIT_MS = 10_000;

export const hasEnded = (child: ChildProcess): boolean =>
  child.pid === undefined || child.exitCode !== null || child.signalCode !== null;

export async function untilEnded(child: ChildProcess): Promise<void> {
  if (!hasEnded(child)) await new Promise<void>((ended) => child.once('exit', () => ended()));
}

/** Direct children; none where there is no /proc: there they notice by themselves that their server is gone. */
export function childrenOf(parent: number): readonly number[] {
  try {
    const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
    return pids.map(Number).filter((pid) => parentOf(pid) === parent);
  } catch {
    return [];
  }
}

/** SIGKILL, and wait until none of them is left. */
export async function endAll(pids: readonly number[]): Promise<void> {
  for (const pid of pids) signal(pid, 'SIGKILL');
  for (const giveUpAt = Date.now() + END_LIMIT_MS; pids.some(isAlive) && Date.now() < giveUpAt;) await wait(5);
}

/** Field 4 of /proc/<pid>/stat; field 2 is a name in parentheses that may hold anything. */
function parentOf(pid: number): number | null {
  const stat = statOf(pid);
  return stat === null ? null : Number(stat[1]);
}

/** A zombie has ended; only its parent has not asked yet. */
const isAlive = (pid: number): boolean => {
  const stat = statOf(pid);
  return stat !== null && stat[0] !== 'Z';
};

function statOf(pid: number): readonly string[] | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return null;
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // already gone
  }
}
