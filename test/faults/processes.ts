/** Processes of this host, or of our own process namespace, found by what they say of themselves in /proc. */
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Found {
  readonly pid: number;
  readonly command: string;
}

/** Processes whose command line or environment names this text; never ourselves, never a zombie. */
export async function processesNaming(text: string): Promise<readonly Found[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const found = await Promise.all(pids.map((pid) => naming(pid, text)));
  return found.flat();
}

async function naming(pid: number, text: string): Promise<readonly Found[]> {
  if (pid === process.pid) return [];
  const read = (name: string): Promise<string> => readFile(`/proc/${pid}/${name}`, 'utf8').catch(() => '');
  const [command, variables, stat] = await Promise.all([read('cmdline'), read('environ'), read('stat')]);
  const state = stat.slice(stat.lastIndexOf(')') + 2)[0];
  if (state === undefined || 'ZX'.includes(state)) return [];
  return command.includes(text) || variables.includes(text) ? [{ pid, command: command.replaceAll('\0', ' ') }] : [];
}

/** Sends a signal to each; one that has ended meanwhile is what we want. */
export function signalAll(found: readonly Found[], signal: NodeJS.Signals): void {
  for (const { pid } of found) {
    try {
      process.kill(pid, signal);
    } catch {
      // gone
    }
  }
}

/** Those that are still there after a moment: the others were about to end. */
export async function lasting(text: string, patienceMs: number): Promise<readonly Found[]> {
  for (let waited = 0; ; waited += 50) {
    const found = await processesNaming(text);
    if (found.length === 0 || waited >= patienceMs) return found;
    await sleep(50);
  }
}
