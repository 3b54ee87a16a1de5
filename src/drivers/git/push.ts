import { TidegateFailure } from '../../domain/failures';
import type { RefMove } from '../../ports/source';
import { demand, type Mirror } from './mirror';
import { checkedName, checkedRef, checkedSha } from './names';
import { authoredByTidegate } from './pick';
import { complaint } from './run';

const BRANCH = 'refs/heads/';
const OURS = 'refs/tidegate/';
// What the remote says when a ref was not where the push expected it, before or in its own transaction.
const STALE = new RegExp(
  String.raw`\[(?:remote )?rejected\] \((?:` +
    'stale info|fetch first|non-fast-forward|needs force|already exists|atomic transaction failed|' +
    'failed to lock|failed to update ref|cannot lock ref|incorrect old value)',
);
const REFUSED = /\[remote rejected\] \((?!atomic)/;

/**
 * One atomic push, each ref under its own lease; people's branches only go forward (X-23, E17). Done already is done:
 * what counts is where the refs stand afterwards, not what the connection managed to say (F15, F16).
 * @throws BadRef, Conflict, Rejected, Unavailable
 */
export async function moveRefs(mirror: Mirror, moves: readonly RefMove[]): Promise<void> {
  moves.forEach(checkMove);
  const refs = moves.map((move) => move.ref);
  const before = await mirror.remoteRefs(refs);
  const open = moves.filter((move) => (before.get(move.ref) ?? null) !== move.to);
  if (open.length > 0) {
    open.forEach((move) => checkLease(move, before.get(move.ref) ?? null));
    for (const move of open) await checkForward(mirror, move, before.get(move.ref) ?? null);
    await push(mirror, open);
  }
  await mirror.note(new Map(moves.map((move) => [move.ref, move.to])));
}

/** An annotated tag at a commit, made once and never moved (X-08, abuse 29). @throws BadRef, Conflict, Rejected, Unavailable */
export async function createTag(mirror: Mirror, name: string, sha: string, message: string, at: number): Promise<void> {
  const ref = `refs/tags/${checkedName(name)}`;
  await demand(mirror, [sha]);
  const present = await mirror.remoteRefs([ref]);
  const target = present.get(`${ref}^{}`) ?? present.get(ref) ?? null;
  if (target === sha) return mirror.note(new Map([[ref, present.get(ref) ?? sha]]));
  if (target !== null) {
    throw new TidegateFailure(
      'Conflict',
      `Tag ${name} is at ${target} already and is never moved to ${sha}; look at who made it.`,
      {
        tag: name,
        present: target,
      },
    );
  }
  const { GIT_COMMITTER_NAME: who, GIT_COMMITTER_EMAIL: mail, GIT_COMMITTER_DATE: date } = authoredByTidegate(at);
  const input = `object ${sha}\ntype commit\ntag ${name}\ntagger ${who} <${mail}> ${date?.slice(1)}\n\n${message.trim()}\n`;
  const tag = (await mirror.git.text('mktag', [], { input })).trim();
  await push(mirror, [{ ref, from: null, to: tag }]);
  await mirror.note(new Map([[ref, tag]]));
}

async function push(mirror: Mirror, moves: readonly RefMove[]): Promise<void> {
  // A lease on a branch would also allow to rewind it: a plain push is what only goes forward.
  const leases = moves
    .filter(({ ref }) => !ref.startsWith(BRANCH))
    .map(({ ref, from }) => `--force-with-lease=${ref}:${from ?? ''}`);
  const options = ['--porcelain', '--atomic', '--no-verify', '--no-recurse-submodules', ...leases];
  const refspecs = moves.map(({ ref, to }) => `${to ?? ''}:${ref}`);
  const [outcome] = await Promise.allSettled([
    mirror.git.run('push', [...options, '--end-of-options', mirror.url, ...refspecs]),
  ]);
  const after = await mirror.remoteRefs(moves.map((move) => move.ref));
  if (moves.every((move) => (after.get(move.ref) ?? null) === move.to)) return;
  if (outcome.status === 'rejected') throw outcome.reason;
  throw failure(moves, outcome.value.stdout.toString('utf8'), outcome.value.stderr);
}

function failure(moves: readonly RefMove[], report: string, stderr: string): TidegateFailure {
  const names = moves.map((move) => move.ref).join(', ');
  const byHook = stderr.includes('aborted by hook');
  if (byHook || (REFUSED.test(report) && !STALE.test(report))) {
    return new TidegateFailure('Rejected', `The git remote refused ${names}: ${complaint(stderr)}`, { refs: names });
  }
  if (STALE.test(report)) {
    return new TidegateFailure(
      'Conflict',
      `Somebody else moved ${names} in the meantime; nothing was pushed. Look at it and retry.`,
      {
        refs: names,
      },
    );
  }
  return new TidegateFailure('Unavailable', `The push of ${names} did not get through: ${complaint(stderr)}`, {
    refs: names,
  });
}

function checkMove({ ref, from, to }: RefMove): void {
  checkedRef(ref);
  [from, to].forEach((sha) => sha !== null && checkedSha(sha));
  if (!ref.startsWith(BRANCH) && !ref.startsWith(OURS)) {
    throw new TidegateFailure('BadRef', `${ref} is a tag; tags are made once and never moved.`);
  }
  if (ref.startsWith(BRANCH) && to === null) {
    throw new TidegateFailure('BadRef', `${ref} is a branch; Tidegate deletes no branches.`);
  }
}

function checkLease({ ref, from }: RefMove, present: string | null): void {
  if (present === from) return;
  const stands = present === null ? 'does not exist' : `is at ${present}`;
  const expected = from === null ? 'to be new' : `at ${from}`;
  throw new TidegateFailure(
    'Conflict',
    `${ref} ${stands}, but it was expected ${expected}; somebody else moved it. Nothing was pushed.`,
    {
      ref,
      present,
      expected: from,
    },
  );
}

async function checkForward(mirror: Mirror, { ref, to }: RefMove, present: string | null): Promise<void> {
  if (to === null) return;
  await demand(mirror, [to]);
  if (!ref.startsWith(BRANCH) || present === null) return;
  await demand(mirror, [present]);
  const forward = await mirror.git.run('merge-base', ['--is-ancestor', present, to]);
  if (forward.code === 0) return;
  throw new TidegateFailure(
    'Conflict',
    `${ref} is at ${present} and would lose commits by going to ${to}; branches only go forward.`,
    {
      ref,
      present,
    },
  );
}
