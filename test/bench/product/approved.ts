/** Bugs that stand at their last gate already: approved for production, their request not sent yet. */
import type { Approval, BugState } from '../../../src/domain/bug';
import type { DeployRequest } from '../../../src/domain/environment';
import { bugWorkflowId, environmentWorkflowId, MAIN_QUEUE, requestId } from '../../../src/domain/ids';
import { createEd25519Signer } from '../../../src/drivers/ed25519/keys';
import type { bugFixWorkflow } from '../../../src/workflows/bug-fix';
import { proofBy } from '../../support/signing';
import { requestSignal } from '../../../src/workflows/messages';
import { BASE, fixOf } from './no-op';
import { servicesOf } from './plan';
import type { Product } from './product';

/** Ann's approval of a bug's fix, signed as the API would. */
function approvalOf({ plan, service }: Product, bug: string): Approval {
  const at = Date.now();
  const sha = fixOf(bug).head;
  const proof = proofBy('ann', sha, bug, at, service, createEd25519Signer(plan.signingKey));
  return { by: 'ann', roles: ['admin'], at, sha, productionSha: BASE.sha, reason: null, proof };
}

/** Asks an environment for a deployment of one fix, as soon as it is free; `replyTo` hears of its end. */
export async function requestNow(product: Product, env: string, bug: string, replyTo: string): Promise<void> {
  const { client, service } = product;
  const passenger = {
    bug,
    title: 'The price is off',
    severity: 'low' as const,
    modules: [],
    fix: fixOf(bug),
    approvals: env === 'prod' ? [approvalOf(product, bug)] : [],
  };
  const request: DeployRequest = {
    id: `request-${bug}`,
    kind: 'immediate',
    slot: null,
    passenger,
    at: Date.now(),
    told: null,
    label: null,
    announced: true,
    replyTo,
  };
  await client.workflow.getHandle(environmentWorkflowId(service, env)).signal(requestSignal, request);
}

/** Starts the run of an approved bug as continue-as-new would: it asks production for a place by itself. */
export async function startApproved(product: Product, bug: string): Promise<void> {
  const { plan, client, service } = product;
  const policy = servicesOf(plan).services[0]?.policy;
  if (!policy) throw new Error('the bench has one service');
  const at = Date.now();
  const request = requestId(bug, 'prod', fixOf(bug).head, 1);
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
    approvals: [approvalOf(product, bug)],
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
