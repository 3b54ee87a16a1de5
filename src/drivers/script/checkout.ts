/** Folders in which scripts work: one per deployment and commit, kept for a while. */
import { constants } from 'node:fs';
import { access, mkdir, readdir, readFile, realpath, rename, rm, stat } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { isAbsolute, join, relative, resolve, sep } from 'node:path';
import { TidegateFailure } from '../../domain/failures';
import { checkedName, jobsFolder, makePrivateFolder, readJob } from './job';
import { workingFolders } from './processes';

export type Checkout = (sha: string, folder: string) => Promise<void>;

const checkoutsFolder = (base: string): string => join(base, 'checkouts');

const SHA = /^[0-9a-f]{40}([0-9a-f]{24})?$/;

/**
 * The files of a commit for one deployment; the same call finds the same folder. It appears under its name only when
 * it is whole. @throws BadRef, and what the checkout throws
 */
export async function prepareCheckout(
  base: string,
  deployment: string,
  sha: string,
  checkout: Checkout,
): Promise<string> {
  if (!SHA.test(sha)) throw new TidegateFailure('BadRef', `${JSON.stringify(sha)} is not a full commit id.`);
  const root = checkoutsFolder(base);
  const folder = join(root, `${checkedName('deployment', deployment)}-${sha.slice(0, 12)}`);
  if (await exists(folder)) return folder;
  await makePrivateFolder(root);
  const draft = join(root, `.draft-${randomUUID()}`);
  await mkdir(draft);
  try {
    await checkout(sha, draft);
    await rename(draft, folder);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    if (!(await exists(folder))) throw error;
  }
  return folder;
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** Whether `path` is `folder` or lies in it. */
function within(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way === '' || (way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way));
}

export interface FoundScript {
  readonly path: string;
  readonly text: string;
}

/** A script that can be started. @throws BadPlan with what is wrong with it and where */
export async function findScript(path: string, root: string | null): Promise<FoundScript> {
  const fail = (why: string): TidegateFailure => new TidegateFailure('BadPlan', `The deploy script ${path} ${why}.`);
  const real = await realpath(path).catch(() => null);
  if (real === null) throw fail('does not exist; correct deploy.script in tidegate.yaml or add the file');
  if (root !== null && !within(await realpath(root), real)) throw fail('lies outside its checkout');
  if (!(await stat(real)).isFile()) throw fail('is not a file');
  const text = await readFile(real, 'utf8').catch(() => null);
  if (text === null) throw fail('cannot be read');
  const runnable = await access(real, constants.X_OK).then(
    () => true,
    () => false,
  );
  if (!runnable) throw fail('is not executable; run `git update-index --chmod=+x` on it and commit');
  return { path: real, text };
}

/** The script at its place in a checkout. @throws BadPlan */
export async function scriptIn(checkout: string, script: string): Promise<FoundScript> {
  if (isAbsolute(script) || !within(checkout, resolve(checkout, script))) {
    throw new TidegateFailure(
      'BadPlan',
      `deploy.script ${JSON.stringify(script)} must be a path inside the repository.`,
    );
  }
  return findScript(join(checkout, script), checkout);
}

async function oldest(folder: string, keep: number): Promise<readonly string[]> {
  const names = (await readdir(folder).catch(() => [])).filter((name) => !name.startsWith('.'));
  const dated = await Promise.all(
    names.map(async (name) => ({ path: join(folder, name), at: (await stat(join(folder, name))).mtimeMs })),
  );
  return dated
    .sort((a, b) => b.at - a.at)
    .slice(keep)
    .map(({ path }) => path);
}

/**
 * Removes checkouts and jobs but the last `keep`, never one that is in use: a script may have started the service from
 * its checkout, and a job may still run.
 */
export async function removeOld(base: string, keep: number, needed: readonly string[]): Promise<void> {
  const used = [...(await workingFolders()), ...needed];
  for (const path of await oldest(checkoutsFolder(base), keep)) {
    if (!used.some((folder) => within(path, folder))) await rm(path, { recursive: true, force: true });
  }
  for (const folder of await oldest(jobsFolder(base), keep)) {
    if ((await readJob({ base, folder })).state !== 'running') await rm(folder, { recursive: true, force: true });
  }
}
