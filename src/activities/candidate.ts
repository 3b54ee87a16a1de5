/** Git's part of a deployment: build the candidate and its tag before, keep the record of what runs after. */
import type { Candidate, Target } from '../domain/deployment';
import type { DeploymentOrder } from '../domain/deployment-order';
import { carriedFixes } from '../domain/deployment-plan';
import type { AppliedFix, Passenger } from '../domain/environment';
import { TidegateFailure } from '../domain/failures';
import {
  deploymentRef,
  environmentRef,
  eventId,
  releaseTag,
  versionTag,
  deploymentWorkflowId,
  deploymentSubject,
} from '../domain/ids';
import { TIDEGATE } from '../domain/people';
import { bumpPatch, withFixes } from '../domain/version';
import type { Source } from '../ports/source';
import { beating } from './context';
import { serviceOf, type ActivityDeps, type ServiceDrivers } from './deps';
import type { Activities } from './index';

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

export function createCandidateActivities(deps: ActivityDeps): Pick<Activities, 'buildCandidate' | 'commitDeployment'> {
  const { ledger } = deps;

  async function build(order: DeploymentOrder, at: number): Promise<Candidate> {
    const { source, policy, targets } = serviceOf(deps, order.service);
    await source.fetch();
    const base = await baseOfOrder(source, order, policy.repo.main);
    const passengers = [...order.kept.map(keptPassenger), ...order.passengers];
    const { production } = order.policy;
    const version = production
      ? await nextVersion(source, order, base)
      : withFixes(
          base.version,
          passengers.map(({ bug }) => bug),
        );
    const validation = production ? await ledger.environment(order.service, order.validation) : null;
    const heldBy = validation?.running?.sha ?? null;
    const date = localDate(at, order.zone);
    const built = await source.buildCandidate({
      deployment: order.id,
      env: order.env,
      base,
      version,
      passengers,
      production,
      date,
      at,
      heldBy,
    });
    const script = targets[order.env]?.script ?? null;
    const scriptChanged =
      script !== null && order.running !== null && (await source.differs(order.running.sha, built.sha, script));
    if (production && built.aboard.length > 0) {
      await source.tag(versionTag(built.version), built.sha, await tagMessage(source, built), at);
    }
    return { ...built, base, scriptChanged };
  }

  /** Puts each shipped fix on the main line, or leaves the duty to do so. */
  async function toMainline(
    drivers: ServiceDrivers,
    order: DeploymentOrder,
    candidate: Candidate,
    at: number,
  ): Promise<string> {
    const shipped = order.passengers
      .filter(({ bug }) => candidate.aboard.includes(bug))
      .map(({ fix, bug }) => ({ fix, bug }));
    const main = drivers.policy.repo.main;
    const missing = [];
    for (const { fix, bug } of shipped)
      if ((await drivers.source.missingOnMain(fix)).length > 0) missing.push({ fix, bug });
    if (missing.length === 0) return `${main} holds every fix`;
    if (order.mainline === 'merge') {
      const merged = await drivers.source.mergeToMain(missing.map(({ fix }) => fix)).then(
        () => true,
        () => false,
      );
      if (merged) return `${main} got ${missing.length} fix(es)`;
    }
    await openDuties(
      order,
      missing.map(({ bug }) => bug),
      main,
      at,
    );
    return `duty: bring ${missing.map(({ bug }) => `#${bug}`).join(', ')} to ${main}`;
  }

  async function openDuties(order: DeploymentOrder, bugs: readonly string[], main: string, at: number): Promise<void> {
    const workflowId = deploymentWorkflowId(order.service, order.env, order.id);
    await ledger.append(
      bugs.map((bug) => ({
        id: `${eventId(workflowId, 0)}-mainline-${bug}`,
        kind: 'duty.opened' as const,
        service: order.service,
        subject: deploymentSubject(order.id),
        at,
        actor: TIDEGATE.id,
        surface: TIDEGATE.surface,
        reason: null,
        data: {
          duty: `mainline-${bug}`,
          owner: 'developer',
          dueAt: at + 7 * 86_400_000,
          what: `#${bug} is on production but not on ${main}: merge it, or the next release loses it`,
        },
      })),
    );
  }

  /** What validation still holds beyond production; below production, everything this build carries. */
  async function alsoHolds(order: DeploymentOrder, candidate: Candidate): Promise<readonly string[]> {
    if (!order.policy.production) return carriedFixes(order, candidate).map(({ bug }) => bug);
    const validation = await ledger.environment(order.service, order.validation);
    return (validation?.running?.fixes ?? []).map(({ bug }) => bug).filter((bug) => !candidate.aboard.includes(bug));
  }

  return {
    buildCandidate: (order, at) => beating(build(order, at)),
    async commitDeployment(order, candidate, at) {
      const drivers = serviceOf(deps, order.service);
      const { source } = drivers;
      return beating(
        (async () => {
          await source.fetch();
          const ref = environmentRef(order.env);
          await source.move([{ ref, from: await source.resolve(ref), to: candidate.sha }]);
          const production = order.policy.production;
          if (production)
            await source.tag(releaseTag(candidate.version), candidate.sha, await tagMessage(source, candidate), at);
          const mainline = production ? await toMainline(drivers, order, candidate, at) : 'validated below production';
          return { alsoHolds: await alsoHolds(order, candidate), mainline };
        })(),
      );
    },
  };
}

/** Both tags carry the CHANGELOG excerpt (X-08, S-012). */
async function tagMessage(source: Source, { sha, version }: Target): Promise<string> {
  const excerpt = await source.changelogSection(sha, version);
  return `${version}\n\n${excerpt.trim() || 'see CHANGELOG'}\n`;
}
