/** The gate of a deployment under way: people answer its question, take it, or stop it all (A-052, 6-faults F28, F29). */
import { setHandler, workflowInfo } from '@temporalio/workflow';
import { deploymentRound, stageOf } from '../domain/deployment';
import { decideDeployment } from '../domain/deployment-decision';
import { TEMPORAL_OPERATOR } from '../domain/people';
import type { DeploymentDecision, Refusal } from '../domain/verbs';
import { answeredText } from '../domain/watch-texts';
import { readDeploymentDecision } from '../domain/wire';
import { createDecisions } from './decisions';
import type { Flight } from './deployment-steps';
import { createIntake } from './intake';
import * as messages from './messages';

export interface DeploymentGate {
  ruling(decision: DeploymentDecision): Refusal | null;
  take(decision: DeploymentDecision, at: number): Promise<Refusal | null>;
}

/** Rules and takes in one synchronous go: of two answers at the same moment the first counts. */
export function createDeploymentGate(flight: Flight): DeploymentGate {
  const { journal, order } = flight;

  function ruling(decision: DeploymentDecision): Refusal | null {
    const facts = { state: journal.state(), policy: order.policy };
    const answer = decideDeployment(facts, decision, decision.actor ?? TEMPORAL_OPERATOR);
    return answer.allowed ? null : answer.refusal;
  }

  return {
    ruling,
    take(decision, at) {
      const problem = ruling(decision);
      if (problem === null) effect(flight, decision, at);
      return Promise.resolve(problem);
    },
  };
}

function effect(flight: Flight, decision: DeploymentDecision, at: number): void {
  const { journal } = flight;
  const { verb, minutes } = decision;
  switch (verb) {
    case 'abort':
      journal.decide({ kind: 'deployment.abort-asked', data: {} }, decision, at);
      return flight.forward.cancel();
    case 'take':
      return journal.decide({ kind: 'deployment.taken', data: {} }, decision, at);
    case 'continue':
    case 'rollback':
    case 'extend': {
      const data = { answer: verb, minutes: verb === 'extend' ? minutes : null, byDefault: false };
      journal.decide({ kind: 'deployment.answered', data }, decision, at);
      const answered = journal.state().questions.at(-1);
      if (answered) flight.announce(answeredText(journal.state(), answered));
    }
  }
}

/** Opens the gate: the same decision by update and by signal, as everywhere (3-architecture §3 rule 3). */
export function listen(flight: Flight): void {
  const { journal, order } = flight;
  const { workflowId: workflow } = workflowInfo();
  const { service, revision, signers } = order;
  const decisions = createDecisions({
    gate: createDeploymentGate(flight),
    journal,
    intake: createIntake(),
    read: readDeploymentDecision,
    taken: [],
    status: () => stageOf(journal.state()),
    service,
    signedFor: () => ({ workflow, round: deploymentRound(journal.state()), revision, signers }),
  });
  setHandler(messages.decideDeploymentUpdate, decisions.update, { validator: decisions.validate });
  setHandler(messages.decideDeploymentSignal, decisions.signal);
  setHandler(messages.deploymentStateQuery, () => journal.state());
}
