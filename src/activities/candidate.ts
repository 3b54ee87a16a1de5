/** Git's part of a deployment: build the candidate and its tag before, keep the record of what runs after. */
import type { Candidate, Target } from '../domain/deployment';
import type { DeploymentOrder } from '../domain/deployment-order';
import { carriedFixes, somebodyAboard } from '../domain/deployment-plan';
import type { AppliedFix, Passenger } from '../domain/environment';
import { TidegateFailure } from '../domain/failures';
import { deploymentRef, environmentRef, releaseTag, versionTag } from '../domain/ids';
import { bumpPatch, withFixes } from '../domain/version';
import type { Source } from '../ports/source';
import { beating } from './context';
import { serviceOf, type ActivityDeps } from './deps';
import type { Activities, CommitEnd } from './index';
import { toMainline } from './mainline';

/** A fix that validation keeps rides again on every new candidate; it needs no approval there. */
function keptPassenger({ bug, fix }: AppliedFix): Passenger {
  return { bug, title: '', severity: 'low', modules: [], fix, approvals: [] };
}

async function baseOfOrder(source: Source, order: DeploymentOrder, main: string): Promise<Target> {
  if (order.base) return order.base;
  const sha = await source.resolve(main);
  const version = sha && (await source.versionAt(sha));
  if (sha && version) return { sha, version };
  throw new TidegateFailure(
    'BadRef',
    `${order.service} has no commit with a version on ${main} to deploy first. Push one.`,
  );
}

/** The next patch that no tag has taken: a tag of a rolled-back version stays. The same deployment finds its own again. */
async function nextVersion(source: Source, order: DeploymentOrder, base: Target): Promise<string> {
  const built = await source.resolve(deploymentRef(order.id));
  const own = built && (await source.versionAt(built));
  if (own && built !== base.sha) return own;
  let version = bumpPatch(base.version);
  while ((await source.resolve(`refs/tags/${versionTag(version)}`)) !== null) version = bumpPatch(version);
  return version;
}

/** Day of the CHANGELOG section in the service's zone. */
function localDate(at: number, timeZone: string): string {
  return new Intl.DateTimeFormat('en-CA', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' }).format(at);
}

async function build(deps: ActivityDeps, order: DeploymentOrder, at: number): Promise<Candidate> {
  const { source, policy } = serviceOf(deps, order.service);
  await source.fetch();
  const base = await baseOfOrder(source, order, policy.repo.main);
  const passengers = [...order.kept.map(keptPassenger), ...order.passengers];
  const { production } = order.policy;
  const bugs = passengers.map(({ bug }) => bug);
  const version = production ? await nextVersion(source, order, base) : withFixes(base.version, bugs);
  const validation = production ? await deps.ledger.environment(order.service, order.validation) : null;
  const heldBy = validation?.running?.sha ?? null;
  const date = localDate(at, order.zone);
  const named = { deployment: order.id, env: order.env, base, version, passengers, production, date, at, heldBy };
  const built = await source.buildCandidate(named);
  if (production && somebodyAboard(order, built)) {
    await source.tag(versionTag(built.version), built.sha, await tagMessage(source, built), at);
  }
  const { script } = order.policy.deploy;
  const comparable = script !== undefined && order.running !== null;
  const scriptChanged = comparable && (await source.differs(order.running.sha, built.sha, script));
  return { ...built, base, scriptChanged };
}

async function commit(
  deps: ActivityDeps,
  order: DeploymentOrder,
  candidate: Candidate,
  at: number,
): Promise<CommitEnd> {
  const drivers = serviceOf(deps, order.service);
  const { source } = drivers;
  await source.fetch();
  const ref = environmentRef(order.env);
  await source.move([{ ref, from: await source.resolve(ref), to: candidate.sha }]);
  const holds = await alsoHolds(deps, order, candidate);
  if (!order.policy.production) return { alsoHolds: holds, mainline: 'validated below production' };
  await source.tag(releaseTag(candidate.version), candidate.sha, await tagMessage(source, candidate), at);
  return { alsoHolds: holds, mainline: await toMainline(deps, drivers, order, candidate, at) };
}

/** What validation still holds beyond production; below production, everything this build carries. */
async function alsoHolds(
  { ledger }: ActivityDeps,
  order: DeploymentOrder,
  candidate: Candidate,
): Promise<readonly string[]> {
  if (!order.policy.production) return carriedFixes(order, candidate).map(({ bug }) => bug);
  const validation = await ledger.environment(order.service, order.validation);
  return (validation?.running?.fixes ?? []).map(({ bug }) => bug).filter((bug) => !candidate.aboard.includes(bug));
}

/** Both tags carry the CHANGELOG excerpt (X-08, S-012). */
async function tagMessage(source: Source, { sha, version }: Target): Promise<string> {
  const excerpt = await source.changelogSection(sha, version);
  return `${version}\n\n${excerpt.trim() || 'see CHANGELOG'}\n`;
}

export function createCandidateActivities(deps: ActivityDeps): Pick<Activities, 'buildCandidate' | 'commitDeployment'> {
  return {
    buildCandidate: (order, at) => beating(build(deps, order, at)),
    commitDeployment: (order, candidate, at) => beating(commit(deps, order, candidate, at)),
  };
}
