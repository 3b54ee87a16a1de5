import type { Fix } from '../../domain/bug';
import type { LeftBehind } from '../../domain/deployment';
import type { Passenger } from '../../domain/environment';
import { TidegateFailure } from '../../domain/failures';
import type { CandidateOrder } from '../../ports/source';
import { readLog, withoutVersionCommits, type Logged } from './commits';
import { describeFix, fixCommits } from './fix-commits';
import type { Mirror } from './mirror';
import type { VersionFiles } from './version-commit';

export type Boarding = { readonly commits: readonly Logged[] } | { readonly left: LeftBehind };

export interface BoardingContext {
  readonly mirror: Mirror;
  readonly files: VersionFiles;
  /** Present head of a branch, tag or SHA in the mirror. */
  readonly headOf: (ref: string) => Promise<string | null>;
  readonly mainHead: () => Promise<string>;
  readonly mergeBase: (left: string, right: string) => Promise<string | null>;
}

const short = (sha: string): string => sha.slice(0, 10);

export function leave(
  passenger: Passenger,
  cause: LeftBehind['cause'],
  reason: string,
  files: readonly string[] = [],
): { readonly left: LeftBehind } {
  return { left: { bug: passenger.bug, cause, reason, files } };
}

/** Whether a passenger may board, and with which commits: it must be what was approved, on a base that holds. */
export async function checkIn(
  context: BoardingContext,
  order: CandidateOrder,
  passenger: Passenger,
): Promise<Boarding> {
  const { fix } = passenger;
  const { mirror } = context;
  const lost = await mirror.lacks([fix.base, fix.head]);
  if (lost !== null) {
    return leave(
      passenger,
      'missing',
      `commit ${short(lost)} of ${fix.ref} is no longer in the repository; push it again and attach the fix.`,
    );
  }
  const commits = await readable(() => fixCommits(mirror.git, fix.base, fix.head));
  if (typeof commits === 'string') return leave(passenger, 'changed', commits);
  const ids = commits.map((commit) => commit.patchId);
  if (!sameList(ids, fix.patchIds)) {
    return leave(
      passenger,
      'changed',
      `the commits up to ${short(fix.head)} are not the patches that bug ${passenger.bug} recorded.`,
    );
  }
  return (await checkApprovals(context, order, passenger)) ?? { commits };
}

async function checkApprovals(context: BoardingContext, order: CandidateOrder, passenger: Passenger) {
  if (!order.production || passenger.approvals.length === 0) return null;
  const { fix } = passenger;
  const stale = passenger.approvals.find((approval) => approval.sha !== fix.head);
  if (stale) {
    return leave(
      passenger,
      'changed',
      `${stale.by} approved ${short(stale.sha)}, but the fix is ${short(fix.head)} now; it must be approved again.`,
    );
  }
  const present = await presentPatches(context, fix);
  if (present !== null && !sameList(present.patchIds, fix.patchIds)) {
    return leave(
      passenger,
      'changed',
      `${fix.ref} has moved on to ${short(present.head)} since ${short(fix.head)} was approved; attach and approve it again.`,
    );
  }
  const missing = await movedBy(context, order, passenger);
  if (missing.length === 0) return null;
  const named = missing.slice(0, 5).map((commit) => `${short(commit.sha)} "${commit.subject}"`);
  const more = missing.length > 5 ? ` and ${missing.length - 5} more` : '';
  return leave(
    passenger,
    'base-moved',
    `since the approval production got ${named.join(', ')}${more}, which validation does not hold; approve again once it does.`,
  );
}

/** The fix as its branch holds it now; null when it did not move, is gone or merged, which takes nothing from an approval. */
async function presentPatches(context: BoardingContext, { ref, head: approved }: Fix) {
  const head = await context.headOf(ref);
  if (head === null || head === approved) return null;
  const base = await context.mergeBase(await context.mainHead(), head);
  if (base === null) return null;
  const present = await readable(() => describeFix(context.mirror.git, ref, base, head));
  return typeof present === 'string' ? { head, patchIds: [] } : present;
}

/** What production got since any of the approvals and validation does not hold, by patch id. */
async function movedBy(
  context: BoardingContext,
  order: CandidateOrder,
  passenger: Passenger,
): Promise<readonly Logged[]> {
  const { mirror, files } = context;
  const { heldBy, base } = order;
  const bases = passenger.approvals
    .flatMap(({ productionSha }) => productionSha ?? [])
    .filter((sha) => sha !== base.sha);
  if (heldBy === null || bases.length === 0) return [];
  const held = await readLog(mirror.git, { range: [heldBy, `^${base.sha}`] });
  const ids = new Set(held.map((commit) => commit.patchId));
  const missing = new Map<string, Logged>();
  for (const sha of new Set(bases)) {
    const came = await readLog(mirror.git, { range: [base.sha, `^${sha}`, `^${heldBy}`] });
    const changes = await withoutVersionCommits(mirror.git, came, [files.versionFile, files.changelog]);
    for (const commit of changes) {
      if (commit.patchId !== null && !ids.has(commit.patchId)) missing.set(commit.sha, commit);
    }
  }
  return [...missing.values()];
}

const sameList = (left: readonly (string | null)[], right: readonly string[]): boolean =>
  left.length === right.length && left.every((id, i) => id === right[i]);

/** The result, or the sentence why the commits cannot be read as patches. */
async function readable<T>(read: () => Promise<T>): Promise<T | string> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof TidegateFailure && error.kind === 'Conflict') return error.message;
    throw error;
  }
}
