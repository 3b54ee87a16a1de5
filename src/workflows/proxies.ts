/** Activities grouped by their effect on the world, with the reason for each group's retries (3-architecture §3 rule 4). */
import {
  ActivityCancellationType,
  proxyActivities,
  proxyLocalActivities,
  type ActivityOptions,
} from '@temporalio/workflow';
import type { Activities } from '../activities';
import { NON_RETRYABLE } from '../domain/failures';
import { environmentQueue } from '../domain/ids';

const never = [...NON_RETRYABLE];

/** Ledger writes: short, idempotent by event id; first inside the workflow task, where they cost one event. */
export const ledgerWrites = proxyLocalActivities<Pick<Activities, 'record'>>({
  startToCloseTimeout: '2s',
  summary: 'to the ledger',
  scheduleToCloseTimeout: '6s',
  retry: { maximumAttempts: 2, initialInterval: '200ms' },
});

/** The same write when the ledger is away: for as long as it takes. */
export const patientWrites = proxyActivities<Pick<Activities, 'record'>>({
  startToCloseTimeout: '10s',
  summary: 'to the ledger, patiently',
  retry: { initialInterval: '1s', maximumInterval: '30s' },
});

/** Reads while a person waits at a gate: quick, or the gate says that it cannot tell. */
export const gateReads = proxyLocalActivities<
  Pick<Activities, 'assess' | 'findFix' | 'approvalFacts' | 'nextSlot' | 'nextBooking' | 'suspended' | 'signers'>
>({
  startToCloseTimeout: '8s',
  summary: 'facts for a gate',
  scheduleToCloseTimeout: '12s',
  retry: { maximumAttempts: 2, initialInterval: '250ms', nonRetryableErrorTypes: never },
});

/** Reads nobody waits for: they go on until the other side answers. */
export const patientReads = proxyActivities<
  Pick<Activities, 'analyse' | 'nextSlot' | 'nextBooking' | 'holds' | 'describeDeployment'>
>({
  startToCloseTimeout: '5m',
  heartbeatTimeout: '1m',
  summary: 'facts for the next step',
  retry: { initialInterval: '1s', maximumInterval: '1m', nonRetryableErrorTypes: never },
});

/** Git writes: idempotent by SHA and lease; conflicts and refusals are for a person, never retried. */
export const gitWrites = proxyActivities<Pick<Activities, 'buildCandidate' | 'commitDeployment'>>({
  startToCloseTimeout: '5m',
  scheduleToCloseTimeout: '1h',
  heartbeatTimeout: '1m',
  summary: 'git: candidate, tags, refs',
  retry: { initialInterval: '1s', maximumInterval: '1m', nonRetryableErrorTypes: never },
});

/** Messages: a dead channel holds nothing; one try each minute for a while, then it stands in the ledger. */
export const messenger = proxyActivities<Pick<Activities, 'tell'>>({
  startToCloseTimeout: '20s',
  summary: 'a message to people',
  retry: { maximumAttempts: 3, initialInterval: '1s' },
});

/** Heartbeats carry cancellation and tell of a lost worker; the SDK throttles them to 0.8 of this. */
const ALIVE: ActivityOptions = {
  heartbeatTimeout: '15s',
  retry: { initialInterval: '1s', maximumInterval: '30s', nonRetryableErrorTypes: never },
};

type EnvironmentReads = Pick<Activities, 'observeEnvironment' | 'preflight' | 'runSmoke'>;
/** Questions to one environment, on its own queue, where its credentials are (rule 15). */
export const environmentReads = (service: string, env: string): EnvironmentReads =>
  proxyActivities<EnvironmentReads>({
    ...ALIVE,
    summary: `${service} ${env}`,
    taskQueue: environmentQueue(service, env),
    startToCloseTimeout: '15m',
  });

type EnvironmentActs = Pick<Activities, 'deployCandidate' | 'rollBack' | 'watchWindow'>;
/** Long or irreversible: Temporal may run these again, but the step protocol acts at most once per intent (rule 11). */
export const environmentActs = (service: string, env: string, longestMs: number): EnvironmentActs =>
  proxyActivities<EnvironmentActs>({
    ...ALIVE,
    // A cancelled run waits until the script is really gone: before that, nothing can be said of the target (6-faults 2).
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    summary: `${service} ${env}`,
    taskQueue: environmentQueue(service, env),
    startToCloseTimeout: longestMs,
  });
