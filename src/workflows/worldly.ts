import { ActivityFailure, ApplicationFailure } from '@temporalio/workflow';

/** Whether an activity gave up on the world, rather than being cancelled. */
export function isWorldly(error: unknown): error is ActivityFailure & { readonly cause: ApplicationFailure } {
  return error instanceof ActivityFailure && error.cause instanceof ApplicationFailure;
}

/** The sentence of a failure of the world, as the driver said it. */
export function worldly(error: unknown): string {
  if (isWorldly(error)) return error.cause.message;
  return error instanceof Error ? error.message : String(error);
}
