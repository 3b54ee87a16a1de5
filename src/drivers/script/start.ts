/** Starting a job: the runner is let loose, and this tells whether it got the environment. */
import { spawn, type ChildProcess } from 'node:child_process';
import { open, readFile } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { TidegateFailure } from '../../domain/failures';
import type { DeployOrder } from '../../ports/deployer';
import type { Variables } from './environment';
import { FENCE_TOOL, jobFile, makePrivateFolder, readIfThere, readJob, writeAtomic, writeOrder, type Job } from './job';
import { lockHolder, type LockTools } from './lock';
import { retireJob } from './retire';
import { RUNNER, RUNNER_BUSY, RUNNER_FENCED } from './runner';

export interface StartOrder {
  readonly job: Job;
  readonly order: DeployOrder;
  /** For sentences: `shop/prod on host-1`. */
  readonly place: string;
  readonly folder: string;
  readonly script: string;
  readonly args: readonly string[];
  readonly variables: Variables;
  /** The worker's own PATH: what the runner itself is found with. */
  readonly runnerPath: string;
  readonly killGraceMs: number;
  readonly outputCapBytes: number;
  readonly tools: LockTools;
  readonly signal: AbortSignal;
}

/** An environment file may have a PATH of its own; it is for the script, not for the runner's tools. */
function command(order: StartOrder): readonly string[] {
  const path = order.variables.PATH;
  const script = [order.script, ...order.args];
  return path === undefined || path === order.runnerPath ? script : ['/usr/bin/env', `PATH=${path}`, ...script];
}

interface Runner {
  /** Its exit code, or `running`. @throws Unavailable when it could not be started at all */
  ended(): number | 'running';
  /** Also one that is frozen, and whatever it holds. */
  kill(): void;
}

async function spawnRunner(order: StartOrder): Promise<Runner> {
  const { job, tools } = order;
  const tool = jobFile(job, 'fenceTool');
  await makePrivateFolder(dirname(tool));
  await writeAtomic(tool, await readFile(FENCE_TOOL), 0o755);
  await writeOrder(job, order.order);
  // In one step: a shell reads its script as it goes, and another runner of this job may be in the middle of it.
  await writeAtomic(jobFile(job, 'runner'), RUNNER);
  const log = await open(jobFile(job, 'runnerLog'), 'a', 0o600);
  try {
    const limits = [order.order.fence, Math.ceil(order.killGraceMs / 100), order.outputCapBytes].map(String);
    const child = spawn(
      '/bin/sh',
      [
        jobFile(job, 'runner'),
        'run',
        job.folder,
        job.base,
        ...limits,
        tools.flock ?? '-',
        tools.setsid ?? '-',
        ...command(order),
      ],
      {
        cwd: order.folder,
        env: { ...order.variables, PATH: order.runnerPath },
        // A session of its own: neither Ctrl-C nor the end of the worker reaches it.
        detached: true,
        stdio: ['ignore', log.fd, log.fd],
      },
    );
    child.unref();
    // At once: a runner that finds the environment taken is gone before the log is closed, and its end is told only once.
    return { ended: watchChild(child), kill: () => void child.kill('SIGKILL') };
  } finally {
    await log.close();
  }
}

/** The exit code of a runner that ended, `running` while it does; a runner that cannot be started at all throws. */
function watchChild(child: ChildProcess): () => number | 'running' {
  let seen: number | 'running' = 'running';
  let broken: Error | null = null;
  child.on('exit', (code, signal) => (seen = code ?? (signal === null ? 1 : 128)));
  child.on('error', (error) => (broken = error));
  return () => {
    if (broken !== null) throw new TidegateFailure('Unavailable', `The runner cannot be started: ${broken.message}.`);
    return seen;
  };
}

async function refusal(order: StartOrder, code: number): Promise<TidegateFailure> {
  const { job, place } = order;
  switch (code) {
    case RUNNER_BUSY: {
      const holder = await lockHolder(job.base);
      const who = holder === null ? 'another deployment' : basename(holder);
      return new TidegateFailure(
        'Busy',
        `${place} is locked by ${who}, of which a process still lives. Its end frees it.`,
        { holder },
      );
    }
    case RUNNER_FENCED:
      return new TidegateFailure(
        'Fenced',
        `${place} has been given to a newer deployment; number ${order.order.fence} is stale and changed nothing.`,
        { fence: order.order.fence },
      );
    default: {
      const said = ((await readIfThere(jobFile(job, 'runnerLog'))) ?? '').trim().slice(-500);
      return new TidegateFailure(
        'Unavailable',
        `The runner for ${place} ended with ${code} before the script began: ${said || 'it said nothing'}.`,
        {
          code,
        },
      );
    }
  }
}

/** An abort while the runner is on its way, perhaps frozen: whether nothing can begin any more. */
async function takenBack({ job, order, runnerPath, tools }: StartOrder, runner: Runner): Promise<boolean> {
  runner.kill();
  return retireJob(job, order.fence, { path: runnerPath, flock: tools.flock });
}

const LOOK_EVERY_MS = 10;

/**
 * Starts the script of a job once: of any number of callers, in any number of workers, one runner wins and the others
 * find the job begun. Returns when the script's first line is reached.
 * @throws Busy, Fenced, Unavailable, and the reason of an aborted signal as long as nothing has begun
 */
export async function startJob(order: StartOrder): Promise<void> {
  const runner = await spawnRunner(order);
  for (;;) {
    const ended = runner.ended();
    if ((await readJob(order.job)).state !== 'new') return;
    if (order.signal.aborted && (await takenBack(order, runner))) order.signal.throwIfAborted();
    if (ended !== 'running') throw await refusal(order, ended);
    await sleep(LOOK_EVERY_MS);
  }
}
