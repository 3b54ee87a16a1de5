import { TidegateFailure } from '../../domain/failures';
import type { Logged } from './commits';
import { complaint, IDENTITY, type Git } from './run';

export type Picked =
  | { readonly kind: 'picked'; readonly sha: string }
  /** Everything in it is there already (F17). */
  | { readonly kind: 'empty' }
  | { readonly kind: 'conflict'; readonly files: readonly string[] };

/** Committer and time of what Tidegate commits; with the same stamp the same content gets the same SHA. */
export const committedAt = (at: number): Readonly<Record<string, string>> => ({
  GIT_COMMITTER_NAME: IDENTITY.name,
  GIT_COMMITTER_EMAIL: IDENTITY.email,
  GIT_COMMITTER_DATE: `@${Math.floor(at / 1000)} +0000`,
});

export const authoredByTidegate = (at: number): Readonly<Record<string, string>> => ({
  ...committedAt(at),
  GIT_AUTHOR_NAME: IDENTITY.name,
  GIT_AUTHOR_EMAIL: IDENTITY.email,
  GIT_AUTHOR_DATE: `@${Math.floor(at / 1000)} +0000`,
});

/**
 * Puts the change of one commit on top of another, without a work tree: a helper commit with the tree of `onto` and
 * the parent of `commit` makes that parent the merge base, so that a plain merge of the two is the cherry-pick.
 */
export async function pick(
  git: Git,
  onto: string,
  commit: Logged,
  stamp: { readonly at: number; readonly trailers: readonly string[] },
): Promise<Picked> {
  const helper = await git.text('commit-tree', ['-p', `${commit.sha}^`, '-F', '-', `${onto}^{tree}`], {
    input: 'helper',
    env: authoredByTidegate(0),
  });
  const options = ['--write-tree', '-z', '--name-only', '--no-messages'];
  const merged = await git.run('merge-tree', [...options, helper.trim(), commit.sha]);
  const [tree = '', ...files] = merged.stdout.toString('utf8').split('\0');
  if (merged.code === 1) return { kind: 'conflict', files: files.filter((file) => file !== '') };
  if (merged.code !== 0) {
    throw new TidegateFailure(
      'Unavailable',
      `git merge-tree did not work; git 2.38 or newer is needed (${complaint(merged.stderr)}).`,
    );
  }
  if (tree === (await treeOf(git, onto))) return { kind: 'empty' };
  const { name, email, date } = commit.authored;
  const sha = await git.text('commit-tree', ['-p', onto, '-F', '-', tree], {
    input: withTrailers(commit.message, stamp.trailers),
    env: {
      ...committedAt(stamp.at),
      GIT_AUTHOR_NAME: name || email || 'unknown',
      GIT_AUTHOR_EMAIL: email || 'unknown',
      GIT_AUTHOR_DATE: `@${date}`,
    },
  });
  return { kind: 'picked', sha: sha.trim() };
}

const treeOf = async (git: Git, commit: string): Promise<string> =>
  (await git.text('rev-parse', ['--verify', '--quiet', `${commit}^{tree}`])).trim();

const TRAILER = /^(?:[A-Za-z0-9-]+: .+|\(cherry picked from commit [0-9a-f]+\))$/;

/** The message with lines in its last trailer block; a block is made when there is none. */
export function withTrailers(message: string, trailers: readonly string[]): string {
  const text = message.trimEnd();
  const blocks = text.split(/\n{2,}/);
  const last = (blocks.length > 1 ? blocks.at(-1) : undefined)?.split('\n') ?? [];
  const joins = last.length > 0 && last.every((line) => TRAILER.test(line));
  return `${text}${joins ? '\n' : '\n\n'}${trailers.join('\n')}\n`;
}
