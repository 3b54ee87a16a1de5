/** The worker processes of a case. One more stands by, loaded already, so that a killed one is soon replaced. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import type { Moment } from './points';
import type { FromWorker, ToWorker, WorkerPlan } from './worker-plan';

export interface WorkerProcess {
  readonly pid: number;
  /** Settles when it polls its queues; rejects when it ends before. */
  readonly up: Promise<void>;
  /** Settles when it halts where it was told to. */
  readonly reached: Promise<Moment>;
  /** Why it did not start; settles only then. */
  readonly failed: Promise<string>;
  readonly ended: Promise<void>;
  /** Whether it was we who told it to end. */
  readonly wasSignalled: () => boolean;
  readonly wasUp: () => boolean;
  go(): void;
  signal(name: NodeJS.Signals): void;
}

export interface Crew {
  /** Starts a worker by this plan; it takes the one that stands by. */
  start(plan: WorkerPlan): WorkerProcess;
  /** Kills what a case left. */
  clear(): Promise<void>;
  close(): Promise<void>;
}

interface Standby {
  readonly child: ChildProcess;
  readonly ended: Promise<void>;
}

const CHILD = [join(__dirname, '../support/run-typescript.cjs'), require.resolve('./worker-child')];

export function createCrew(folder: string, environment: NodeJS.ProcessEnv): Crew {
  let standby: Standby | null = null;
  const working = new Set<Standby>();

  function load(): Standby {
    const log = openSync(join(folder, 'workers.err'), 'a');
    try {
      const child = spawn(process.execPath, CHILD, { env: environment, stdio: ['ignore', log, log, 'ipc'] });
      return { child, ended: new Promise((resolve) => child.once('exit', () => resolve())) };
    } finally {
      closeSync(log);
    }
  }

  return {
    start(plan) {
      const mine = standby ?? load();
      standby = load();
      working.add(mine);
      void mine.ended.then(() => working.delete(mine));
      return begin(mine, plan);
    },
    async clear() {
      const left = [...working];
      for (const { child } of left) child.kill('SIGKILL');
      await Promise.all(left.map(({ ended }) => ended));
    },
    async close() {
      await this.clear();
      standby?.child.kill('SIGKILL');
      await standby?.ended;
    },
  };
}

function begin({ child, ended }: Standby, plan: WorkerPlan): WorkerProcess {
  const send = (message: ToWorker): void => {
    if (child.connected) child.send(message);
  };
  const heard = <T>(read: (message: FromWorker) => T | undefined): Promise<T> =>
    new Promise((resolve) => {
      child.on('message', (message: FromWorker) => {
        const value = read(message);
        if (value !== undefined) resolve(value);
      });
    });
  let isUp = false;
  let signalled = false;
  const up = heard((message) => ('up' in message ? (isUp = true) : undefined));
  const failed = heard((message) => ('failed' in message ? message.failed : undefined));
  const reached = heard((message) => ('reached' in message ? message.reached : undefined));
  send({ start: plan });
  const early = ended.then(() => Promise.reject(new Error('the worker ended before it was up')));
  const problem = failed.then((why) => Promise.reject(new Error(`the worker did not start: ${why}`)));
  const ready = Promise.race([up.then(() => undefined), early, problem]);
  ready.catch(() => undefined); // a worker may be killed while it starts: whoever waits for it hears of it
  return {
    pid: child.pid ?? 0,
    ...{ up: ready, reached, failed, ended },
    wasSignalled: () => signalled,
    wasUp: () => isUp,
    go: () => send({ go: true }),
    signal(name) {
      signalled ||= name === 'SIGKILL' || name === 'SIGTERM';
      child.kill(name);
    },
  };
}
