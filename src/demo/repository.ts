import { access, chmod, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Git } from './git';
import { HISTORY, type Step } from './history';

/** The sample service as it is today. The build copies it beside the compiled files, so the path is the same there. */
const SHOP = join(__dirname, 'shop');

const MAIN = 'main';
/** The release that the demo's environments begin with. */
export const FIRST_VERSION = '1.4.2';

/** The shop's bare repository, and how to ask it. */
export interface Repository {
  readonly folder: string;
  readonly git: Git;
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

async function writeStep(work: string, { files }: Step): Promise<void> {
  for (const [path, asItWas] of Object.entries(files)) {
    const today = await readFile(join(SHOP, path), 'utf8');
    await mkdir(dirname(join(work, path)), { recursive: true });
    await writeFile(join(work, path), asItWas(today));
    if (path.endsWith('.sh')) await chmod(join(work, path), 0o755);
  }
}

async function commitStep(git: Git, work: string, step: Step): Promise<void> {
  await writeStep(work, step);
  await git(work, ['add', '--all']);
  await git(work, ['commit', '--quiet', '--message', step.subject], step.by);
  if (step.tag) await git(work, ['tag', '--annotate', '--message', `Shop ${step.tag}`, step.tag], step.by);
}

/**
 * Makes the shop's bare repository with its history and tags, once; a repository that is there is left as it is.
 * The commits are the same on every machine.
 */
export async function createRepository({ folder: bare, git }: Repository): Promise<void> {
  if (await exists(bare)) return;
  await mkdir(dirname(bare), { recursive: true });
  const scratch = await mkdtemp(`${bare}-`);
  try {
    const work = join(scratch, 'work');
    await git(scratch, ['init', '--quiet', '--template=', `--initial-branch=${MAIN}`, work]);
    for (const step of HISTORY) await commitStep(git, work, step);
    await git(scratch, ['clone', '--quiet', '--bare', '--template=', work, 'bare']);
    await git(join(scratch, 'bare'), ['remote', 'remove', 'origin']);
    // In one step, so that a demo that was stopped half-way leaves no half repository.
    await rename(join(scratch, 'bare'), bare);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** The commit that a branch or tag names. */
export function commitOf({ folder, git }: Repository, ref: string): Promise<string> {
  return git(folder, ['rev-parse', '--verify', '--quiet', '--end-of-options', `${ref}^{commit}`]);
}

/** A file at a commit of the main line. */
export function fileOnMain({ folder, git }: Repository, path: string): Promise<string> {
  return git(folder, ['cat-file', '-p', `refs/heads/${MAIN}:${path}`]);
}

/** Runs `act` in a fresh checkout of a branch or tag and removes it afterwards. */
export async function inCheckout<T>(
  { folder: bare, git }: Repository,
  ref: string,
  act: (folder: string) => Promise<T>,
): Promise<T> {
  const scratch = await mkdtemp(`${bare}-`);
  try {
    const folder = join(scratch, 'work');
    await git(scratch, ['clone', '--quiet', '--template=', `--branch=${ref}`, '--', bare, folder]);
    return await act(folder);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
