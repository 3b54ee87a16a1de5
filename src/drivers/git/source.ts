import { TidegateFailure } from '../../domain/failures';
import type { Fix } from '../../domain/bug';
import type { Commit, Difference, Source } from '../../ports/source';
import type { BoardingContext } from './boarding';
import { sectionOf } from './changelog';
import { buildCandidate } from './candidate';
import { checkout } from './checkout';
import { readLog, touchedFiles, withoutVersionCommits, type Logged } from './commits';
import { describeFix } from './fix-commits';
import { mergeToMain, missingOnMain } from './mainline';
import { createMirror, demand, type Mirror } from './mirror';
import { checkedFile, checkedName, checkedTarget, isInside, isSha, shown } from './names';
import { createTag, moveRefs } from './push';
import { entries, fileAt } from './tree';
import { versionIn } from './version-file';

export interface GitSourceSettings {
  /** `repo.url`: a folder, `https://…`, `ssh://…` or `user@host:path`. */
  readonly url: string;
  readonly main: string;
  readonly versionFile: string;
  readonly changelog: string;
  /** Folder of this repository's bare mirror; made if missing, may be shared by several processes. */
  readonly mirrorDir: string;
  /** Longest time of one git call, ms. */
  readonly timeoutMs?: number;
}

/** Who last changed a line. */
export interface Blame {
  readonly sha: string;
  readonly author: string;
  readonly at: number;
  readonly subject: string;
}

/** The port, and what only git can tell the analysis. */
export interface GitSource extends Source {
  /** The last change of a line at a commit; null when there is no such line. */
  blame(sha: string, file: string, line: number): Promise<Blame | null>;
}

const TIMEOUT_MS = 90_000;
const ABBREVIATED = /^[0-9a-f]{7,39}$/;

/** The service's repository over system git, through a bare mirror. @throws BadPlan for a URL or path that is not allowed */
export function createGitSource(settings: GitSourceSettings): GitSource {
  const { main, timeoutMs = TIMEOUT_MS } = settings;
  const mirror = createMirror(settings.url, settings.mirrorDir, timeoutMs);
  const files = { versionFile: checkedFile(settings.versionFile), changelog: checkedFile(settings.changelog) };
  const mainRef = `refs/heads/${checkedName(main)}`;
  const resolve = (ref: string) => resolveIn(mirror, ref);
  const mergeBase = (left: string, right: string) => mergeBaseOf(mirror, left, right);

  async function mainHead(): Promise<string> {
    const head = await resolve(mainRef);
    if (head !== null) return head;
    throw new TidegateFailure(
      'BadRef',
      `The repository ${settings.url} has no branch ${main}; set repo.main in tidegate.yaml.`,
    );
  }
  const mainline = { mirror, main, mainHead };
  const boarding = { mirror, files, headOf: resolve, mainHead, mergeBase };

  return {
    fetch: mirror.fetch,
    resolve,
    fix: (ref) => findFix(boarding, ref),
    compare: (left, right) => compare(mirror, [files.versionFile, files.changelog], left, right),
    async versionAt(sha) {
      await demand(mirror, [sha]);
      const file = await fileAt(mirror.git, sha, files.versionFile);
      return file === null ? null : versionIn(files.versionFile, file.bytes.toString('utf8'));
    },
    buildCandidate: (order) => buildCandidate(boarding, order),
    checkout: (sha, folder) => checkout(mirror, sha, folder),
    differs: (left, right, path) => differs(mirror, left, right, path),
    move: (moves) => moveRefs(mirror, moves),
    tag: (name, sha, message, at) => createTag(mirror, name, sha, message, at),
    async changelogSection(sha, version) {
      await demand(mirror, [sha]);
      const file = await fileAt(mirror.git, sha, files.changelog);
      return file === null ? '' : sectionOf(file.bytes.toString('utf8'), version);
    },
    history: (paths, to, limit) => history(mirror, paths, to, limit),
    async files(sha) {
      await demand(mirror, [sha]);
      return (await entries(mirror.git, sha)).map((entry) => entry.path);
    },
    missingOnMain: (fix) => missingOnMain(mainline, fix),
    mergeToMain: (fixes) => mergeToMain(mainline, fixes),
    blame: (sha, file, line) => blame(mirror, sha, file, line),
  };
}

/** A full ref, a branch, a tag, a SHA or the start of one. A name that is both a branch and a tag is refused. */
async function resolveIn(mirror: Mirror, ref: string): Promise<string | null> {
  const commit = async (name: string) => (await mirror.commits([name]))[0] ?? null;
  const name = checkedTarget(ref);
  if (isSha(name) || name.startsWith('refs/')) return commit(name);
  const [branch = null, tag = null] = await mirror.commits([`refs/heads/${name}`, `refs/tags/${name}`]);
  if (branch !== null && tag !== null && branch !== tag) {
    throw new TidegateFailure(
      'BadRef',
      `${shown(name)} is both a branch and a tag; write refs/heads/${name} or refs/tags/${name}.`,
    );
  }
  return branch ?? tag ?? (ABBREVIATED.test(name) ? commit(name) : null);
}

async function findFix({ mirror, headOf, mainHead, mergeBase }: BoardingContext, ref: string): Promise<Fix | null> {
  checkedTarget(ref);
  await mirror.fetch();
  const head = await headOf(ref);
  const base = head === null ? null : await mergeBase(await mainHead(), head);
  return head === null || base === null ? null : describeFix(mirror.git, ref, base, head);
}

async function mergeBaseOf(mirror: Mirror, left: string, right: string): Promise<string | null> {
  const found = await mirror.git.run('merge-base', [left, right]);
  return found.code === 0 ? (found.stdout.toString('utf8').trim().split('\n')[0] ?? null) : null;
}

async function compare(
  mirror: Mirror,
  versionFiles: readonly string[],
  left: string,
  right: string,
): Promise<Difference> {
  await demand(mirror, [left, right]);
  const side = async (from: string, without: string) => {
    const commits = await readLog(mirror.git, { range: [from, `^${without}`] });
    const changes = await withoutVersionCommits(mirror.git, commits, versionFiles);
    return changes.filter((commit) => commit.patchId !== null).map(bare);
  };
  const lefts = await side(left, right);
  const rights = await side(right, left);
  const lacking = (commits: readonly Commit[], others: readonly Commit[]) => {
    const ids = new Set(others.map((commit) => commit.patchId));
    return commits.filter((commit) => !ids.has(commit.patchId)).reverse();
  };
  return { onlyLeft: lacking(lefts, rights), onlyRight: lacking(rights, lefts) };
}

/** No files mean every commit; a path outside the repository has no history. */
async function history(mirror: Mirror, paths: readonly string[], to: string, limit: number) {
  await demand(mirror, [to]);
  const inside = paths.filter(isInside);
  if (inside.length === 0 && paths.length > 0) return [];
  const commits = await readLog(mirror.git, { range: [to], limit, files: inside });
  const shas = commits.map((commit) => commit.sha);
  const touched = await touchedFiles(mirror.git, shas);
  return commits.map((commit) => ({ ...bare(commit), at: commit.at, files: touched.get(commit.sha) ?? [] }));
}

/** A path outside the repository is no part of either commit. */
async function differs(mirror: Mirror, left: string, right: string, path: string): Promise<boolean> {
  await demand(mirror, [left, right]);
  if (!isInside(path)) return false;
  const args = ['-r', '-z', '--name-only', '--no-ext-diff', '--no-textconv', left, right, '--', path];
  return (await mirror.git.text('diff-tree', args)) !== '';
}

const bare = ({ sha, subject, author, patchId }: Logged): Commit => ({ sha, subject, author, patchId });

async function blame(mirror: Mirror, sha: string, file: string, line: number): Promise<Blame | null> {
  await demand(mirror, [sha]);
  const found = await mirror.git.run('blame', ['--porcelain', '-L', `${line},${line}`, sha, '--', file]);
  if (found.code !== 0) return null;
  const [first = '', ...headers] = found.stdout.toString('utf8').split('\n');
  const header = (name: string) => headers.find((text) => text.startsWith(`${name} `))?.slice(name.length + 1) ?? '';
  const commit = first.split(' ')[0] ?? '';
  return {
    sha: commit,
    author: header('author'),
    at: Number(header('author-time')) * 1000,
    subject: header('summary'),
  };
}
