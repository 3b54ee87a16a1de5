/**
 * A job is one act of one deployment on this host, as files: it can be read by a worker that did not start it.
 * Everything of an environment lies in one folder: `jobs/`, `checkouts/`, the lock and the fence.
 */
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { TidegateFailure } from '../../domain/failures';
import type { DeployOrder } from '../../ports/deployer';
import { isAlive, parseIdentity, type ProcessIdentity } from './processes';
import { JOB_FILES } from './runner';

/** Names become parts of paths, so only what cannot leave a folder or look like an option is a name. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;

/** @throws BadPlan */
export function checkedName(what: string, name: string): string {
  if (NAME.test(name) && !name.includes('..')) return name;
  throw new TidegateFailure(
    'BadPlan',
    `The ${what} ${JSON.stringify(name)} cannot be used as a file name: letters, digits, dot, dash and underscore are allowed, the first a letter or digit.`,
  );
}

export function environmentFolder(workDir: string, service: string, env: string): string {
  return join(workDir, checkedName('service', service), checkedName('environment', env));
}

export const jobsFolder = (base: string): string => join(base, 'jobs');

export interface Job {
  /** Folder of the environment. */
  readonly base: string;
  readonly folder: string;
}

/** What is kept of a job's order. */
export type JobOrder = Pick<DeployOrder, 'deployment' | 'act' | 'fence' | 'timeoutMs'>;

export async function writeOrder(job: Job, { deployment, act, fence, timeoutMs }: DeployOrder): Promise<void> {
  const kept: JobOrder = { deployment, act, fence, timeoutMs };
  await writeAtomic(jobFile(job, 'order'), JSON.stringify(kept));
}

/** Null for a folder that is no job, or one of which the order was never written. */
export async function readOrder(job: Job): Promise<JobOrder | null> {
  const text = await readIfThere(jobFile(job, 'order'));
  return text === null ? null : (JSON.parse(text) as JobOrder);
}

export function jobOf(base: string, deployment: string, act: DeployOrder['act']): Job {
  return { base, folder: join(jobsFolder(base), `${checkedName('deployment', deployment)}.${act}`) };
}

/** Beside the code, in source and build alike. */
export const FENCE_TOOL = join(__dirname, 'bin/tidegate-fence');

export const jobFile = (job: Job, name: keyof typeof JOB_FILES): string => join(job.folder, JOB_FILES[name]);

/** Output and environment of a script are nobody else's business on this host. */
export async function makePrivateFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
}

export async function writeAtomic(path: string, content: string | Buffer, mode = 0o644): Promise<void> {
  const draft = `${path}.${randomUUID()}`;
  try {
    await writeFile(draft, content, { mode });
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

/** The text of a file, or null when there is none. */
export async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/**
 * `new`: the script's first line was never reached. `running`: its runner (perhaps just about to start it) or itself lives. `exited`: with this code.
 * `lost`: nothing lives and no exit code was left (the runner was killed, the machine restarted).
 */
export type JobState =
  | { readonly state: 'new' }
  | { readonly state: 'running' }
  | { readonly state: 'exited'; readonly code: number }
  | { readonly state: 'lost' };

async function exitCode(job: Job): Promise<number | null> {
  const text = (await readIfThere(jobFile(job, 'exit')))?.trim() ?? '';
  return /^\d+$/.test(text) ? Number(text) : null;
}

export async function readIdentity(job: Job, whose: 'script' | 'keeper'): Promise<ProcessIdentity | null> {
  const text = await readIfThere(jobFile(job, whose));
  return text === null ? null : parseIdentity(text);
}

export async function readJob(job: Job): Promise<JobState> {
  const early = await exitCode(job);
  if (early !== null) return { state: 'exited', code: early };
  if ((await readIfThere(jobFile(job, 'script'))) === null) {
    const starting = await isAlive(await readIdentity(job, 'keeper'));
    return { state: starting ? 'running' : 'new' };
  }
  for (const whose of ['keeper', 'script'] as const) {
    if (await isAlive(await readIdentity(job, whose))) return { state: 'running' };
  }
  // The runner may have written the code between the first look and its end.
  const late = await exitCode(job);
  return late === null ? { state: 'lost' } : { state: 'exited', code: late };
}

/** Why Tidegate itself ended a script; kept, so that an attempt after this one reports the same. */
export type Ended =
  | { readonly why: 'hung'; readonly silentMs: number; readonly target: string }
  | { readonly why: 'timed-out' }
  | { readonly why: 'cancelled' }
  | { readonly why: 'stopped' };

export async function readEnded(job: Job): Promise<Ended | null> {
  const text = await readIfThere(jobFile(job, 'ended'));
  return text === null ? null : (JSON.parse(text) as Ended);
}

/** The first reason stays. It is for whoever reads the job later: a full disk must not keep a script alive (F42). */
export async function markEnded(job: Job, ended: Ended): Promise<void> {
  if ((await readEnded(job)) !== null) return;
  await writeAtomic(jobFile(job, 'ended'), JSON.stringify(ended)).catch(() => undefined);
}
