import { mkdir, readdir } from 'node:fs/promises';
import { posix } from 'node:path';
import { TidegateFailure } from '../../domain/failures';
import { demand, type Mirror } from './mirror';
import { shown } from './names';
import { entries, SYMLINK } from './tree';

/** Writes the files of a commit into an empty folder; nothing of it may point outside (abuse 19). @throws BadPlan, BadRef */
export async function checkout(mirror: Mirror, sha: string, folder: string): Promise<void> {
  await demand(mirror, [sha]);
  await checkLinks(mirror, sha);
  await mkdir(folder, { recursive: true });
  if ((await readdir(folder)).length > 0) {
    throw new TidegateFailure('BadPlan', `The folder ${folder} is not empty; a checkout needs a fresh one.`);
  }
  await mirror.withIndex(async (env) => {
    await mirror.git.text('read-tree', [sha], { env });
    await mirror.git.text('checkout-index', ['--all', '--force'], { env, workTree: folder });
  });
}

async function checkLinks(mirror: Mirror, sha: string): Promise<void> {
  for (const { mode, object, path } of await entries(mirror.git, sha)) {
    if (mode !== SYMLINK) continue;
    const target = await mirror.git.text('cat-file', ['-p', object]);
    if (staysInside(path, target)) continue;
    throw new TidegateFailure(
      'BadPlan',
      `${shown(path)} at commit ${sha.slice(0, 10)} is a link to ${shown(target)}, which leaves the repository; only links ` +
        'inside it are checked out. Remove it from the branch.',
    );
  }
}

/** `..` counts only in front: after a name it could climb out of a folder that is itself a link. */
export function staysInside(path: string, target: string): boolean {
  if (target === '' || target.startsWith('/') || target.includes('\\') || target.includes('\0')) return false;
  const parts = target.split('/').filter((part) => part !== '' && part !== '.');
  const up = parts.findIndex((part) => part !== '..');
  const climbs = up === -1 ? parts.length : up;
  const depth = posix.dirname(path) === '.' ? 0 : posix.dirname(path).split('/').length;
  return climbs <= depth && !parts.slice(climbs).includes('..');
}
