import type { Mirror } from './mirror';
import type { Git } from './run';

export interface Entry {
  readonly mode: string;
  readonly object: string;
  readonly path: string;
}

export const SYMLINK = '120000';

/** Every file of a commit with its mode; nothing inside submodules. */
export async function entries(git: Git, sha: string, path?: string): Promise<readonly Entry[]> {
  const raw = await git.text('ls-tree', ['-r', '-z', '--full-tree', sha, ...(path === undefined ? [] : ['--', path])]);
  return raw
    .split('\0')
    .filter((line) => line !== '')
    .map((line) => {
      const tab = line.indexOf('\t');
      const [mode = '', , object = ''] = line.slice(0, tab).split(' ');
      return { mode, object, path: line.slice(tab + 1) };
    });
}

/** One regular file at a commit, with its bytes; null when there is none. */
export async function fileAt(
  git: Git,
  sha: string,
  path: string,
): Promise<(Entry & { readonly bytes: Buffer }) | null> {
  const entry = (await entries(git, sha, path)).find((found) => found.path === path);
  if (!entry?.mode.startsWith('100')) return null;
  return { ...entry, bytes: await git.bytes('cat-file', ['-p', entry.object]) };
}

/** The tree of a commit with some files written anew. */
export async function treeWith(
  mirror: Mirror,
  sha: string,
  files: readonly { readonly path: string; readonly mode: string; readonly bytes: Buffer }[],
): Promise<string> {
  const { git } = mirror;
  return mirror.withIndex(async (env) => {
    await git.text('read-tree', [sha], { env });
    const lines: string[] = [];
    for (const file of files) {
      const object = await git.text('hash-object', ['-w', '--stdin', '--no-filters'], { input: file.bytes });
      lines.push(`${file.mode} ${object.trim()}\t${file.path}\0`);
    }
    await git.text('update-index', ['-z', '--index-info'], { env, input: lines.join('') });
    return (await git.text('write-tree', [], { env })).trim();
  });
}
