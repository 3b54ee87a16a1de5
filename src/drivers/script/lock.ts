/** The tools behind an environment's lock, and giving back a lock whose owner left nothing but a stranger holding it. */
import { spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';
import { TidegateFailure } from '../../domain/failures';
import { readIfThere, type Job } from './job';
import { BREAKER, HOLDER_FILE } from './runner';

export interface LockTools {
  readonly flock: string | null;
  readonly setsid: string | null;
}

async function findProgram(name: string, path: string): Promise<string | null> {
  for (const folder of path.split(delimiter).filter(isAbsolute)) {
    const found = await access(join(folder, name), constants.X_OK).then(
      () => true,
      () => false,
    );
    if (found) return join(folder, name);
  }
  return null;
}

/** Looked up once by absolute path: an environment file may change PATH, but never the lock. */
export async function findLockTools(path: string): Promise<LockTools> {
  return { flock: await findProgram('flock', path), setsid: await findProgram('setsid', path) };
}

/** Whether this host can lock an environment (util-linux `flock` and `setsid` on PATH); `doctor` asks this. */
export async function lockAvailable(path: string): Promise<boolean> {
  const { flock, setsid } = await findLockTools(path);
  return flock !== null && setsid !== null;
}

/** Folder of the job that took the lock last, or null. */
export async function lockHolder(base: string): Promise<string | null> {
  return (await readIfThere(join(base, HOLDER_FILE)))?.trim() ?? null;
}

/**
 * Frees the lock of a job of which no process is left but one that left its session (a service it started) and still
 * has the lock open. Does nothing when the lock is free or belongs to another job. @throws Unavailable
 */
export async function breakLock(job: Job, flock: string): Promise<void> {
  const code = await new Promise<number | null>((resolve, reject) => {
    spawn('/bin/sh', ['-c', BREAKER, 'tidegate-breaker', job.base, job.folder, flock], { stdio: 'ignore' })
      .on('error', reject)
      .on('exit', resolve);
  });
  if (code === 0) return;
  throw new TidegateFailure(
    'Unavailable',
    `The lock in ${job.base} cannot be given back. Look at that folder's rights.`,
  );
}
