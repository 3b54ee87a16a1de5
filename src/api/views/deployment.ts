/** A deployment as the API shows it. */
import type { Candidate, DeploymentState, SmokeResult } from '../../domain/deployment';
import { deploymentWorkflowId } from '../../domain/ids';
import type { Sample as DomainSample } from '../../domain/watch';
import type { ApiDeps } from '../operation';
import { iso, isoOrNull } from '../schemas/common';
import type { Deployment, Sample } from '../schemas/deployment';
import { linksOf } from './links';

export function viewDeployment(deps: ApiDeps, state: DeploymentState): Deployment {
  const { id, service, env, production, strategy, previous, phase, breach, verdict, reason, rollback, evidence } =
    state;
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
    rollback: rollback && { ...rollback, smoke: smokeOf(rollback.smoke) },
    links: linksOf(deps.links, deploymentWorkflowId(service, env, id), `/deployments/${id}`),
  };
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

export function viewSample({ at, unanswered = null, ...values }: DomainSample): Sample {
  return { at: iso(at), values, unanswered };
}
