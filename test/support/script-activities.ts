/** The activities of a worker over a real script and a real ledger, without a Temporal server. */
import { MockActivityEnvironment } from '@temporalio/testing';
import { join } from 'node:path';
import { createActivities } from '../../src/activities/create';
import type { ActivityDeps } from '../../src/activities/deps';
import type { ActEnd, EnvironmentLook } from '../../src/activities/index';
import type { Candidate } from '../../src/domain/deployment';
import type { DeploymentOrder } from '../../src/domain/deployment-order';
import { environmentPolicy } from '../../src/domain/policy';
import { openLedger } from '../../src/ledger/open-ledger';
import type { Deployer } from '../../src/ports/deployer';
import type { Ledger } from '../../src/ports/ledger';
import { policyOf } from '../api/sample';
import { NEW, OLD, type Yard } from './script-yard';

const CANDIDATE: Candidate = { ...NEW, base: OLD, aboard: ['7'], left: [], changes: [], scriptChanged: false };

export function orderOfUat(more: Partial<DeploymentOrder> = {}): DeploymentOrder {
  const policy = policyOf('shop');
  return {
    ...{ id: 'shop-prod-1', service: 'shop', env: 'uat', strategy: 'all-at-once', fence: 2, departedAt: 1 },
    ...{ passengers: [], kept: [], base: OLD, leaveUntil: null, mainline: 'duty', validation: 'uat', zone: 'UTC' },
    running: { ...OLD, base: OLD, deployment: 'shop-prod-0', fixes: [], since: 0 },
    policy: environmentPolicy(policy, 'uat'),
    ...{ revision: policy.revision, signers: [] },
    ...more,
  };
}

export interface ScriptWorker {
  readonly ledger: Ledger;
  readonly deps: ActivityDeps;
  /** Asks for the deployment as Temporal would, in an attempt of its own. */
  deploy(order: DeploymentOrder): Promise<ActEnd>;
  rollBack(order: DeploymentOrder): Promise<ActEnd>;
  look(order: DeploymentOrder): Promise<EnvironmentLook>;
  close(): Promise<void>;
}

export async function scriptWorker(yard: Yard, deployer: Deployer, host = 'host-1'): Promise<ScriptWorker> {
  const ledger = await openLedger(join(yard.root, 'ledger.db'));
  const policy = policyOf('shop');
  const targets = { uat: { deployer } };
  const source = { fetch: () => Promise.resolve(), resolve: () => Promise.resolve(null) };
  const services = { shop: { policy, targets, source } };
  const clock = { now: () => Date.now(), sleep: () => Promise.resolve() };
  // Only what acting needs: the other ports are not asked.
  const deps = { ledger, clock, host, services } as unknown as ActivityDeps;
  const activities = createActivities(deps);
  return {
    ledger,
    deps,
    deploy: (order) =>
      new MockActivityEnvironment({ attempt: 1 }).run(() => activities.deployCandidate(order, CANDIDATE)),
    rollBack: (order) =>
      new MockActivityEnvironment({ attempt: 1 }).run(() => activities.rollBack(order, CANDIDATE, OLD)),
    look: ({ service, env }) =>
      new MockActivityEnvironment({ attempt: 1 }).run(() => activities.observeEnvironment(service, env, 1)),
    close: () => ledger.close(),
  };
}
