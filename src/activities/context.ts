/** The one place where activities meet Temporal's context: signs of life out, cancellation in. */
import { activityInfo, CancelledFailure, Context } from '@temporalio/activity';
import type { Clock } from '../ports/clock';
import type { ActHooks, LogLine } from '../ports/deployer';

const heartbeat = (details: string): void => Context.current().heartbeat(details);

/** Aborts when the run cancels the activity; a worker that shuts down, or a lost heartbeat, only stops looking. */
function killSignal(): AbortSignal {
  const controller = new AbortController();
  Context.current().cancelled.catch((reason: unknown) => {
    if (reason instanceof CancelledFailure && reason.message === 'CANCELLED') controller.abort(reason);
  });
  return controller.signal;
}

/** Which try of this activity it is, from 1. */
export const attempt = (): number => activityInfo().attempt;

/** The same for every try of one activity: makes what it writes idempotent. */
export function callId(): string {
  const { workflowExecution, activityId } = activityInfo();
  return `${workflowExecution?.workflowId ?? 'none'}/${workflowExecution?.runId ?? 'none'}/${activityId}`;
}

/** Aborts for whatever reason: for work that leaves nothing behind. */
export const stopSignal = (): AbortSignal => Context.current().cancellationSignal;

export const alive = heartbeat;

/** A result that was only reached because the worker stops is none: the next attempt asks again (6-faults F5). */
export function unlessStopped<T>(result: T): T {
  stopSignal().throwIfAborted();
  return result;
}

/** Runs a long act; when the worker goes away the act goes on without us, and the next attempt adopts it. */
export async function withHooks<T>(
  clock: Clock,
  log: (lines: readonly LogLine[]) => Promise<void>,
  act: (hooks: ActHooks) => Promise<T>,
): Promise<T> {
  const gone = Context.current().cancelled.catch((reason: unknown) => {
    if (reason instanceof CancelledFailure && reason.message === 'CANCELLED')
      return new Promise<never>(() => undefined);
    throw reason;
  });
  const hooks: ActHooks = { heartbeat, log, signal: killSignal(), now: () => clock.now() };
  return Promise.race([act(hooks), gone]);
}

/** Heartbeats while something short runs that does not do so itself. */
export async function beating<T>(work: Promise<T>): Promise<T> {
  const timer = setInterval(() => heartbeat('working'), 2_000);
  try {
    return await work;
  } finally {
    clearInterval(timer);
  }
}
