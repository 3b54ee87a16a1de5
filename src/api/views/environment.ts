/** An environment as the API shows it: what runs there, what waits in front of it, what the caller may do. */
import { type EnvironmentState, type Running } from '../../domain/environment';
import { emptyEnvironment } from '../../domain/environment-evolve';
import { decideEnvironment } from '../../domain/environment-decision';
import { environmentWorkflowId } from '../../domain/ids';
import { environmentPolicy } from '../../domain/policy';
import { ENVIRONMENT_VERBS, type EnvironmentVerb } from '../../domain/verbs';
import { actorIn, type ApiService } from '../auth';
import { iso } from '../schemas/common';
import type { Environment } from '../schemas/environment';
import type { Viewer } from './bug';
import { linksOf } from './links';

const LABELS: Readonly<Record<EnvironmentVerb, string>> = {
  hold: 'Hold',
  resume: 'Resume',
  recheck: 'Recheck now',
};

/** An environment that the ledger does not know yet is shown as configured, with nothing observed. */
export function viewEnvironment(
  viewer: Viewer,
  { policy }: ApiService,
  env: string,
  known: EnvironmentState | null,
): Environment {
  const state = known ?? emptyEnvironment(policy.service, env);
  const { url, production } = environmentPolicy(policy, env);
  const { service } = policy;
  return {
    service,
    env,
    url,
    production,
    validation: policy.validation === env,
    running: state.running && runningOf(state.running),
    lastGood: state.lastGood,
    queue: queueOf(state),
    current: state.current && {
      deployment: state.current.deployment,
      startedAt: iso(state.current.startedAt),
      bugs: state.current.requests.flatMap(({ passenger }) => passenger?.bug ?? []),
    },
    slot: state.slot && { kind: state.slot.kind, at: iso(state.slot.at), graceUntil: iso(state.slot.graceUntil) },
    holds: state.holds.map((hold) => ({ ...hold, at: iso(hold.at) })),
    unknown: state.unknown && { ...state.unknown, at: iso(state.unknown.at) },
    actions: actionsOf(viewer, state),
    links: linksOf(viewer.deps.links, environmentWorkflowId(service, env), `/environments/${service}/${env}`),
  };
}

function runningOf(running: Running): Environment['running'] {
  const { version, sha, base, deployment, fixes, since } = running;
  return {
    version,
    sha,
    base,
    deployment,
    fixes: fixes.map(({ bug, fix, leaving }) => ({ bug, head: fix.head, leaving })),
    since: iso(since),
  };
}

function queueOf(state: EnvironmentState): Environment['queue'] {
  return state.queue.map(({ id, kind, slot, passenger, at }) => ({
    id,
    kind,
    slot,
    bug: passenger?.bug ?? null,
    title: passenger?.title ?? null,
    at: iso(at),
  }));
}

function actionsOf({ caller, surface }: Viewer, state: EnvironmentState): Environment['actions'] {
  const actor = actorIn(caller, state.service, surface);
  return ENVIRONMENT_VERBS.map((verb) => {
    // The button comes before the reason is typed: a missing reason is no reason to grey it out.
    const decision = { id: 'preview', verb, actor, signature: null, reason: 'to be given' };
    const ruling = decideEnvironment(state, decision, actor);
    const why = ruling.allowed ? null : ruling.refusal.sentence;
    return { verb, label: LABELS[verb], allowed: ruling.allowed, why };
  });
}
