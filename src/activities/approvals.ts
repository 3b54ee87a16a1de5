/** The last look before the switch: did people who may really let this through (6-faults E8, abuses 2 and 4)? */
import type { Candidate, Check } from '../domain/deployment';
import type { DeploymentOrder } from '../domain/deployment-order';
import type { Passenger } from '../domain/environment';
import { bugWorkflowId } from '../domain/ids';
import { proofProblem } from '../domain/proof';
import { serviceOf, type ActivityDeps } from './deps';

/**
 * Verifies the approvals of everybody aboard against the keys of this worker's own settings, never against those that a
 * run was given, and against the ledger: what was taken back since counts no more. Below production nobody approves.
 */
export async function approvalCheck(deps: ActivityDeps, order: DeploymentOrder, { aboard }: Candidate): Promise<Check> {
  const name = 'approvals';
  if (!order.policy.production) return { name, ok: true, detail: `${order.env} needs none` };
  const passengers = order.passengers.filter(({ bug }) => aboard.includes(bug));
  const problems = await Promise.all(passengers.map((passenger) => problemOf(deps, order.service, passenger)));
  const problem = problems.find((each) => each !== null) ?? null;
  if (problem !== null) return { name, ok: false, detail: problem };
  const count = passengers.reduce((sum, { approvals }) => sum + approvals.length, 0);
  return { name, ok: true, detail: `${count} verified` };
}

async function problemOf(deps: ActivityDeps, service: string, passenger: Passenger): Promise<string | null> {
  const { bug, fix, approvals } = passenger;
  const { signers } = serviceOf(deps, service).policy;
  if (approvals.length === 0) return `nobody approved bug ${bug}`;
  const recorded = await deps.ledger.bug(service, bug);
  for (const { by, at, sha, proof } of approvals) {
    const claimed = { workflow: bugWorkflowId(service, bug), verb: 'approve-prod', by, sha: fix.head, at };
    const problem = sha === fix.head ? proofProblem(proof, claimed, signers, deps.verify) : `is for ${sha.slice(0, 7)}`;
    if (problem !== null) return `the approval of bug ${bug} by ${by} ${problem}`;
    const stands = recorded?.approvals.some((each) => each.proof.signature === proof.signature) ?? true;
    if (!stands) return `the approval of bug ${bug} by ${by} does not stand in the ledger any more`;
  }
  return null;
}
