/** Every readable id of Tidegate is made here, so that a format changes in one line (4-interfaces §8). */

export const bugWorkflowId = (service: string, bug: string): string => `bug/${service}/${bug}`;
export const environmentWorkflowId = (service: string, env: string): string => `env/${service}/${env}`;
export const deploymentWorkflowId = (service: string, env: string, id: string): string =>
  `deploy/${service}/${env}/${id}`;

/** `shop-prod-12`: the twelfth deployment of shop to prod; unique across services, safe as a file and ref name. */
export const deploymentId = (service: string, env: string, number: number): string => `${service}-${env}-${number}`;

/** Whether an id is one of a deployment of this service to this environment. */
export function isDeploymentOf(service: string, env: string, id: string): boolean {
  const start = deploymentId(service, env, 0).slice(0, -1);
  return id.startsWith(start) && /^\d+$/.test(id.slice(start.length));
}

/** Ledger subjects: what an event is about. */
export const bugSubject = (bug: string): string => `bug/${bug}`;
export const environmentSubject = (env: string): string => `env/${env}`;
/** Where an environment's background readings are kept: the baselines of its deployments. */
export const readingsSubject = (service: string, env: string): string => environmentSubject(`${service}/${env}`);
export const deploymentSubject = (id: string): string => `deploy/${id}`;
export const tokenSubject = (id: string): string => `token/${id}`;

/**
 * The workflow's own event id: the same event written twice is one row (3-architecture §4). The run is part of it: one
 * that was begun anew, or reset to an earlier point, counts from there again. Only the end of a run's id tells it from
 * another: its beginning is a time, the same for a whole minute.
 */
export const eventId = (workflowId: string, run: string, seq: number): string =>
  `${workflowId}#${run.slice(-12)}-${seq}`;

/** The event of a decision: the same decision is the same event, whenever and however often a run comes to it. */
export const decisionEventId = (workflowId: string, decision: string): string => `${workflowId}#${decision}`;

/** Task queue of workflows and neutral activities (3-architecture §3 rule 15). */
export const MAIN_QUEUE = 'tidegate';
/** Task queue of what touches one environment: only a worker with its credentials polls it. */
export const environmentQueue = (service: string, env: string): string => `tidegate.${service}.${env}`;

/** Git refs of our own. */
export const environmentRef = (env: string): string => `refs/tidegate/env/${env}`;
export const deploymentRef = (id: string): string => `refs/tidegate/deployments/${id}`;
export const versionTag = (version: string): string => `v${version}`;
export const releaseTag = (version: string): string => `release/${version}`;

/** Trailer that marks Tidegate's own version commits, which count as nobody's change. */
export const VERSION_TRAILER = 'Tidegate-Version';

/** One request for a place on a train: the same fix asked for twice in one round is one request. */
export const requestId = (bug: string, env: string, head: string, round: number): string =>
  `${bug}-${env}-${head.slice(0, 12)}-${round}`;

/** Search attributes, all of type Keyword, registered by the worker when missing (4-interfaces §8). */
export const SEARCH_ATTRIBUTES = [
  'TidegateService',
  'TidegateEnv',
  'TidegateStatus',
  'TidegateSeverity',
  'TidegateVersion',
  'TidegateWaitingFor',
] as const;
export type SearchAttribute = (typeof SEARCH_ATTRIBUTES)[number];
