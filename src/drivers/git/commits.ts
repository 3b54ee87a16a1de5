import type { Commit } from '../../ports/source';
import { VERSION_TRAILER } from '../../domain/ids';
import { isSha } from './names';
import type { Git } from './run';

export interface Logged extends Commit {
  readonly parents: readonly string[];
  /** Author's e-mail, for four-eyes. */
  readonly email: string;
  /** Committer time, epoch ms. */
  readonly at: number;
  readonly message: string;
  /** Author as git wants it back: name, e-mail, `seconds zone`. */
  readonly authored: { readonly name: string; readonly email: string; readonly date: string };
  /** Carries the trailer of Tidegate's own version commits. */
  readonly versioned: boolean;
}

export interface LogQuery {
  /** SHAs to walk from; `^sha` leaves out what that one holds. */
  readonly range: readonly string[];
  readonly limit?: number;
  readonly files?: readonly string[];
  readonly merges?: boolean;
}

// NUL between fields: no name, subject or message can hold one, so no commit can shift its neighbours.
const FIELDS = [
  '%H',
  '%P',
  '%ct',
  '%an',
  '%ae',
  '%ad',
  `%(trailers:key=${VERSION_TRAILER},valueonly,separator=%x2C)`,
  '%s',
  '%B',
];
const BATCH = 400;

/** Commits with their patch ids, newest first; merges only when asked for. */
export async function readLog(git: Git, query: LogQuery): Promise<readonly Logged[]> {
  const raw = await git.text('log', [
    ...['-z', `--format=${FIELDS.join('%x00')}`, '--date=raw', '--no-show-signature', '--topo-order'],
    ...(query.merges ? [] : ['--no-merges']),
    ...(query.limit === undefined ? [] : [`--max-count=${query.limit}`]),
    ...query.range,
    '--',
    ...(query.files ?? []),
  ]);
  const fields = raw.split('\0');
  const records = Array.from({ length: Math.floor(fields.length / FIELDS.length) }, (_, i) =>
    fields.slice(i * FIELDS.length, (i + 1) * FIELDS.length),
  );
  const ids = await patchIds(
    git,
    records.map(([sha = '']) => sha),
  );
  return records.map(
    ([
      sha = '',
      parents = '',
      at = '',
      name = '',
      email = '',
      date = '',
      version = '',
      subject = '',
      message = '',
    ]) => ({
      sha,
      subject,
      author: name || email,
      patchId: ids.get(sha) ?? null,
      parents: parents.split(' ').filter((parent) => parent !== ''),
      email: email.toLowerCase(),
      at: Number(at) * 1000,
      message,
      authored: { name, email, date },
      versioned: version !== '',
    }),
  );
}

/**
 * What each commit changes, as git's stable patch id; a commit that changes nothing has none. Full object names go into
 * the diff, so that two different changes of one binary file do not look the same.
 */
export async function patchIds(git: Git, shas: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const ids = new Map<string, string>();
  for (let start = 0; start < shas.length; start += BATCH) {
    const diff = await git.bytes(
      'diff-tree',
      ['--stdin', '--root', '-r', '-p', '--full-index', '--no-renames', '--no-ext-diff', '--no-textconv', '--no-color'],
      { input: shas.slice(start, start + BATCH).join('\n') + '\n' },
    );
    for (const [id, sha] of await idsOf(git, diff)) ids.set(sha, id);
  }
  return ids;
}

/** Patch id of everything between two commits as one change: how a squashed branch looks on the main line. */
export async function rangePatchId(git: Git, from: string, to: string): Promise<string | null> {
  const options = ['-r', '-p', '--full-index', '--no-renames', '--no-ext-diff', '--no-textconv', '--no-color'];
  const diff = await git.bytes('diff-tree', [...options, from, to]);
  return (await idsOf(git, diff))[0]?.[0] ?? null;
}

async function idsOf(git: Git, diff: Buffer): Promise<readonly (readonly [id: string, sha: string])[]> {
  if (diff.length === 0) return [];
  const listing = await git.text('patch-id', ['--stable'], { input: diff });
  return listing
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [id = '', sha = ''] = line.split(' ');
      return [id, sha] as const;
    });
}

/** Files that each commit touches, by SHA. */
export async function touchedFiles(git: Git, shas: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>> {
  const touched = new Map<string, string[]>(shas.map((sha) => [sha, []]));
  if (shas.length === 0) return touched;
  const raw = await git.text('diff-tree', ['--stdin', '--root', '-r', '-z', '--name-only', '--no-renames'], {
    input: shas.join('\n') + '\n',
  });
  let current: string[] | undefined;
  for (const token of raw.split('\0')) {
    if (isSha(token) && touched.has(token)) current = touched.get(token);
    else if (token !== '') current?.push(token);
  }
  return touched;
}

/** Tidegate's own version commits: marked by the trailer, and touching nothing but the version's own files. */
export async function withoutVersionCommits(
  git: Git,
  commits: readonly Logged[],
  versionFiles: readonly string[],
): Promise<readonly Logged[]> {
  const marked = commits.filter((commit) => commit.versioned).map((commit) => commit.sha);
  const touched = await touchedFiles(git, marked);
  // Without the look at the files, anybody's commit could carry the trailer and pass unseen.
  const ours = new Set(marked.filter((sha) => touched.get(sha)?.every((file) => versionFiles.includes(file))));
  return commits.filter((commit) => !ours.has(commit.sha));
}
