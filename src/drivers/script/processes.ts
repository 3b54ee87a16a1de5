/** Processes by identity (pid, start time, boot) and by session, because a pid alone may be someone else's by now. */
import { readFile, readdir, readlink } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { TidegateFailure } from '../../domain/failures';

export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks since boot from /proc, or the start date where there is no /proc; `-` when unknown. */
  readonly start: string;
  readonly boot: string;
}

/** Reads `<pid> <start> <boot>` as the runner writes it; null for anything else. */
export function parseIdentity(text: string): ProcessIdentity | null {
  const [pid, start, boot] = text.trim().split(' ');
  const number = Number(pid);
  if (!Number.isSafeInteger(number) || number <= 1 || !start || !boot) return null;
  return { pid: number, start, boot };
}

interface ProcessFacts {
  readonly state: string;
  readonly group: number;
  readonly session: number;
  readonly start: string;
}

/** The part of /proc/<pid>/stat after the command name, which may itself hold spaces and parentheses. */
async function facts(pid: number): Promise<ProcessFacts | null> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
  if (stat === null) return null;
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { state: fields[0] ?? 'X', group: Number(fields[2]), session: Number(fields[3]), start: fields[19] ?? '-' };
}

const hasProc = (): boolean => process.platform === 'linux';
const isDead = (state: string): boolean => state === 'Z' || state === 'X';

let knownBoot: string | undefined;
function bootId(): string {
  knownBoot ??= readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  return knownBoot;
}

function answersToSignal(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Whether exactly this process still runs. A zombie does not: it only waits to be collected. */
export async function isAlive(who: ProcessIdentity | null): Promise<boolean> {
  if (who === null) return false;
  if (!hasProc()) return answersToSignal(who.pid);
  if (who.boot !== bootId()) return false;
  const now = await facts(who.pid);
  return now !== null && !isDead(now.state) && now.start === who.start;
}

/** What every process of a deploy script inherits, and nobody else has. */
const MARK = 'TIDEGATE_DEPLOYMENT_ID=';

async function isMarked(pid: number): Promise<boolean> {
  return (await readFile(`/proc/${pid}/environ`, 'latin1').catch(() => ''))
    .split('\0')
    .some((one) => one.startsWith(MARK));
}

/**
 * Living processes of the session or group that `leader` began. Its number cannot be given to another process while a
 * member lives; when it has been, nothing of ours is left. Once the leader is gone, its number may have belonged to a
 * stranger who is gone too and left processes of his own: then only those count that a deploy script can have started.
 */
export async function sessionMembers(leader: ProcessIdentity): Promise<readonly number[]> {
  if (!hasProc()) return answersToSignal(-leader.pid) ? [-leader.pid] : [];
  if (leader.boot !== bootId()) return [];
  const present = await facts(leader.pid);
  if (present !== null && present.start !== leader.start) return [];
  const found: number[] = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const one = await facts(Number(name));
    if (one === null || isDead(one.state)) continue;
    if (one.session !== leader.pid && one.group !== leader.pid) continue;
    if (present !== null || (await isMarked(Number(name)))) found.push(Number(name));
  }
  return found;
}

function signalAll(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch {
      // It ended between the look and the signal: that is what we want.
    }
  }
}

/** After SIGKILL only a process stuck in the kernel stays; then a person must look. */
const KILL_PATIENCE_MS = 60_000;
const LOOK_EVERY_MS = 50;

async function gone(leader: ProcessIdentity, withinMs: number): Promise<boolean> {
  for (let waited = 0; waited <= withinMs; waited += LOOK_EVERY_MS) {
    if ((await sessionMembers(leader)).length === 0) return true;
    await sleep(LOOK_EVERY_MS);
  }
  return false;
}

/**
 * Ends every process of a session: SIGTERM, `graceMs`, SIGKILL (4-interfaces §3). Returns when none is left.
 * @throws Unknown when a process survives SIGKILL for a minute
 */
export async function endSession(leader: ProcessIdentity, graceMs: number): Promise<void> {
  signalAll(await sessionMembers(leader), 'SIGTERM');
  if (await gone(leader, graceMs)) return;
  for (let waited = 0; waited < KILL_PATIENCE_MS; waited += 1_000) {
    signalAll(await sessionMembers(leader), 'SIGKILL');
    if (await gone(leader, 1_000)) return;
  }
  const left = await sessionMembers(leader);
  throw new TidegateFailure(
    'Unknown',
    `Processes ${left.join(', ')} of the deploy script do not end, not even by SIGKILL. Look at them on this host (ps -o pid,stat,wchan,args -p ${left.join(',')}) and retry when they are gone.`,
    { pids: left },
  );
}

/** Folders in which a living process works; empty where the system does not tell. */
export async function workingFolders(): Promise<ReadonlySet<string>> {
  if (!hasProc()) return new Set();
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const folders = await Promise.all(pids.map((pid) => readlink(`/proc/${pid}/cwd`).catch(() => null)));
  return new Set(folders.filter((folder) => folder !== null));
}
