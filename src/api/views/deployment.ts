/** A deployment as the API shows it. */
import { openQuestion, type Candidate, type DeploymentState, type SmokeResult } from '../../domain/deployment';
import { deploymentActions } from '../../domain/deployment-decision';
import type { Hand, Question } from '../../domain/deployment-question';
import { deploymentWorkflowId } from '../../domain/ids';
import type { Sample as DomainSample } from '../../domain/watch';
import { actorIn } from '../auth';
import { iso, isoOrNull } from '../schemas/common';
import type { Deployment, Sample } from '../schemas/deployment';
import type { Viewer } from './bug';
import { linksOf } from './links';

export function viewDeployment(viewer: Viewer, state: DeploymentState): Deployment {
  const { id, service, env, production, strategy, previous, phase, breach, verdict, reason, rollback, evidence } =
    state;
  const open = openQuestion(state);
  const question = open && questionOf(open);
  return {
    ...{ id, service, env, production, strategy, previous, phase, breach, verdict, reason, evidence },
    bugs: state.passengers.map(({ bug, title, fix }) => ({ id: bug, title, head: fix.head })),
    candidate: state.candidate && candidateOf(state.candidate),
    startedAt: iso(state.startedAt),
    endedAt: isoOrNull(state.endedAt),
    phases: state.phases.map((record) => ({
      ...record,
      startedAt: iso(record.startedAt),
      endedAt: isoOrNull(record.endedAt),
    })),
    checks: state.checks.map((check) => ({ ...check })),
    smoke: smokeOf(state.smoke),
    metadata: { ...state.metadata },
    question,
    questions: state.questions.map(questionOf),
    abort: state.abort && handOf(state.abort),
    actions: actionsOf(viewer, state),
    waitingFor: question && {
      who: question.who.join(' or '),
      what: `an answer on the watch of ${env}: ${question.sentence}`,
      since: question.since,
      until: question.until,
    },
    rollback: rollback && { ...rollback, smoke: smokeOf(rollback.smoke) },
    links: linksOf(viewer.deps.links, deploymentWorkflowId(service, env, id), `/deployments/${id}`),
  };
}

const handOf = ({ by, surface, at, reason }: Hand) => ({ by, surface, at: iso(at), reason });

function questionOf({ breach, who, since, until, otherwise, owner, escalatedAt, answer }: Question) {
  return {
    ...{ rule: breach.rule, sentence: breach.sentence, who: [...who], otherwise },
    since: iso(since),
    until: iso(until),
    owner: owner && handOf(owner),
    escalatedAt: isoOrNull(escalatedAt),
    answer: answer && { ...answer, at: iso(answer.at) },
  };
}

/** Nobody decides on a deployment to an environment that the config no longer has. */
function actionsOf({ deps, caller, surface }: Viewer, state: DeploymentState): Deployment['actions'] {
  const policy = deps.services.find((each) => each.policy.service === state.service)?.policy.environments[state.env];
  return policy ? [...deploymentActions({ state, policy }, actorIn(caller, state.service, surface))] : [];
}

const smokeOf = (smoke: readonly SmokeResult[]): Deployment['smoke'] => smoke.map((result) => ({ ...result }));

function candidateOf({ version, sha, base, aboard, left, changes, scriptChanged }: Candidate): Deployment['candidate'] {
  return {
    ...{ version, sha, base, scriptChanged },
    aboard: [...aboard],
    left: left.map(({ bug, cause, reason, files }) => ({ bug, cause, reason, files: [...files] })),
    changes: [...changes],
  };
}

export function viewSample({ at, unanswered, ...values }: DomainSample): Sample {
  return { at: iso(at), values, unanswered: unanswered ?? null };
}
