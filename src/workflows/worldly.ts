import { ActivityFailure, ApplicationFailure } from '@temporalio/workflow';

/** The sentence of a failure of the world, as the driver said it. */
export function worldly(error: unknown): string {
  if (error instanceof ActivityFailure && error.cause instanceof ApplicationFailure) return error.cause.message;
  return error instanceof Error ? error.message : String(error);
}
