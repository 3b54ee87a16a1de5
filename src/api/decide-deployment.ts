/** Decisions on a deployment under way, and the abort that needs neither ledger nor a free run (6-faults E7, abuse 16). */
import type { DecisionOutcome } from '../client/conductor';
import { deploymentRound, type DeploymentState } from '../domain/deployment';
import { decideDeployment, deploymentRoleProblem } from '../domain/deployment-decision';
import { deploymentSubject, deploymentWorkflowId } from '../domain/ids';
import { environmentPolicy } from '../domain/policy';
import type { DeploymentDecision, Refusal, Ruling } from '../domain/verbs';
import { actorIn, type ApiService } from './auth';
import { guardReadOnly, reasonOf, refused, settled } from './decide';
import type { DeploymentDecisionBody } from './schemas/decision';
import type { DeploymentTaken } from './schemas/deployment';
import { signed } from './sign';
import type { Viewer } from './views/bug';

/** A deployment as its id names it; `state` is null while the ledger is away. */
export interface DeploymentPlace {
  readonly service: ApiService;
  readonly env: string;
  readonly id: string;
  readonly state: DeploymentState | null;
}

/** Sends a decision. @throws ApiProblem with the refusal's own sentence, which is recorded too */
export async function decideOnDeployment(
  viewer: Viewer,
  place: DeploymentPlace,
  wish: DeploymentDecisionBody,
  seed: string,
): Promise<DeploymentTaken> {
  const { deps } = viewer;
  const { service, env, id } = place;
  const name = service.policy.service;
  const actor = actorIn(viewer.caller, name, viewer.surface);
  const decision = signedDecision(viewer, place, {
    ...{ id: seed, verb: wish.verb, actor, signature: null },
    reason: reasonOf(wish.reason),
    minutes: wish.minutes ?? null,
  });
  const about = { service: name, subject: deploymentSubject(id), decision, actor };
  const refuse = (refusal: Refusal): Promise<never> => refused(deps, about, refusal);
  await guardReadOnly(actor, refuse);
  const policy = environmentPolicy(service.policy, env);
  // An abort may end as a bare cancellation, which asks nobody who sends it: so it is asked here.
  const problem = wish.verb === 'abort' ? deploymentRoleProblem('abort', policy, actor) : null;
  if (problem) await refuse({ code: problem.code, sentence: problem.sentence, presentSha: null, possible: [] });
  const outcome = await deps.conductor.decideDeployment(name, env, decision, id);
  await noteCancellation(viewer, place, outcome, decision);
  const rule = (): Ruling =>
    place.state === null ? { allowed: true } : decideDeployment({ state: place.state, policy }, decision, actor);
  const { recorded, status } = await settled(outcome, refuse, rule, { what: `deployment ${id}` });
  return { id, service: name, env, stage: status, recorded };
}

/** An abort is never held back by how many others decide. */
function signedDecision({ deps }: Viewer, place: DeploymentPlace, decision: DeploymentDecision): DeploymentDecision {
  const { service, env, id, state } = place;
  const workflow = deploymentWorkflowId(service.policy.service, env, id);
  if (decision.verb !== 'abort') deps.pace.take(workflow);
  const now = deps.now();
  // Without the ledger nobody knows the round: such an abort goes as a cancellation.
  const round = state === null ? now : deploymentRound(state);
  const revision = state?.revision ?? service.policy.revision;
  return signed(decision, { workflow, round, revision }, now, deps.signer);
}

/** Temporal keeps no name with a cancellation, so the ledger does. */
async function noteCancellation(
  { deps }: Viewer,
  { service, id }: DeploymentPlace,
  outcome: DecisionOutcome,
  { id: decisionId, verb, actor, reason }: DeploymentDecision,
): Promise<void> {
  if (outcome.outcome !== 'accepted' || !outcome.cancelled || actor === null) return;
  const { surface } = actor;
  const event = {
    ...{ id: `cancelled/${decisionId}`, service: service.policy.service, subject: deploymentSubject(id) },
    ...{ at: deps.now(), actor: actor.id, surface, reason },
    ...{ kind: 'decision.by-cancellation' as const, data: { verb } },
  };
  await deps.ledger.append([event]).catch((error: unknown) => {
    deps.logger.error(
      { err: error, deployment: id, actor: actor.id },
      'an abort by cancellation could not be recorded',
    );
  });
}
