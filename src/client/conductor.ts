/** The one door to Temporal for everything outside workers: start, decide, configure (3-architecture §1). */
import {
  ApplicationFailure,
  isGrpcServiceError,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
  type Client,
  type WorkflowHandle,
} from '@temporalio/client';
import { defineSearchAttributeKey, type SearchAttributePair } from '@temporalio/common';
import type { BugReport } from '../domain/bug';
import { TidegateFailure } from '../domain/failures';
import {
  bugWorkflowId,
  deploymentWorkflowId,
  environmentWorkflowId,
  MAIN_QUEUE,
  type SearchAttribute,
} from '../domain/ids';
import type { Actor } from '../domain/people';
import type { ServicePolicy } from '../domain/policy';
import type { BugDecision, DeploymentDecision, EnvironmentDecision, Refusal, RefusalCode } from '../domain/verbs';
import type { bugFixWorkflow } from '../workflows/bug-fix';
import type { environmentWorkflow } from '../workflows/environment';
import {
  calendarChangedSignal,
  configureSignal,
  decideDeploymentUpdate,
  decideEnvironmentUpdate,
  decideUpdate,
  type DecideResult,
} from '../workflows/messages';
import { createTurns } from './turns';

/** How a decision ended: taken (and whether the ledger holds it), refused, or nobody there to take it. */
export type DecisionOutcome =
  | {
      readonly outcome: 'accepted';
      readonly result: DecideResult;
      /** Set when the run took no message, and was cancelled instead. */
      readonly cancelled?: true;
    }
  | { readonly outcome: 'refused'; readonly refusal: Refusal }
  | { readonly outcome: 'no-run' };

export interface Conductor {
  /** Starts a bug's run; the same bug twice is one. @throws Unavailable */
  reportBug(report: BugReport, reporter: Actor, policy: ServicePolicy, at: number): Promise<void>;
  /** Sends a decision; the same decision id twice is one. @throws Unavailable */
  decideBug(service: string, bug: string, decision: BugDecision): Promise<DecisionOutcome>;
  decideEnvironment(service: string, env: string, decision: EnvironmentDecision): Promise<DecisionOutcome>;
  /** Sends a decision to a deployment under way; an abort that it cannot take cancels it. @throws Unavailable */
  decideDeployment(
    service: string,
    env: string,
    decision: DeploymentDecision,
    deployment: string,
  ): Promise<DecisionOutcome>;
  /** Starts every environment of a service, or tells it the present config. @throws Unavailable */
  configure(policy: ServicePolicy): Promise<void>;
  /** Tells a bug's run that slots or freezes were edited; a run that has ended needs no news. @throws Unavailable */
  recalendar(service: string, bug: string): Promise<void>;
  /** @throws Unavailable */
  ping(): Promise<void>;
  close(): Promise<void>;
}

/** How long a caller waits for a workflow before it is told that nobody answers; retried calls are harmless. */
const ANSWER_WITHIN_MS = 20_000;

/** An abort is waited for no longer than this before it is sent as a cancellation (6-faults E7). */
const ABORT_WITHIN_MS = 5_000;

const keyword = (name: SearchAttribute, value: string): SearchAttributePair => ({
  key: defineSearchAttributeKey(name, 'KEYWORD'),
  value,
});

function unavailable(error: unknown): never {
  throw new TidegateFailure(
    'Unavailable',
    'Temporal cannot be reached: nothing was accepted. Try again; the same request twice is one.',
    {
      cause: String(error),
    },
  );
}

/** An update that was sent and not answered may still be taken (6-faults F8). */
function silent(error: unknown): never {
  throw new TidegateFailure(
    'Unavailable',
    'The run did not answer in time, so it is not known whether this was taken: look, or send the same request again; twice is one.',
    { cause: String(error) },
  );
}

async function asking<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) return silent(error);
    if (isGrpcServiceError(error)) return unavailable(error);
    throw error;
  }
}

/**
 * The server gave the update up: before the run saw it (a worker came back, or the run went on as new, in between), or
 * after the run took it and ended without an answer.
 */
const GIVEN_UP: readonly string[] = ['UnprocessedUpdate', 'AcceptedUpdateCompletedWorkflow'];

async function decided(send: () => Promise<DecideResult>): Promise<DecisionOutcome> {
  try {
    return { outcome: 'accepted', result: await asking(send) };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return { outcome: 'no-run' };
    const cause = error instanceof WorkflowUpdateFailedError ? error.cause : null;
    if (cause instanceof ApplicationFailure && cause.type === 'Refused') {
      return { outcome: 'refused', refusal: cause.details?.[0] as Refusal };
    }
    if (cause instanceof ApplicationFailure && GIVEN_UP.includes(cause.type ?? '')) return silent(error);
    throw error;
  }
}

async function startBug(
  client: Client,
  ...[report, reporter, policy, at]: Parameters<Conductor['reportBug']>
): Promise<void> {
  const input = { report, reporter, policy, at };
  const started = client.workflow.start<typeof bugFixWorkflow>('bugFixWorkflow', {
    workflowId: bugWorkflowId(report.service, report.id),
    taskQueue: MAIN_QUEUE,
    args: [{ kind: 'new', ...input }],
    workflowIdReusePolicy: 'REJECT_DUPLICATE',
    workflowIdConflictPolicy: 'FAIL',
    typedSearchAttributes: [
      keyword('TidegateService', report.service),
      keyword('TidegateStatus', 'submitted'),
      keyword('TidegateSeverity', report.severity),
      keyword('TidegateWaitingFor', 'person'),
    ],
    staticSummary: `#${report.id} [${report.severity}] ${report.title}`.slice(0, 200),
    staticDetails: `Reported by ${reporter.id}, found in ${report.foundIn}.\n\n${report.description ?? ''}`.slice(
      0,
      4_000,
    ),
  });
  await asking(() => started).catch((error: unknown) => {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  });
}

interface Once {
  readonly updateId: string;
}

/**
 * Temporal answers a repeated update id with the first answer for ever. One that says "not recorded yet" is asked for
 * again under another id: the run knows the decision by its own, and says how things stand now.
 */
async function presently(
  send: (once?: Once) => Promise<DecideResult>,
  { id }: { readonly id: string },
): Promise<DecideResult> {
  const first = await send({ updateId: id });
  return first.recorded ? first : send().catch(() => first);
}

/**
 * The abort that always works: an update first; where the run takes none (flooded, poisoned, no worker, or its gate has
 * moved on meanwhile), a cancellation, which Temporal keeps until somebody is there (abuse 16).
 */
async function abort(run: WorkflowHandle, send: () => Promise<DecideResult>): Promise<DecisionOutcome> {
  const outcome = await decided(send).catch(() => null);
  const unheard = outcome === null || (outcome.outcome === 'refused' && UNHEARD.includes(outcome.refusal.code));
  if (!unheard) return outcome;
  try {
    await asking(() => run.cancel());
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return { outcome: 'no-run' };
    throw error;
  }
  return { outcome: 'accepted', result: { recorded: false, status: 'aborting' }, cancelled: true };
}

/** Refusals that are about the message and not about the abort. */
const UNHEARD: readonly RefusalCode[] = ['stale', 'unavailable'];

/** A conductor over a Temporal client. */
export function createConductor(client: Client): Conductor {
  const turns = createTurns(ANSWER_WITHIN_MS);
  const update = <T>(run: WorkflowHandle, call: () => Promise<T>): Promise<T> =>
    turns.take(run.workflowId, () => client.connection.withDeadline(Date.now() + ANSWER_WITHIN_MS, call));
  return {
    reportBug: (...report) => startBug(client, ...report),
    decideBug: (service, bug, decision) => {
      const run = client.workflow.getHandle(bugWorkflowId(service, bug));
      const send = (once?: Once) => run.executeUpdate(decideUpdate, { ...once, args: [decision] });
      return decided(() => update(run, () => presently(send, decision)));
    },
    decideEnvironment: (service, env, decision) => {
      const run = client.workflow.getHandle(environmentWorkflowId(service, env));
      const send = (once?: Once) => run.executeUpdate(decideEnvironmentUpdate, { ...once, args: [decision] });
      return decided(() => update(run, () => presently(send, decision)));
    },
    decideDeployment: (service, env, decision, deployment) => {
      const run = client.workflow.getHandle(deploymentWorkflowId(service, env, deployment));
      const send = (once?: Once) => run.executeUpdate(decideDeploymentUpdate, { ...once, args: [decision] });
      if (decision.verb !== 'abort') return decided(() => update(run, () => presently(send, decision)));
      return abort(run, () => client.connection.withDeadline(Date.now() + ABORT_WITHIN_MS, send));
    },
    async configure(policy) {
      for (const env of policy.ladder) {
        await asking(() =>
          client.workflow.signalWithStart<typeof environmentWorkflow, [ServicePolicy]>('environmentWorkflow', {
            workflowId: environmentWorkflowId(policy.service, env),
            taskQueue: MAIN_QUEUE,
            args: [{ kind: 'new', service: policy.service, env, policy }],
            signal: configureSignal,
            signalArgs: [policy],
            typedSearchAttributes: [keyword('TidegateService', policy.service), keyword('TidegateEnv', env)],
            staticSummary: `${policy.service} ${env}`,
          }),
        );
      }
    },
    async recalendar(service, bug) {
      const handle = client.workflow.getHandle(bugWorkflowId(service, bug));
      await asking(() => handle.signal(calendarChangedSignal)).catch((error: unknown) => {
        if (!(error instanceof WorkflowNotFoundError)) throw error;
      });
    },
    async ping() {
      await asking(() => client.workflowService.getSystemInfo({}));
    },
    close: () => client.connection.close(),
  };
}
