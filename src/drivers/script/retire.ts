/** Taking back a number: an act that never began must not begin once it was settled that nothing is touched. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { TidegateFailure } from '../../domain/failures';
import { FENCE_TOOL, makePrivateFolder, readJob, type Job } from './job';
import { lockHolder } from './lock';
import { RUNNER_FENCED } from './runner';

export interface RetireOptions {
  /** Where the fence tool finds its own tools. */
  readonly path: string;
  readonly flock: string | null;
}

function exitOf(program: string, args: readonly string[], env: Readonly<Record<string, string>>): Promise<number> {
  return new Promise((resolve, reject) => {
    spawn(program, args, { env, stdio: 'ignore' })
      .on('error', reject)
      .on('exit', (code) => resolve(code ?? 1));
  });
}

/** A runner that is through, or the script that it was about to name, still has the lock. */
async function hasLock(job: Job, { flock, path }: RetireOptions): Promise<boolean> {
  if (flock === null || (await lockHolder(job.base)) !== job.folder) return false;
  return (await exitOf(flock, ['-n', join(job.base, 'lock'), '/bin/true'], { PATH: path })) !== 0;
}

/**
 * Raises the fence of the environment beyond a number, under its gate: a runner with that number is refused from now on.
 * False when the job has begun all the same. @throws Unavailable when the fence cannot be raised
 */
export async function retireJob(job: Job, fence: number, options: RetireOptions): Promise<boolean> {
  await makePrivateFolder(job.base);
  const variables = { PATH: options.path, TIDEGATE_STATE: job.base, TIDEGATE_FENCE: String(fence + 1) };
  const code = await exitOf('/bin/sh', [FENCE_TOOL], variables);
  if (code !== 0 && code !== RUNNER_FENCED) {
    throw new TidegateFailure(
      'Unavailable',
      `Number ${fence} in ${job.base} cannot be taken back (tidegate-fence ended with ${code}): a runner may be frozen in its gate, or the disk be full. It is tried again.`,
    );
  }
  return (await readJob(job)).state === 'new' && !(await hasLock(job, options));
}
