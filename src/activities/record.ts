/** Writing down and telling: the ledger, the reports on disk that follow from it, and messages to people. */
import type { LedgerEvent } from '../domain/events';
import { bugSubject, deploymentSubject, deploymentWorkflowId, environmentSubject } from '../domain/ids';
import { redactAll } from '../domain/redact';
import { TIDEGATE } from '../domain/people';
import { callId } from './context';
import type { Activities } from './index';
import { serviceOf, type ActivityDeps } from './deps';

/** After these a deployment's report on disk has something new to say. */
const REPORTED = ['deployment.phase-ended', 'deployment.rolled-back', 'deployment.ended'];

export function createRecord(deps: ActivityDeps): Pick<Activities, 'record' | 'tell' | 'describeDeployment'> {
  const { ledger, messenger, runs, clock } = deps;

  /** Reports are made from the ledger again at any time: a full disk must not hold a deployment (6-faults F42). */
  async function refreshReport(service: string, id: string): Promise<void> {
    const deployment = await ledger.deployment(id);
    if (deployment === null) return;
    const samples = await ledger.samples(deploymentSubject(id), 0);
    await serviceOf(deps, service).reports.write(
      deployment,
      samples.flatMap(({ sample }) => sample ?? []),
    );
  }

  return {
    async record(events: readonly LedgerEvent[]) {
      await ledger.append(events.map((event) => redactAll(event)));
      const changed = new Map(
        events.filter(({ kind }) => REPORTED.includes(kind)).map((event) => [event.subject, event.service]),
      );
      for (const [subject, service] of changed) {
        await refreshReport(service, subject.slice(deploymentSubject('').length)).catch(() => undefined);
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
    describeDeployment: (service, env, deployment) => runs.describe(deploymentWorkflowId(service, env, deployment)),
  };
}
