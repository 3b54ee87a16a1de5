/** A driver's failure becomes a Temporal failure of the same kind and sentence; the kind decides about retries. */
import { ApplicationFailure } from '@temporalio/activity';
import { NON_RETRYABLE, TidegateFailure } from '../domain/failures';

export function translated(error: unknown): unknown {
  if (!(error instanceof TidegateFailure)) return error;
  return ApplicationFailure.create({
    message: error.message,
    type: error.kind,
    nonRetryable: NON_RETRYABLE.includes(error.kind),
    details: [error.details],
    cause: error,
  });
}

type AnyActivity = (...args: never[]) => Promise<unknown>;

/** Wraps every activity so that drivers never know of Temporal. */
export function translating<T extends { [K in keyof T]: AnyActivity }>(activities: T): T {
  const wrapped = Object.entries<AnyActivity>(activities).map(([name, activity]) => [
    name,
    async (...args: never[]) => {
      try {
        return await activity(...args);
      } catch (error) {
        throw translated(error);
      }
    },
  ]);
  return Object.fromEntries(wrapped) as T;
}
