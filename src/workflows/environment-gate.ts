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

  /** Asks the target itself; one that does not answer proves nothing, and its state stays unknown. */
  async function rechecked(at: number): Promise<EnvironmentEvent | Refusal> {
    const { service, env } = state();
    const { running, source, answered } = await environmentReads(service, env).observeEnvironment(service, env, at);
    if (answered) {
      const sentence = running ? `${env} runs ${running.version} (${source})` : `${env} runs nothing known (${source})`;
      return { kind: 'environment.rechecked', data: { running, sentence } };
    }
    const sentence = `${env} does not say for certain what it runs (${source}): bring it up or wait for its script, then recheck again.`;
    return { code: 'unavailable', sentence, presentSha: null, possible: ['recheck'] };
  }

  return {
    ruling,
    async take(decision, at) {
      const first = ruling(decision);
      if (first) return first;
      const event: EnvironmentEvent | Refusal =
        decision.verb === 'recheck'
          ? await rechecked(at)
          : { kind: decision.verb === 'hold' ? 'environment.held' : 'environment.resumed', data: {} };
      if ('code' in event) return event;
      const problem = ruling(decision);
      if (problem) return problem;
      journal.decide(event, decision, at);
      return null;
    },
  };
}
