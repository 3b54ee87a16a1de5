import type { Fix } from '../../domain/bug';
import { TidegateFailure } from '../../domain/failures';
import { rangePatchId, readLog, type Logged } from './commits';
import { fixCommits } from './fix-commits';
import { demand, type Mirror } from './mirror';
import { pick } from './pick';
import { moveRefs } from './push';

export interface Mainline {
  readonly mirror: Mirror;
  /** Name of the main branch. */
  readonly main: string;
  readonly mainHead: () => Promise<string>;
}

const TRIES = 3;
const PICKED_FROM = /\(cherry picked from commit ([0-9a-f]{40,64})\)/g;

/**
 * The patches of a fix that the main branch lacks. It holds a patch when one of its commits has that patch id,
 * says it was cherry-picked from that commit (also after a person resolved a conflict), or is the whole fix squashed.
 */
export async function missingOnMain(mainline: Mainline, fix: Fix): Promise<readonly string[]> {
  await mainline.mirror.fetch();
  const missing = await missingFrom(mainline.mirror, await mainline.mainHead(), fix);
  return missing.flatMap((commit) => commit.patchId ?? []);
}

/** See `Source.mergeToMain`; a main branch that moves meanwhile is read again. */
export async function mergeToMain(mainline: Mainline, fixes: readonly Fix[]): Promise<void> {
  const { mirror, main, mainHead } = mainline;
  for (let attempt = 1; ; attempt += 1) {
    await mirror.fetch();
    const head = await mainHead();
    let tip = head;
    for (const fix of fixes) tip = await withFix(mirror, tip, fix);
    if (tip === head) return;
    try {
      return await moveRefs(mirror, [{ ref: `refs/heads/${main}`, from: head, to: tip }]);
    } catch (error) {
      const lostRace = error instanceof TidegateFailure && error.kind === 'Conflict';
      if (!lostRace || attempt === TRIES) throw error;
    }
  }
}

async function withFix(mirror: Mirror, tip: string, fix: Fix): Promise<string> {
  const missing = await missingFrom(mirror, tip, fix);
  if (missing.length === 0) return tip;
  const forward = await mirror.git.run('merge-base', ['--is-ancestor', tip, fix.head]);
  if (forward.code === 0) return fix.head;
  let next = tip;
  for (const commit of missing) {
    const trailers = [`(cherry picked from commit ${commit.sha})`];
    // The fix's own time: the same fix on the same main branch is the same commit, whoever does it and when.
    const picked = await pick(mirror.git, next, commit, { at: commit.at, trailers });
    if (picked.kind === 'conflict') {
      throw new TidegateFailure(
        'Conflict',
        `Commit ${commit.sha.slice(0, 10)} "${commit.subject}" of ${fix.ref} does not apply on the main branch: ` +
          `${picked.files.join(', ')}. Merge it by hand.`,
        { files: picked.files, ref: fix.ref },
      );
    }
    if (picked.kind === 'picked') next = picked.sha;
  }
  return next;
}

async function missingFrom(mirror: Mirror, head: string, fix: Fix): Promise<readonly Logged[]> {
  await demand(mirror, [fix.base, fix.head]);
  const { git } = mirror;
  if ((await git.run('merge-base', ['--is-ancestor', fix.head, head])).code === 0) return [];
  const commits = await fixCommits(git, fix.base, fix.head);
  const onMain = await readLog(git, { range: [head, `^${fix.base}`] });
  const held = new Set(onMain.map((commit) => commit.patchId));
  if (held.has(await rangePatchId(git, fix.base, fix.head))) return [];
  const picked = new Set(onMain.flatMap(({ message }) => [...message.matchAll(PICKED_FROM)].map(([, sha]) => sha)));
  return commits.filter((commit) => !held.has(commit.patchId) && !picked.has(commit.sha));
}
