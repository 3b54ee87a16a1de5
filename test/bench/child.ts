/** A side's worker in a process of its own, so that its CPU and its end are its own. */
import { fork } from 'node:child_process';
import { join } from 'node:path';

const RUN_TYPESCRIPT = join(__dirname, '../support/run-typescript.cjs');

const workers = new Set<number>();

/** Whether a child of this process is a side's own; the others are the ground's. */
export const isWorker = (pid: number): boolean => workers.has(pid);

export interface Child {
  readonly pid: number;
  /** What it said when it was up. */
  readonly up: unknown;
  /** Calls `heard` for everything that comes from now on; answers how to stop listening. */
  onMessage(heard: (message: unknown) => void): () => void;
  send(message: object): void;
  /** Asks it to end, or ends it, and waits until it is gone. */
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>;
}

/**
 * Starts `file` with its plan as its argument; answers once it has said `{ up: … }`. With TIDEGATE_BENCH_PROFILE set to
 * a folder, a CPU profile of each child is left there.
 * @throws Error when it ends before that
 */
export async function startChild(file: string, plan: object): Promise<Child> {
  const profiles = process.env.TIDEGATE_BENCH_PROFILE;
  const child = fork(RUN_TYPESCRIPT, [file, JSON.stringify(plan)], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    execArgv: profiles ? ['--cpu-prof', `--cpu-prof-dir=${profiles}`] : [],
  });
  child.setMaxListeners(0); // many wait for their own answer
  if (child.pid !== undefined) workers.add(child.pid);
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const up = await new Promise<unknown>((resolve, reject) => {
    child.on('message', (message: { up?: unknown }) => {
      if (message.up !== undefined) resolve(message.up);
    });
    void ended.then(() => reject(new Error(`${file} ended before it was up`)));
  });
  return {
    pid: child.pid ?? 0,
    up,
    onMessage(heard) {
      child.on('message', heard);
      return () => void child.off('message', heard);
    },
    send: (message) => void child.send(message),
    async end(signal) {
      child.kill(signal);
      await ended;
    },
  };
}
