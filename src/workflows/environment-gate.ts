/** An environment's gate: hold, resume, recheck (stop-the-line; the way out of an unknown state). */
import { decideEnvironment } from '../domain/environment-decision';
import type { EnvironmentEvent, EnvironmentState } from '../domain/environment';
import { TEMPORAL_OPERATOR } from '../domain/people';
import type { EnvironmentDecision, Refusal } from '../domain/verbs';
import type { Journal } from './journal';
import { environmentReads } from './proxies';

export interface EnvironmentGate {
  ruling(decision: EnvironmentDecision): Refusal | null;
  take(decision: EnvironmentDecision, at: number): Promise<Refusal | null>;
}

export function createEnvironmentGate(journal: Journal<EnvironmentState, EnvironmentEvent>): EnvironmentGate {
  const { state } = journal;

  function ruling(decision: EnvironmentDecision): Refusal | null {
    const answer = decideEnvironment(state(), decision, decision.actor ?? TEMPORAL_OPERATOR);
    return answer.allowed ? null : answer.refusal;
  }

  async function rechecked(at: number): Promise<EnvironmentEvent> {
    const { service, env } = state();
    const { running, source } = await environmentReads(service, env).observeEnvironment(service, env, at);
    const sentence = running ? `${env} runs ${running.version} (${source})` : `${env} runs nothing (${source})`;
    return { kind: 'environment.rechecked', data: { running, sentence } };
  }

  return {
    ruling,
    async take(decision, at) {
      const first = ruling(decision);
      if (first) return first;
      const event: EnvironmentEvent =
        decision.verb === 'recheck'
          ? await rechecked(at)
          : { kind: decision.verb === 'hold' ? 'environment.held' : 'environment.resumed', data: {} };
      const problem = ruling(decision);
      if (problem) return problem;
      journal.emit(event, decision.actor ?? TEMPORAL_OPERATOR, decision.reason, at);
      return null;
    },
  };
}
