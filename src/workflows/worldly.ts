import { ActivityFailure, ApplicationFailure } from '@temporalio/workflow';
import type { FailureKind } from '../domain/failures';

/** Whether an activity gave up on the world, rather than being cancelled. */
export function isWorldly(error: unknown): error is ActivityFailure & { readonly cause: ApplicationFailure } {
  return error instanceof ActivityFailure && error.cause instanceof ApplicationFailure;
}

/** Whether nobody can tell what the world looks like: for a person, never for another act. */
export function isUnknown(error: unknown): boolean {
  const kind: FailureKind = 'Unknown';
  return isWorldly(error) && error.cause.type === kind;
}

/** The sentence of a failure of the world, as the driver said it. */
export function worldly(error: unknown): string {
  if (isWorldly(error)) return error.cause.message;
  return error instanceof Error ? error.message : String(error);
}
