/** A side's worker in a process of its own, so that its CPU and its end are its own. */
import { fork, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';

const RUN_TYPESCRIPT = join(__dirname, '../support/run-typescript.cjs');

export interface Child {
  readonly pid: number;
  /** Everything it said, in order; `heard` is called for what comes later. */
  onMessage(heard: (message: unknown) => void): void;
  send(message: unknown): void;
  /** Asks it to end and waits. */
  stop(): Promise<void>;
  kill(): Promise<void>;
}

/** Starts `file` with its plan as its argument; answers once it has said `{ up: … }`. @throws when it ends before */
export async function startChild<P>(file: string, plan: P): Promise<Child & { readonly up: unknown }> {
  const child = fork(RUN_TYPESCRIPT, [file, JSON.stringify(plan)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
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
    onMessage: (heard) => void child.on('message', heard),
    send: (message) => void child.send(message as object),
    stop: () => end(child, 'SIGTERM', ended),
    kill: () => end(child, 'SIGKILL', ended),
  };
}

async function end(child: ChildProcess, signal: NodeJS.Signals, ended: Promise<void>): Promise<void> {
  child.kill(signal);
  await ended;
}
