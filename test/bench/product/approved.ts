/** Bugs that stand at their last gate already: approved for production, their request not sent yet. */
import type { BugState } from '../../../src/domain/bug';
import { bugWorkflowId, MAIN_QUEUE, requestId } from '../../../src/domain/ids';
import { createEd25519Signer } from '../../../src/drivers/ed25519/keys';
import type { bugFixWorkflow } from '../../../src/workflows/bug-fix';
import { proofBy } from '../../support/signing';
import { BASE, fixOf } from './no-op';
import { servicesOf } from './plan';
import type { Product } from './product';

/** Starts the run of an approved bug as continue-as-new would: it asks production for a place by itself. */
export async function startApproved({ plan, client, service }: Product, bug: string): Promise<void> {
  const policy = servicesOf(plan).services[0]?.policy;
  if (!policy) throw new Error('the bench has one service');
  const at = Date.now();
  const { head } = fixOf(bug);
  const signer = createEd25519Signer(plan.signingKey);
  const proof = proofBy('ann', head, bug, at, service, signer);
  const request = requestId(bug, 'prod', head, 1);
  const state: BugState = {
    id: bug,
    service,
    title: 'The price is off',
    description: null,
    severity: 'low',
    foundIn: 'uat',
    evidence: { stack: null, url: null, version: null },
    modules: [],
    services: [],
    external: null,
    revision: policy.revision,
    status: 'pending_prod',
    flow: 'flow1',
    reporter: 'dev',
    reportedAt: at,
    statusAt: at,
    confirmedBy: 'ann',
    fix: fixOf(bug),
    analysis: null,
    validation: null,
    approvals: [{ by: 'ann', roles: ['admin'], at, sha: head, productionSha: BASE.sha, reason: null, proof }],
    booking: { env: 'prod', slot: 'T2', at: null, graceUntil: null, label: null, request },
    blocked: null,
    deployments: [],
    shipped: null,
    endedAt: null,
  };
  await client.workflow.start<typeof bugFixWorkflow>('bugFixWorkflow', {
    workflowId: bugWorkflowId(service, bug),
    taskQueue: MAIN_QUEUE,
    args: [{ kind: 'continued', state, policy, carried: { seq: 10, decisions: [] } }],
  });
}
