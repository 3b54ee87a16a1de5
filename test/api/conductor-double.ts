/**
 * A conductor without Temporal for route tests: the real decision table, the real events, a real ledger.
 * What real workflows do with a decision is proven where they run.
 */
import type { Conductor, DecisionOutcome } from '../../src/client/conductor';
import type { BugEvent, BugState } from '../../src/domain/bug';
import { decideBug } from '../../src/domain/decision';
import { decideDeployment } from '../../src/domain/deployment-decision';
import { decideEnvironment } from '../../src/domain/environment-decision';
import type { DomainEvent } from '../../src/domain/events';
import { TidegateFailure } from '../../src/domain/failures';
import { bugSubject, bugWorkflowId, deploymentSubject, environmentSubject } from '../../src/domain/ids';
import type { Actor } from '../../src/domain/people';
import { proofOf } from '../../src/domain/proof';
import { environmentPolicy, type ServicePolicy } from '../../src/domain/policy';
import type { BugDecision, DeploymentDecision, EnvironmentDecision, Refusal } from '../../src/domain/verbs';
import type { Ledger } from '../../src/ports/ledger';
import { AT, FIX } from './sample';

export interface ConductorDouble extends Conductor {
  /** `down`: Temporal cannot be reached. `slow`: the ledger does not follow. `gone`: no run is there. */
  mode: 'up' | 'down' | 'slow' | 'gone';
  /** A refusal that the double gives whatever the table says. */
  refuseWith: Refusal | null;
  /** How often something was really done. */
  readonly done: string[];
}

export function createConductorDouble(ledger: Ledger, policies: readonly ServicePolicy[]): ConductorDouble {
  const policyOf = (service: string): ServicePolicy => {
    const policy = policies.find((each) => each.service === service);
    if (!policy) throw new Error(`no policy of ${service}`);
    return policy;
  };
  const taken = new Set<string>();
  const reach = (): void => {
    if (double.mode === 'down') {
      throw new TidegateFailure('Unavailable', 'Temporal cannot be reached: nothing was accepted.');
    }
  };

  async function record(id: string, service: string, subject: string, actor: Actor, event: DomainEvent, at = AT) {
    if (double.mode === 'slow') return false;
    const { id: person, surface } = actor;
    await ledger.append([{ ...event, id, service, subject, at, actor: person, surface, reason: null }]);
    return true;
  }

  const double: ConductorDouble = {
    mode: 'up',
    refuseWith: null,
    done: [],
    async reportBug(report, reporter, _policy, at) {
      reach();
      const id = `bug/${report.service}/${report.id}#1`;
      if (await ledger.hasEvent(id)) return;
      double.done.push(`report ${report.id}`);
      await record(id, report.service, bugSubject(report.id), reporter, { kind: 'bug.reported', data: report }, at);
    },
    async decideBug(service, bug, decision): Promise<DecisionOutcome> {
      reach();
      if (double.mode === 'gone') return { outcome: 'no-run' };
      if (double.refuseWith) return { outcome: 'refused', refusal: double.refuseWith };
      const state = await ledger.bug(service, bug);
      if (state === null || decision.actor === null) return { outcome: 'no-run' };
      if (taken.has(decision.id)) return { outcome: 'accepted', result: { recorded: true, status: state.status } };
      const ruling = decideBug({ state, policy: policyOf(service) }, decision, decision.actor);
      if (!ruling.allowed) return { outcome: 'refused', refusal: ruling.refusal };
      taken.add(decision.id);
      double.done.push(`${decision.verb} ${bug}`);
      const event = bugEvent(state, decision);
      const recorded = await record(decision.id, service, bugSubject(bug), decision.actor, event);
      const status = (await ledger.bug(service, bug))?.status ?? state.status;
      return { outcome: 'accepted', result: { recorded, status: recorded ? status : 'pending_prod' } };
    },
    async decideEnvironment(service, env, decision): Promise<DecisionOutcome> {
      reach();
      const state = await ledger.environment(service, env);
      if (double.mode === 'gone' || state === null || decision.actor === null) return { outcome: 'no-run' };
      const ruling = decideEnvironment(state, decision, decision.actor);
      if (!ruling.allowed) return { outcome: 'refused', refusal: ruling.refusal };
      double.done.push(`${decision.verb} ${env}`);
      const event = environmentEvent(decision);
      const recorded = await record(decision.id, service, environmentSubject(env), decision.actor, event);
      return { outcome: 'accepted', result: { recorded, status: decision.verb } };
    },
    async decideDeployment(service, env, decision, id): Promise<DecisionOutcome> {
      reach();
      const state = await ledger.deployment(id);
      if (double.mode === 'gone' || state === null || decision.actor === null) return { outcome: 'no-run' };
      const policy = environmentPolicy(policyOf(service), env);
      const ruling = decideDeployment({ state, policy }, decision, decision.actor);
      if (!ruling.allowed) return { outcome: 'refused', refusal: ruling.refusal };
      double.done.push(`${decision.verb} ${id}`);
      const event = deploymentEvent(decision);
      const recorded = await record(decision.id, service, deploymentSubject(id), decision.actor, event, AT + 60_000);
      return { outcome: 'accepted', result: { recorded, status: 'live' } };
    },
    configure: () => Promise.resolve(),
    recalendar: () => Promise.resolve(),
    ping: () => Promise.resolve().then(reach),
    close: () => Promise.resolve(),
  };
  return double;
}

function bugEvent(state: BugState, decision: BugDecision): BugEvent {
  switch (decision.verb) {
    case 'confirm': {
      const { severity, foundIn } = state;
      return { kind: 'bug.confirmed', data: { flow: 'flow1', severity, foundIn, evidence: [], booking: null } };
    }
    case 'reject':
      return { kind: 'bug.rejected', data: {} };
    case 'close':
      return { kind: 'bug.closed', data: {} };
    case 'withdraw':
      return state.status === 'submitted'
        ? { kind: 'bug.withdrawn', data: {} }
        : { kind: 'bug.approval-withdrawn', data: { by: decision.actor?.id ?? '' } };
    case 'attach-fix':
      return { kind: 'bug.fix-attached', data: { fix: { ...FIX, ref: decision.ref ?? '' }, booking: null } };
    case 'fail-validation':
      return { kind: 'bug.validation-failed', data: {} };
    case 'retry':
      return { kind: 'bug.retried', data: { flow: state.flow, booking: null } };
    case 'approve-prod': {
      const { id: by = '', roles = [] } = decision.actor ?? {};
      const proof = proofOf(bugWorkflowId(state.service, state.id), decision);
      if (proof === null) throw new Error('an approval reached the gate without a signature');
      const sha = state.fix?.head ?? '';
      const approval = { by, roles, at: AT, sha, productionSha: null, reason: decision.reason, proof };
      return { kind: 'bug.approved', data: { approval, missing: 0, booking: null } };
    }
  }
}

function environmentEvent({ verb }: EnvironmentDecision): DomainEvent {
  switch (verb) {
    case 'hold':
      return { kind: 'environment.held', data: {} };
    case 'resume':
      return { kind: 'environment.resumed', data: {} };
    case 'recheck':
      return { kind: 'environment.rechecked', data: { running: null, sentence: 'it is what the ledger says' } };
  }
}

function deploymentEvent({ verb, minutes }: DeploymentDecision): DomainEvent {
  switch (verb) {
    case 'abort':
      return { kind: 'deployment.abort-asked', data: {} };
    case 'take':
      return { kind: 'deployment.taken', data: {} };
    case 'continue':
    case 'rollback':
    case 'extend':
      return { kind: 'deployment.answered', data: { answer: verb, minutes, byDefault: false } };
  }
}
