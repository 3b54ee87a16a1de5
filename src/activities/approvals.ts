/** The last look before the switch: did people who may really let this through (6-faults E8, abuses 2 and 4)? */
import type { Candidate, Check } from '../domain/deployment';
import type { DeploymentOrder } from '../domain/deployment-order';
import type { Passenger } from '../domain/environment';
import type { BugState } from '../domain/bug';
import { bugWorkflowId } from '../domain/ids';
import { environmentPolicy } from '../domain/policy';
import { proofProblem } from '../domain/proof';
import { serviceOf, type ActivityDeps } from './deps';

/**
 * Verifies the approvals of everybody aboard against this worker's own settings, never against those that a run was
 * given, and against the ledger: what was taken back since counts no more, and what still waits for a second person is
 * no approval yet. Below production nobody approves. What production is the settings say, too: a run's policy came in a
 * message, and a message may be anybody's.
 */
export async function approvalCheck(deps: ActivityDeps, order: DeploymentOrder, { aboard }: Candidate): Promise<Check> {
  const name = 'approvals';
  const { policy } = serviceOf(deps, order.service);
  if (!environmentPolicy(policy, order.env).production) return { name, ok: true, detail: `${order.env} needs none` };
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
  for (const { by, at, sha, proof } of approvals) {
    const claimed = { workflow: bugWorkflowId(service, bug), verb: 'approve-prod', by, sha: fix.head, at };
    const problem = sha === fix.head ? proofProblem(proof, claimed, signers, deps.verify) : `is for ${sha.slice(0, 7)}`;
    if (problem !== null) return `the approval of bug ${bug} by ${by} ${problem}`;
  }
  const recorded = await deps.ledger.bug(service, bug);
  return recorded && recordProblem(recorded, passenger);
}

/**
 * A signature says what one person let through; whether that is enough, and for which commits, the bug's gate said. It is
 * the person and the commit that are compared: the same approval sent again is signed again.
 */
function recordProblem({ status, fix, approvals }: BugState, passenger: Passenger): string | null {
  const { bug } = passenger;
  const stands = ({ by, sha }: Passenger['approvals'][number]) =>
    approvals.some((approval) => approval.by === by && approval.sha === sha);
  const fallen = passenger.approvals.find((given) => !stands(given));
  if (fallen) return `the approval of bug ${bug} by ${fallen.by} does not stand in the ledger any more`;
  if (status !== 'pending_prod') return `bug ${bug} is ${status} in the ledger: its approvals are not complete`;
  const same = fix?.base === passenger.fix.base && fix.patchIds.join() === passenger.fix.patchIds.join();
  return same ? null : `the fix of bug ${bug} is not made of the commits that the ledger has for it`;
}
