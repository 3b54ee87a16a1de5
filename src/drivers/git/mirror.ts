import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { TidegateFailure } from '../../domain/failures';
import { checkedRef, checkedSha, isSha } from './names';
import { protocolOf, withoutPassword } from './remote-url';
import { complaint, createGit, type Git, type Outcome } from './run';

/**
 * A bare copy of the remote. Several activities and several worker processes share it: git's own lock files keep
 * them apart, so a lost race is tried again here, and locks left by a killed process are swept once they are older
 * than any call may take.
 */
export interface Mirror {
  readonly url: string;
  readonly git: Git;
  /** Makes the mirror, with everything in it, unless it is there. */
  ready(): Promise<void>;
  fetch(): Promise<void>;
  /** The commits that names stand for in the mirror, in their order; null where there is none. */
  commits(names: readonly string[]): Promise<readonly (string | null)[]>;
  /** The first of the commits that neither the mirror nor, after one fetch, the remote has; null when all are here. */
  lacks(shas: readonly string[]): Promise<string | null>;
  /** Present SHAs of full refs on the remote (for annotated tags also `…^{}`); absent ones are left out. */
  remoteRefs(refs: readonly string[]): Promise<ReadonlyMap<string, string>>;
  /** Notes in the mirror what the remote took; null deletes. */
  note(refs: ReadonlyMap<string, string | null>): Promise<void>;
  /** Runs with a private index file, which is gone afterwards. */
  withIndex<T>(work: (env: Readonly<Record<string, string>>) => Promise<T>): Promise<T>;
}

const REFSPECS = ['heads', 'tags', 'tidegate'].map((space) => `+refs/${space}/*:refs/${space}/*`);
const LOST_RACE = /cannot lock ref|unable to (?:create|lock)|could not lock|File exists|incorrect old value/i;
const TRIES = 8;
const SCRATCH = 'tidegate-index-';

/** The mirror of one remote in one folder; nothing is read before it is first needed. */
export function createMirror(url: string, dir: string, timeoutMs: number): Mirror {
  const git = createGit(dir, protocolOf(url), timeoutMs);
  let queue: Promise<unknown> = Promise.resolve();

  /** One writer at a time in this process. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = queue.then(work, work);
    queue = turn.catch(() => undefined);
    return turn;
  }

  async function refresh(): Promise<void> {
    if (!existsSync(join(dir, 'HEAD'))) return initialise(url, dir, timeoutMs);
    await sweep(dir, timeoutMs);
    await update(git, url);
  }

  const fetch = () => inTurn(refresh);
  const ready = () => (existsSync(join(dir, 'HEAD')) ? Promise.resolve() : fetch());

  async function commits(names: readonly string[]): Promise<readonly (string | null)[]> {
    await ready();
    const input = names.map((name) => `${name}^{commit}\n`).join('');
    const found = (await git.text('cat-file', ['--batch-check'], { input })).split('\n');
    return names.map((_, i) => /^([0-9a-f]{40,64}) commit /.exec(found[i] ?? '')?.[1] ?? null);
  }

  async function absent(shas: readonly string[]): Promise<string | null> {
    const found = await commits(shas);
    return shas.find((_, i) => found[i] === null) ?? null;
  }

  return {
    url,
    git,
    ready,
    fetch,
    commits,
    async lacks(shas) {
      if ((await absent(shas)) === null) return null;
      await fetch();
      return absent(shas);
    },
    async remoteRefs(refs) {
      await ready();
      return askRemote(git, url, refs);
    },
    note: (refs) => inTurn(() => setRefs(git, refs)),
    async withIndex(work) {
      await ready();
      const file = join(dir, `${SCRATCH}${randomUUID()}`);
      try {
        return await work({ GIT_INDEX_FILE: file });
      } finally {
        await rm(file, { force: true });
      }
    },
  };
}

function update(git: Git, url: string): Promise<void> {
  const options = ['--prune', '--no-tags', '--no-write-fetch-head', '--no-recurse-submodules', '--quiet', '--force'];
  return untilWon(() => git.run('fetch', [...options, '--end-of-options', url, ...REFSPECS]));
}

async function askRemote(git: Git, url: string, refs: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const wanted = refs.flatMap((ref) => [checkedRef(ref), `${ref}^{}`]);
  const listing = await git.text('ls-remote', ['--quiet', '--end-of-options', url, ...wanted]);
  const found = listing.split('\n').flatMap((line): [string, string][] => {
    const [sha = '', ref = ''] = line.split('\t');
    // ls-remote matches tails of names, so only exact ones count.
    return isSha(sha) && wanted.includes(ref) ? [[ref, sha]] : [];
  });
  return new Map(found);
}

function setRefs(git: Git, refs: ReadonlyMap<string, string | null>): Promise<void> {
  const input = [...refs].map(([ref, sha]) => (sha === null ? `delete ${ref}\0\0` : `update ${ref}\0${sha}\0\0`));
  return untilWon(() => git.run('update-ref', ['--stdin', '-z'], { input: input.join('') }));
}

/** Commits must be here before git is asked about them. @throws BadRef */
export async function demand(mirror: Mirror, shas: readonly string[]): Promise<void> {
  const lost = await mirror.lacks(shas.map(checkedSha));
  if (lost === null) return;
  throw new TidegateFailure(
    'BadRef',
    `Commit ${lost} is not in the repository ${withoutPassword(mirror.url)}; push it there first.`,
  );
}

/** Filled aside and renamed into place: a mirror that is there is whole, and two processes may start together. */
async function initialise(url: string, dir: string, timeoutMs: number): Promise<void> {
  await mkdir(dirname(dir), { recursive: true });
  const aside = `${dir}.${randomUUID()}`;
  try {
    const git = createGit(aside, protocolOf(url), timeoutMs);
    await git.text('init', ['--bare', '--quiet', '--template=', '--initial-branch=main', '--end-of-options', aside]);
    await update(git, url);
    await rename(aside, dir).catch((cause: unknown) => {
      if (!existsSync(join(dir, 'HEAD'))) throw cause;
    });
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
}

/** Runs again while another process holds git's lock; any other failure ends it. */
async function untilWon(act: () => Promise<Outcome>): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const outcome = await act();
    if (outcome.code === 0) return;
    if (attempt === TRIES || !LOST_RACE.test(outcome.stderr)) {
      throw new TidegateFailure('Unavailable', `The git remote could not be read: ${complaint(outcome.stderr)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 40 * attempt));
  }
}

/** Removes lock files and scratch indexes that no living call can own any more. */
async function sweep(dir: string, timeoutMs: number): Promise<void> {
  const now = Date.now();
  const refs = await readdir(join(dir, 'refs'), { recursive: true });
  for (const name of [...(await readdir(dir)), ...refs.map((ref) => join('refs', ref))]) {
    if (!name.endsWith('.lock') && !name.startsWith(SCRATCH)) continue;
    const file = join(dir, name);
    const seen = await stat(file).catch(() => null);
    if (seen?.isFile() && now - seen.mtimeMs > 3 * timeoutMs) await rm(file, { force: true });
  }
}
