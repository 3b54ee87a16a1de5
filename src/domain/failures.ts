/** The closed list of what can go wrong in the world; drivers throw these, activities map them to Temporal failures. */

export const FAILURE_KINDS = [
  'Conflict', // a cherry-pick or push that a person must resolve; never retried
  'Rejected', // the other side said no for good (hook, permission); never retried
  'BadRef', // a ref, tag or version that does not exist or is not a valid name; never retried
  'Fenced', // a newer deployment owns the environment; never retried
  'BadPlan', // the deployment's plan cannot be carried out as configured; never retried
  'Unknown', // whether an act happened cannot be told; a person must look; never retried
  'Busy', // the environment's lock is held by a living process; retried
  'Unavailable', // could not ask (network, disk, timeout); retried
] as const;
export type FailureKind = (typeof FAILURE_KINDS)[number];

const RETRYABLE: readonly FailureKind[] = ['Busy', 'Unavailable'];
export const NON_RETRYABLE: readonly FailureKind[] = FAILURE_KINDS.filter((kind) => !RETRYABLE.includes(kind));

/** A failure of the world with its kind; the message says what, where and what to do next. */
export class TidegateFailure extends Error {
  override readonly name = 'TidegateFailure';
  constructor(
    readonly kind: FailureKind,
    message: string,
    readonly details: Readonly<Record<string, unknown>> = {},
  ) {
    super(message);
  }
}
