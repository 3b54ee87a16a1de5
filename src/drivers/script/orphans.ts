/** Scripts that nobody may be following any more: found by their files, known by their identity (6-faults E4). */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { UnfinishedAct } from '../../ports/deployer';
import { endJob, settleLost, type FollowOptions } from './follow';
import { jobFile, jobsFolder, readIdentity, readJob, readOrder, type Ended, type Job, type JobOrder } from './job';
import { lockHolder } from './lock';
import { sessionMembers } from './processes';

type Ending = Pick<FollowOptions, 'killGraceMs' | 'flock'>;

/** Whoever follows a script ends it at its limit; this much later nobody follows it. */
const UNFOLLOWED_MS = 60_000;

async function endsBy(job: Job, { timeoutMs }: JobOrder): Promise<number> {
  const began = await stat(jobFile(job, 'script')).catch(() => stat(jobFile(job, 'order')));
  return began.mtimeMs + timeoutMs + UNFOLLOWED_MS;
}

async function isUnfinished(job: Job): Promise<boolean> {
  const { state } = await readJob(job);
  if (state !== 'lost') return state === 'running';
  const script = await readIdentity(job, 'script');
  return script !== null && (await sessionMembers(script)).length > 0;
}

/** The acts of an environment on this host of which a process lives; none after a restart of the machine. */
export async function unfinishedJobs(base: string): Promise<readonly UnfinishedAct[]> {
  const names = await readdir(jobsFolder(base)).catch(() => []);
  const found = await Promise.all(
    names.map(async (name): Promise<readonly UnfinishedAct[]> => {
      const job = { base, folder: join(jobsFolder(base), name) };
      const order = await readOrder(job);
      if (order === null || !(await isUnfinished(job))) return [];
      const { deployment, act, fence } = order;
      return [{ deployment, act, fence, endsBy: await endsBy(job, order) }];
    }),
  );
  return found.flat();
}

/** Ends what is left of a job; returns when no process of it is. @throws Unknown when something cannot be ended */
export async function endUnfinished(job: Job, why: Ended, options: Ending): Promise<void> {
  const { state } = await readJob(job);
  if (state === 'running') await endJob(job, why, options);
  if (state === 'lost') await settleLost(job, options);
}

/**
 * Looks at the job that holds the environment's lock: ends it when it was lost or when its time is up and nobody ended
 * it, because its run was terminated (F22, F38). One that may still work is left alone: whoever is next waits.
 */
export async function clearHolder(base: string, now: number, options: Ending): Promise<void> {
  const folder = await lockHolder(base);
  if (folder === null) return;
  const job = { base, folder };
  const order = await readOrder(job);
  const { state } = await readJob(job);
  const overdue = order !== null && now > (await endsBy(job, order));
  if (state === 'lost' || overdue) await endUnfinished(job, { why: 'timed-out' }, options);
}
