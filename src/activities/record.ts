/** Writing down and telling: the ledger, the reports on disk that follow from it, and messages to people. */
import type { LedgerEvent } from '../domain/events';
import { bugSubject, deploymentSubject, deploymentWorkflowId, environmentSubject } from '../domain/ids';
import { redactAll } from '../domain/redact';
import { TIDEGATE } from '../domain/people';
import { callId } from './context';
import type { Step } from '../ports/ledger';
import type { ActEnd, Activities } from './index';
import { serviceOf, type ActivityDeps } from './deps';

/** After these a deployment's report on disk has something new to say. */
const REPORTED = ['deployment.phase-ended', 'deployment.rolled-back', 'deployment.ended'];

/** A step that its own checks refused began nothing: the target is what it was. */
function touched(step: Step | null): boolean {
  if (step?.result == null) return step !== null;
  return (JSON.parse(step.result) as ActEnd).outcome !== 'refused';
}

const deploymentOf = (subject: string): string => subject.slice(deploymentSubject('').length);

export function createRecord(deps: ActivityDeps): Pick<Activities, 'record' | 'tell' | 'describeDeployment'> {
  const { ledger, messenger, runs, clock } = deps;

  /** Reports are made from the ledger again at any time: a full disk must not hold a deployment (6-faults F42). */
  async function refreshReport(service: string, id: string): Promise<void> {
    const deployment = await ledger.deployment(id);
    if (deployment === null || (deployment.candidate === null && deployment.verdict === null)) return;
    const samples = await ledger.samples(deploymentSubject(id), 0);
    await serviceOf(deps, service).reports.write(
      deployment,
      samples.flatMap(({ sample }) => sample ?? []),
    );
  }

  /** The digest of a deployment's samples and log stands in its closing event (3-architecture §4). */
  async function sealed(event: LedgerEvent): Promise<LedgerEvent> {
    if (event.kind !== 'deployment.ended') return event;
    return { ...event, data: { ...event.data, evidence: await ledger.digests(deploymentOf(event.subject)) } };
  }

  return {
    async record(events: readonly LedgerEvent[]) {
      const whole = await Promise.all(events.map(sealed));
      await ledger.append(whole.map((event) => redactAll(event)));
      const changed = new Map(
        events.filter(({ kind }) => REPORTED.includes(kind)).map((event) => [event.subject, event.service]),
      );
      for (const [subject, service] of changed) {
        await refreshReport(service, deploymentOf(subject)).catch(() => undefined);
      }
    },
    async tell(message) {
      await messenger.send(message);
      const { bugs, env, service } = message;
      const subject = bugs.length === 1 && bugs[0] ? bugSubject(bugs[0]) : environmentSubject(env ?? 'all');
      const { id: actor, surface } = TIDEGATE;
      await ledger.append([
        {
          id: callId(),
          kind: 'message.sent',
          data: message,
          service,
          subject,
          at: clock.now(),
          actor,
          surface,
          reason: null,
        },
      ]);
    },
    async describeDeployment(service, env, deployment) {
      const run = await runs.describe(deploymentWorkflowId(service, env, deployment));
      const begun = touched(await ledger.step(deployment, 'execute'));
      return { run, begun, recorded: await ledger.deployment(deployment) };
    },
  };
}
