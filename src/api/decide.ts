/** Decisions on their way from a person to the workflow and back: one path for single ones and batches. */
import { bugRound, STATUS_COLOURS, type BugState, type BugStatus } from '../domain/bug';
import { decideBug } from '../domain/decision';
import { ENVIRONMENT_ROUND, type EnvironmentState } from '../domain/environment';
import { emptyEnvironment } from '../domain/environment-evolve';
import { decideEnvironment } from '../domain/environment-decision';
import type { LedgerEvent } from '../domain/events';
import { bugSubject, bugWorkflowId, environmentSubject, environmentWorkflowId } from '../domain/ids';
import type { Actor } from '../domain/people';
import { redact } from '../domain/redact';
import type { BugDecision, EnvironmentDecision, Refusal, Ruling } from '../domain/verbs';
import type { DecisionOutcome } from '../client/conductor';
import { actorIn, readOnlySentence, type ApiService } from './auth';
import type { ApiDeps } from './operation';
import { ApiProblem, refusedProblem } from './problems';
import type { Bug } from './schemas/bug';
import type { BugDecisionBody, EnvironmentDecisionBody } from './schemas/decision';
import type { Environment } from './schemas/environment';
import { signed } from './sign';
import { viewBug, type Viewer } from './views/bug';
import { viewEnvironment } from './views/environment';

/** 200 with what the ledger holds; 202 when the run took the decision and the ledger has not followed yet. */
export interface Decided<T> {
  readonly status: 200 | 202;
  readonly body: T;
}

/** Sends a decision on a bug. @throws ApiProblem with the refusal's own sentence, which is recorded too */
export async function decideOnBug(
  viewer: Viewer,
  service: ApiService,
  state: BugState,
  wish: BugDecisionBody,
  id: string,
): Promise<Decided<Bug>> {
  const { deps } = viewer;
  const name = service.policy.service;
  const actor = actorIn(viewer.caller, name, viewer.surface);
  const gate = { workflow: bugWorkflowId(name, state.id), round: bugRound(state), revision: state.revision };
  deps.pace.take(gate.workflow);
  const decision = signed(bugDecision(wish, actor, id), gate, deps.now(), deps.signer);
  const refuse = (refusal: Refusal): Promise<never> =>
    refused(deps, { service: name, subject: bugSubject(state.id), decision, actor }, refusal);
  await guardReadOnly(actor, refuse);
  const outcome = await deps.conductor.decideBug(name, state.id, decision);
  const taken = await settled(outcome, refuse, () => decideBug({ state, policy: service.policy }, decision, actor), {
    what: `bug ${state.id} of ${name}`,
  });
  const fresh = taken.recorded ? await deps.ledger.bug(name, state.id) : null;
  if (fresh) return { status: 200, body: await viewBug(viewer, service, fresh) };
  const status = taken.status as BugStatus;
  const body = await viewBug(viewer, service, state);
  return { status: 202, body: { ...body, status, statusColour: STATUS_COLOURS[status], recorded: false } };
}

/** Sends a decision on an environment. @throws ApiProblem */
export async function decideOnEnvironment(
  viewer: Viewer,
  service: ApiService,
  env: string,
  wish: EnvironmentDecisionBody,
  id: string,
): Promise<Decided<Environment>> {
  const { deps } = viewer;
  const name = service.policy.service;
  const actor = actorIn(viewer.caller, name, viewer.surface);
  const known = await deps.ledger.environment(name, env);
  const gate = {
    workflow: environmentWorkflowId(name, env),
    round: ENVIRONMENT_ROUND,
    revision: known?.revision ?? service.policy.revision,
  };
  deps.pace.take(gate.workflow);
  const decision = signed(environmentDecision(wish, actor, id), gate, deps.now(), deps.signer);
  const refuse = (refusal: Refusal): Promise<never> =>
    refused(deps, { service: name, subject: environmentSubject(env), decision, actor }, refusal);
  await guardReadOnly(actor, refuse);
  const outcome = await deps.conductor.decideEnvironment(name, env, decision);
  const present: EnvironmentState = known ?? emptyEnvironment(name, env);
  const taken = await settled(outcome, refuse, () => decideEnvironment(present, decision, actor), {
    what: `${name} ${env}`,
  });
  const fresh = taken.recorded ? await deps.ledger.environment(name, env) : known;
  const body = viewEnvironment(viewer, service, env, fresh);
  return taken.recorded ? { status: 200, body } : { status: 202, body: { ...body, recorded: false } };
}

function bugDecision(wish: BugDecisionBody, actor: Actor, id: string): BugDecision {
  return {
    id,
    verb: wish.verb,
    actor,
    signature: null,
    sha: wish.sha?.toLowerCase() ?? null,
    reason: reasonOf(wish.reason),
    severity: wish.severity ?? null,
    foundIn: wish.foundIn ?? null,
    flow: wish.flow ?? null,
    ref: wish.ref ?? null,
  };
}

function environmentDecision(wish: EnvironmentDecisionBody, actor: Actor, id: string): EnvironmentDecision {
  return { id, verb: wish.verb, actor, signature: null, reason: reasonOf(wish.reason) };
}

/** Whatever looks like a secret ends here: a reason stands in histories and reports for ever. */
export const reasonOf = (reason: string | undefined): string | null => (reason === undefined ? null : redact(reason));

export async function guardReadOnly(actor: Actor, refuse: (refusal: Refusal) => Promise<never>): Promise<void> {
  const sentence = readOnlySentence(actor);
  if (sentence !== null) await refuse({ code: 'not-allowed', sentence, presentSha: null, possible: [] });
}

/** What an outcome means: taken, refused, or nobody there, in which case the ledger's state gives the sentence. */
export async function settled(
  outcome: DecisionOutcome,
  refuse: (refusal: Refusal) => Promise<never>,
  rule: () => Ruling,
  { what }: { readonly what: string },
): Promise<{ readonly recorded: boolean; readonly status: string }> {
  switch (outcome.outcome) {
    case 'accepted':
      return outcome.result;
    case 'refused':
      return refuse(outcome.refusal);
    case 'no-run': {
      const ruling = rule();
      if (!ruling.allowed) return refuse(ruling.refusal);
      throw new ApiProblem(
        'unavailable',
        `Temporal has no run of ${what}: nothing was accepted. Start a worker (tidegate up), then try again.`,
      );
    }
  }
}

interface Refused {
  readonly service: string;
  readonly subject: string;
  readonly decision: { readonly id: string; readonly verb: string; readonly reason: string | null };
  readonly actor: Actor;
}

/** A refused update leaves no trace in Temporal, so the API writes it down (6-faults finding 4), and then answers. */
export async function refused(
  deps: ApiDeps,
  { service, subject, decision, actor }: Refused,
  refusal: Refusal,
): Promise<never> {
  const event: LedgerEvent = {
    id: `refusal/${decision.id}`,
    service,
    subject,
    at: deps.now(),
    actor: actor.id,
    surface: actor.surface,
    reason: decision.reason,
    kind: 'decision.refused',
    data: { verb: decision.verb, code: refusal.code, sentence: refusal.sentence },
  };
  try {
    await deps.ledger.append([event]);
  } catch (error) {
    deps.logger.error({ err: error, subject, actor: actor.id, verb: decision.verb }, 'a refusal could not be recorded');
  }
  throw refusedProblem(refusal);
}
