/** The decision table of an environment: stop the line, go on, look again. */
import { list, roleProblem, type Problem } from './decision';
import type { EnvironmentState } from './environment';
import type { Actor } from './people';
import { ENVIRONMENT_VERBS, type EnvironmentDecision, type Ruling } from './verbs';

/** hold and resume are for admin and manager, and for an operator in Temporal's UI; recheck is the way out of unknown. */
export function decideEnvironment(state: EnvironmentState, decision: EnvironmentDecision, actor: Actor): Ruling {
  const possible = ENVIRONMENT_VERBS.filter(
    (verb) => environmentProblem(state, { ...decision, verb, reason: 'x' }, actor) === null,
  );
  const problem = environmentProblem(state, decision, actor);
  if (problem === null) return { allowed: true };
  return { allowed: false, refusal: { code: problem.code, sentence: problem.sentence, presentSha: null, possible } };
}

function environmentProblem(state: EnvironmentState, decision: EnvironmentDecision, actor: Actor): Problem | null {
  const { verb } = decision;
  const unsigned = actor.surface === 'temporal-ui' && verb !== 'recheck';
  const role = unsigned ? null : roleProblem(actor, verb, ['admin', 'manager']);
  if (role) return role;
  const place = `${state.service} ${state.env}`;
  if (verb === 'hold' && !decision.reason?.trim()) {
    return { code: 'invalid', sentence: `hold needs a reason: say why ${place} must stand still.` };
  }
  if (verb === 'resume' && !state.holds.some(({ by }) => by === actor.id)) {
    const holders = list(state.holds.map(({ by }) => by));
    return { code: 'wrong-state', sentence: `${actor.id} does not hold ${place}. Held by: ${holders}.` };
  }
  if (verb === 'recheck' && state.current !== null) {
    return {
      code: 'wrong-state',
      sentence: `${place} is being deployed to (${state.current.deployment}): recheck it once that has ended.`,
    };
  }
  return null;
}
