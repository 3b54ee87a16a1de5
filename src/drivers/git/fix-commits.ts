import type { Fix } from '../../domain/bug';
import { TidegateFailure } from '../../domain/failures';
import { readLog, touchedFiles, type Logged } from './commits';
import type { Git } from './run';

const DIFF_LIMIT = 4_000;

/**
 * What a branch adds since it left the main line: its commits that change something, oldest first. A merge of the main
 * line into the branch adds nothing of its own and is passed over; one that changes more than git would is refused,
 * because that change has no patch to approve. @throws Conflict
 */
export async function fixCommits(git: Git, base: string, head: string): Promise<readonly Logged[]> {
  const commits = await readLog(git, { range: [head, `^${base}`], merges: true });
  for (const merge of commits.filter((commit) => commit.parents.length > 1)) await checkPlainMerge(git, merge);
  return commits.filter((commit) => commit.parents.length === 1 && commit.patchId !== null).reverse();
}

async function checkPlainMerge(git: Git, merge: Logged): Promise<void> {
  const [left = '', right = '', ...more] = merge.parents;
  if (more.length === 0) {
    const result = await git.run('merge-tree', ['--write-tree', '-z', '--name-only', '--no-messages', left, right]);
    const tree = await git.text('rev-parse', ['--verify', '--quiet', `${merge.sha}^{tree}`]);
    if (result.code === 0 && result.stdout.toString('utf8').split('\0')[0] === tree.trim()) return;
  }
  throw new TidegateFailure(
    'Conflict',
    `Commit ${merge.sha.slice(0, 10)} ("${merge.subject}") is a merge with changes of its own, which have no patch to ` +
      'approve. Rebase the fix so that every commit is one change, and attach it again.',
    { commit: merge.sha },
  );
}

/** The fix between two commits; null when nothing is on it. */
export async function describeFix(git: Git, ref: string, base: string, head: string): Promise<Fix | null> {
  const commits = await fixCommits(git, base, head);
  if (commits.length === 0) return null;
  const shas = commits.map((commit) => commit.sha);
  const files = new Set([...(await touchedFiles(git, shas)).values()].flat());
  return {
    ref,
    head,
    base,
    patchIds: commits.flatMap((commit) => commit.patchId ?? []),
    files: [...files].sort(),
    authors: [...new Set(commits.map((commit) => commit.email))].sort(),
    diff: await diffOf(git, base, head),
  };
}

/** The whole change as text; null when it is too long to travel with the bug (payloads stay under 10 kB). */
async function diffOf(git: Git, base: string, head: string): Promise<string | null> {
  const options = ['-r', '-p', '--no-renames', '--no-ext-diff', '--no-textconv', '--no-color'];
  const diff = await git.text('diff-tree', [...options, base, head]);
  return Buffer.byteLength(diff) <= DIFF_LIMIT ? diff : null;
}
