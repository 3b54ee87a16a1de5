/**
 * The decision table of a deployment under way: who may answer its question, and who may stop it. Asked by every surface,
 * and again inside the workflow, where races end (A-052, 6-faults F28, F52, abuse 16).
 */
import { list, roleProblem, type Problem } from './decision';
import { openQuestion, stageOf, type DeploymentState, type Stage } from './deployment';
import { answerSentence, extendedMs, pendingQuestion } from './deployment-question';
import type { Actor, Role } from './people';
import type { EnvironmentPolicy } from './policy';
import { DEPLOYMENT_VERBS, type Action, type DeploymentDecision, type DeploymentVerb, type Ruling } from './verbs';

/** What a decision is made on; nothing here is read from outside. */
export interface DeploymentFacts {
  readonly state: DeploymentState;
  readonly policy: Pick<EnvironmentPolicy, 'approvals' | 'watch'>;
}

/** Going back is the safe way: more people may send a candidate back than may let it stay. */
const STOPPERS: readonly Role[] = ['admin', 'manager', 'senior', 'operator'];
const MINUTE = 60_000;

const LABELS: Readonly<Record<DeploymentVerb, string>> = {
  continue: 'Continue',
  rollback: 'Roll back',
  extend: 'Watch longer',
  take: 'Take it',
  abort: 'Abort',
};

/** Roles that may let a candidate stay whose watch found something: those that may let one in. */
export const answererRoles = ({ approvals }: DeploymentFacts['policy']): readonly Role[] => approvals.default.roles;

/** May this decision be taken now? */
export function decideDeployment(facts: DeploymentFacts, decision: DeploymentDecision, actor: Actor): Ruling {
  const { verb } = decision;
  const problem = whoOrWhen(facts, verb, actor) ?? contentProblem(facts, decision);
  if (problem === null) return { allowed: true };
  const possible = DEPLOYMENT_VERBS.filter((each) => whoOrWhen(facts, each, actor) === null);
  return { allowed: false, refusal: { code: problem.code, sentence: problem.sentence, presentSha: null, possible } };
}

/** Every verb with whether this person may use it now, and why not. */
export function deploymentActions(facts: DeploymentFacts, actor: Actor): readonly Action<DeploymentVerb>[] {
  return DEPLOYMENT_VERBS.map((verb) => {
    const problem = whoOrWhen(facts, verb, actor) ?? (verb === 'extend' ? roomProblem(facts, 1) : null);
    return { verb, label: LABELS[verb], allowed: problem === null, why: problem?.sentence ?? null };
  });
}

/** Null when the actor may use the verb at all: also asked where a deployment's state cannot be read. */
export function deploymentRoleProblem(
  verb: DeploymentVerb,
  policy: DeploymentFacts['policy'],
  actor: Actor,
): Problem | null {
  // One person must always be able to stop a deployment, also from Temporal's own UI (abuse 16).
  if (verb === 'abort' && actor.surface === 'temporal-ui') return null;
  const letsStay = verb === 'continue' || verb === 'extend';
  const roles = letsStay ? answererRoles(policy) : [...new Set([...STOPPERS, ...answererRoles(policy)])];
  return roleProblem(actor, verb, roles);
}

function whoOrWhen(facts: DeploymentFacts, verb: DeploymentVerb, actor: Actor): Problem | null {
  const when = verb === 'abort' ? abortProblem(facts.state) : questionProblem(facts.state, verb, actor);
  return when ?? deploymentRoleProblem(verb, facts.policy, actor);
}

const wrongState = (sentence: string): Problem => ({ code: 'wrong-state', sentence });

function abortProblem(state: DeploymentState): Problem | null {
  const { id, abort } = state;
  const stage = stageOf(state);
  switch (stage) {
    case 'before':
    case 'live':
    case 'asked':
      return null;
    case 'aborting':
      return wrongState(`${abort?.by ?? 'Somebody'} aborts ${id} already: wait for its end.`);
    case 'going-back':
    case 'committing':
    case 'ended':
      return wrongState(`${id} ${stageWords(state, stage)}: abort comes too late.`);
  }
}

function stageWords({ verdict }: DeploymentState, stage: Stage): string {
  switch (stage) {
    case 'before':
    case 'live':
      return 'is under way';
    case 'asked':
      return 'waits for an answer';
    case 'aborting':
      return 'is being aborted';
    case 'going-back':
      return 'is being rolled back, which completes first';
    case 'committing':
      return 'has passed its watch and is being written down';
    case 'ended':
      return `has ended ${verdict ?? ''}`.trim();
  }
}

/** An answer needs an open question, and the first one counts. */
function questionProblem(state: DeploymentState, verb: DeploymentVerb, actor: Actor): Problem | null {
  const { id, env, questions } = state;
  const open = openQuestion(state);
  if (open !== null) {
    if (verb !== 'take' || open.owner?.by !== actor.id) return null;
    return wrongState(`${actor.id} has taken the question of ${id} already.`);
  }
  const last = questions.at(-1);
  if (last && pendingQuestion(questions) === null) {
    return wrongState(`The question of ${id} is answered: ${answerSentence(last)}. The first answer counts.`);
  }
  return wrongState(
    `${id} ${stageWords(state, stageOf(state))}: the watch of ${env} asks nothing now, so ${verb} is not possible.`,
  );
}

function contentProblem(facts: DeploymentFacts, { verb, reason, minutes }: DeploymentDecision): Problem | null {
  if (verb === 'rollback' && !reason?.trim()) {
    return { code: 'invalid', sentence: 'rollback needs a reason: say why in one sentence.' };
  }
  if (verb !== 'extend') return null;
  if (minutes === null || !Number.isInteger(minutes) || minutes < 1) {
    return { code: 'invalid', sentence: 'extend needs minutes: a whole number from 1, such as 10.' };
  }
  return roomProblem(facts, minutes);
}

/** No window grows for ever: the config says by how much in all. */
function roomProblem({ state, policy }: DeploymentFacts, minutes: number): Problem | null {
  const { extendMs } = policy.watch.soft;
  const left = Math.floor((extendMs - extendedMs(state.questions)) / MINUTE);
  if (minutes <= left) return null;
  const most = `The watch of ${state.env} may grow by ${Math.floor(extendMs / MINUTE)} min in all`;
  const now = left < 1 ? 'nothing is left of them' : `${left} are left`;
  const others = list(DEPLOYMENT_VERBS.filter((verb) => verb === 'continue' || verb === 'rollback'));
  return { code: 'invalid', sentence: `${most} (watch.soft.extend), and ${now}: ${others} are possible.` };
}
