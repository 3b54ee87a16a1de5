/** A bug as the API shows it: the ledger's state, the outlook, the timeline and what the caller may do. */
import { STATUS_COLOURS, type BugState } from '../../domain/bug';
import { boundFor, bugOutlook, changedScripts, type BugOutlook } from '../../domain/bug-view';
import { bugActions } from '../../domain/decision';
import type { DeploymentState } from '../../domain/deployment';
import type { EnvironmentState } from '../../domain/environment';
import { eventWords } from '../../domain/event-words';
import { bugSubject, bugWorkflowId } from '../../domain/ids';
import type { Surface } from '../../domain/people';
import type { ServicePolicy } from '../../domain/policy';
import type { ChainedEvent } from '../../ports/ledger';
import { actorIn, type ApiService, type Caller } from '../auth';
import type { ApiDeps } from '../operation';
import type { Bug, BugSummary } from '../schemas/bug';
import { iso, isoOrNull } from '../schemas/common';
import { linksOf } from './links';

/** Events shown of one bug; older ones stand in the ledger. */
const TIMELINE = 500;

/** Whose eyes look: the actions, and the sentences why not, are theirs. */
export interface Viewer {
  readonly caller: Caller;
  readonly surface: Surface;
  readonly deps: ApiDeps;
}

/** Bugs of a list; facts that several share are read once. */
export async function viewBugs(viewer: Viewer, states: readonly BugState[]): Promise<readonly BugSummary[]> {
  const environments = await viewer.deps.ledger.environments();
  const deployments = await deploymentsOf(viewer.deps, states);
  return states.flatMap((state) => {
    const service = viewer.deps.services.find(({ policy }) => policy.service === state.service);
    return service ? [summary(viewer, service, state, environments, deployments)] : [];
  });
}

/** One bug with its timeline. */
export async function viewBug(viewer: Viewer, service: ApiService, state: BugState): Promise<Bug> {
  const { ledger } = viewer.deps;
  const environments = await ledger.environments();
  const deployments = await deploymentsOf(viewer.deps, [state]);
  const events = await ledger.timeline(state.service, bugSubject(state.id), TIMELINE);
  return { ...summary(viewer, service, state, environments, deployments), timeline: events.map(timelineEntry) };
}

async function deploymentsOf(
  { ledger }: ApiDeps,
  states: readonly BugState[],
): Promise<ReadonlyMap<string, DeploymentState | null>> {
  const ids = [...new Set(states.flatMap((state) => state.deployments))];
  return new Map(await Promise.all(ids.map(async (id) => [id, await ledger.deployment(id)] as const)));
}

function summary(
  { caller, surface, deps }: Viewer,
  service: ApiService,
  state: BugState,
  environments: readonly EnvironmentState[],
  deployments: ReadonlyMap<string, DeploymentState | null>,
): BugSummary {
  const { policy } = service;
  const env = boundFor(state, policy);
  const environment = environments.find((each) => each.service === state.service && each.env === env) ?? null;
  const now = deps.now();
  const outlook = bugOutlook(state, { policy, now, nextT2: nextT2(deps, service, state, now), environment });
  return {
    ...reportOf(state),
    ...statusOf(state, outlook),
    ...workOf(state, policy),
    deployments: state.deployments.map((id) => deploymentOfBug(id, deployments.get(id) ?? null)),
    actions: [...bugActions({ state, policy }, actorIn(caller, state.service, surface))],
    links: linksOf(deps.links, bugWorkflowId(state.service, state.id), `/bugs/${state.service}/${state.id}`),
  };
}

/** Only a bug that waits for its approval has a chance to make the next T2. */
function nextT2(
  { calendars }: ApiDeps,
  { policy }: ApiService,
  state: BugState,
  now: number,
): Parameters<typeof bugOutlook>[1]['nextT2'] {
  if (calendars === null || state.status !== 'deployed_uat') return null;
  const { service, modules } = state;
  return calendars.next({ service, env: policy.production, modules, kind: 'T2', after: now, departed: [] }).slot;
}

function reportOf(
  state: BugState,
): Pick<
  Bug,
  'id' | 'service' | 'title' | 'description' | 'severity' | 'foundIn' | 'evidence' | 'modules' | 'services' | 'external'
> {
  const { id, service, title, description, severity, foundIn, evidence, modules, services, external } = state;
  return {
    ...{ id, service, title, description, severity, foundIn, evidence, external },
    modules: [...modules],
    services: [...services],
  };
}

function statusOf(state: BugState, { waitingFor, nextEvent, blockedBy }: BugOutlook) {
  return {
    reporter: state.reporter,
    reportedAt: iso(state.reportedAt),
    confirmedBy: state.confirmedBy,
    flow: state.flow,
    status: state.status,
    statusColour: STATUS_COLOURS[state.status],
    statusAt: iso(state.statusAt),
    endedAt: isoOrNull(state.endedAt),
    waitingFor: waitingFor && {
      who: waitingFor.who,
      what: waitingFor.what,
      since: iso(waitingFor.since),
      until: isoOrNull(waitingFor.until),
    },
    nextEvent: nextEvent && { what: nextEvent.what, at: isoOrNull(nextEvent.at) },
    blockedBy,
  };
}

function workOf(state: BugState, policy: ServicePolicy) {
  const { fix, analysis, validation, approvals, shipped } = state;
  return {
    fix: fix && {
      ref: fix.ref,
      head: fix.head,
      base: fix.base,
      files: [...fix.files],
      changesScript: [...changedScripts(state, policy)],
      authors: [...fix.authors],
      diff: fix.diff,
    },
    analysis: analysis && {
      ...analysis,
      plan: [...analysis.plan],
      evidence: [...analysis.evidence],
      suspects: analysis.suspects.map((suspect) => ({ ...suspect, at: isoOrNull(suspect.at) })),
    },
    validation: validation && {
      deployment: validation.deployment,
      version: validation.version,
      sha: validation.sha,
      alsoHolds: [...validation.alsoHolds],
    },
    approvals: approvals.map(({ proof: _, ...approval }) => ({
      ...approval,
      roles: [...approval.roles],
      at: iso(approval.at),
    })),
    shipped: shipped && { ...shipped, alsoHolds: [...shipped.alsoHolds] },
  };
}

function deploymentOfBug(id: string, state: DeploymentState | null): Bug['deployments'][number] {
  return {
    id,
    env: state?.env ?? null,
    version: state?.candidate?.version ?? null,
    verdict: state?.verdict ?? null,
    startedAt: isoOrNull(state?.startedAt ?? null),
    endedAt: isoOrNull(state?.endedAt ?? null),
  };
}

function timelineEntry({ event }: ChainedEvent): Bug['timeline'][number] {
  const { at, kind, actor, surface, reason } = event;
  return { at: iso(at), kind, words: eventWords(event), actor, surface, reason };
}
