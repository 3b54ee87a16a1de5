/** Short questions to a script (`--check`, `--status`): they change nothing, so they need no runner and no lock. */
import { spawn } from 'node:child_process';
import type { Variables } from './environment';

export interface ShortRun {
  /** Null when it was ended by the time limit or by a signal. */
  readonly code: number | null;
  readonly timedOut: boolean;
  /** Beginning of stdout and stderr together. */
  readonly output: string;
}

export interface ShortRunOptions {
  readonly folder: string;
  readonly variables: Variables;
  readonly timeoutMs: number;
}

const MAX_OUTPUT_BYTES = 65_536;
/** How long after a program's end its output is still read. */
const LAST_WORDS_MS = 250;

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // Nothing of the group is left.
  }
}

/** Runs a program in a group of its own, of which nothing is left afterwards. Never throws. */
export function runShort(program: string, args: readonly string[], options: ShortRunOptions): Promise<ShortRun> {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd: options.folder,
      env: options.variables,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const chunks: Buffer[] = [];
    let size = 0;
    let timedOut = false;
    const collect = (chunk: Buffer): void => {
      if (size < MAX_OUTPUT_BYTES) chunks.push(chunk.subarray(0, MAX_OUTPUT_BYTES - size));
      size += chunk.length;
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    const limit = setTimeout(() => {
      timedOut = true;
      killGroup(child.pid);
    }, options.timeoutMs);
    const done = (code: number | null, output: string): void => {
      clearTimeout(limit);
      resolve({ code: timedOut ? null : code, timedOut, output });
    };
    child.on('error', (error: NodeJS.ErrnoException) => done(error.code === 'ENOENT' ? 127 : 126, error.message));
    // Whatever the program left running would keep its output open, so it is ended before the output is complete; what
    // left its group is not ours to end, and is not waited for.
    child.on('exit', () => {
      killGroup(child.pid);
      setTimeout(() => [child.stdout, child.stderr].forEach((stream) => stream.destroy()), LAST_WORDS_MS);
    });
    child.on('close', (code) => done(code, Buffer.concat(chunks).toString('utf8')));
  });
}
