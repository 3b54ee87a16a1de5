import type { LeftBehind } from '../../domain/deployment';
import type { Passenger } from '../../domain/environment';
import { TidegateFailure } from '../../domain/failures';
import { deploymentRef } from '../../domain/ids';
import { fixesOf, normalVersion, withFixes } from '../../domain/version';
import type { BuiltCandidate, CandidateOrder } from '../../ports/source';
import { checkIn, leave, type BoardingContext } from './boarding';
import { patchIds, touchedFiles, type Logged } from './commits';
import { demand } from './mirror';
import { checkedRef, checkedSha, shown } from './names';
import { pick } from './pick';
import { moveRefs } from './push';
import { commitVersion } from './version-commit';

const BUG = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** Name of the trailer that says whose fix a picked commit is. */
const BUG_TRAILER = 'Tidegate-Bug';

/** See `Source.buildCandidate`. No branch is touched and no work tree is used; only the candidate's own ref is pushed. */
export async function buildCandidate(context: BoardingContext, order: CandidateOrder): Promise<BuiltCandidate> {
  checkOrder(order);
  const { mirror } = context;
  await mirror.fetch();
  await demand(mirror, [order.base.sha, ...(order.heldBy === null ? [] : [order.heldBy])]);
  let tip = order.base.sha;
  const aboard: Passenger[] = [];
  const left: LeftBehind[] = [];
  const changes: string[] = [];
  for (const passenger of order.passengers) {
    const boarding = await checkIn(context, order, passenger);
    const seat = 'left' in boarding ? boarding : await board(context, order, tip, passenger, boarding.commits);
    if ('left' in seat) {
      left.push(seat.left);
      continue;
    }
    tip = seat.tip;
    aboard.push(passenger);
    changes.push(...seat.subjects);
  }
  const version = aboard.length === 0 ? order.base.version : versionOf(order, left);
  const sha = aboard.length === 0 ? tip : await commitVersion(mirror, context.files, tip, order, version, aboard);
  const ref = deploymentRef(order.deployment);
  await moveRefs(mirror, [{ ref, from: null, to: sha }]);
  return { version, sha, aboard: aboard.map((passenger) => passenger.bug), left, changes };
}

/** Below production the version says which fixes are in it, so one that stayed behind is taken out of it. */
function versionOf(order: CandidateOrder, left: readonly LeftBehind[]): string {
  if (order.production || left.length === 0) return order.version;
  const gone = left.map(({ bug }) => bug);
  return withFixes(
    order.version,
    fixesOf(order.version).filter((bug) => !gone.includes(bug)),
  );
}

type Seat = { readonly tip: string; readonly subjects: readonly string[] } | { readonly left: LeftBehind };

/** Picks one passenger's commits; each must come out as the patch that was approved, or nothing of it goes. */
async function board(
  { mirror: { git } }: BoardingContext,
  order: CandidateOrder,
  from: string,
  passenger: Passenger,
  commits: readonly Logged[],
): Promise<Seat> {
  let tip = from;
  const picks = new Map<string, Logged>();
  for (const commit of commits) {
    const trailers = [`(cherry picked from commit ${commit.sha})`, `${BUG_TRAILER}: ${passenger.bug}`];
    const picked = await pick(git, tip, commit, { at: order.at, trailers });
    if (picked.kind === 'conflict') {
      return leave(
        passenger,
        'conflict',
        `commit ${commit.sha.slice(0, 10)} "${commit.subject}" does not apply on ${order.base.version} with what boarded before ` +
          `it: ${picked.files.join(', ')}. Rebase ${passenger.fix.ref} and attach it again.`,
        picked.files,
      );
    }
    if (picked.kind === 'picked') {
      tip = picked.sha;
      picks.set(picked.sha, commit);
    }
  }
  const ids = await patchIds(git, [...picks.keys()]);
  const bent = [...picks].find(([sha, commit]) => ids.get(sha) !== commit.patchId);
  if (bent) {
    const [sha, commit] = bent;
    const files = (await touchedFiles(git, [sha])).get(sha) ?? [];
    return leave(
      passenger,
      'changed',
      `commit ${commit.sha.slice(0, 10)} "${commit.subject}" comes out as another patch on ${order.base.version} with what boarded ` +
        `before it, because the lines around it differ in ${files.join(', ')}. Rebase ${passenger.fix.ref} and attach it again.`,
      files,
    );
  }
  return { tip, subjects: [...picks.values()].map((commit) => commit.subject) };
}

function checkOrder(order: CandidateOrder): void {
  checkedRef(deploymentRef(order.deployment));
  [order.base.sha, ...(order.heldBy === null ? [] : [order.heldBy])].forEach(checkedSha);
  const strange = order.passengers.find((passenger) => !BUG.test(passenger.bug));
  if (strange)
    throw new TidegateFailure('BadRef', `${shown(strange.bug)} is not a bug number that may stand in a commit.`);
  if (normalVersion(order.version) !== order.version)
    throw new TidegateFailure('BadRef', `${shown(order.version)} is not a version.`);
  for (const { fix, approvals } of order.passengers) {
    [fix.base, fix.head, ...approvals.flatMap(({ productionSha }) => productionSha ?? [])].forEach(checkedSha);
  }
}
