/** The step points of 6-faults §3, and where each lies in this product. */

/** Points at which the worker itself can be held: around a call of a port. */
export const WORKER_POINTS = [
  'fetch',
  'verify',
  'lock',
  'unlock',
  'observe',
  'smoke',
  'watch',
  'tag',
  'push',
  'notify',
  'report',
] as const;
/** Points at which the deploy script can be held. */
export const SCRIPT_POINTS = ['build', 'upload', 'migrate', 'switch-intent', 'switch'] as const;
/** The same for a deployment that goes back. `rollback:pick` has no counterpart: where to go back to is known at departure. */
export const ROLLBACK_POINTS = [
  'rollback:detect',
  'rollback:lock',
  'rollback:switch-back',
  'rollback:observe',
  'rollback:verify',
  'rollback:notify',
] as const;

export type Point = (typeof WORKER_POINTS)[number] | (typeof SCRIPT_POINTS)[number] | (typeof ROLLBACK_POINTS)[number];
export const WHENS = ['before', 'after'] as const;
export type When = (typeof WHENS)[number];
/** `before:switch`: a place in time. */
export type Moment = `${When}:${Point}`;

export const momentOf = (when: When, point: Point): Moment => `${when}:${point}`;

/** Held in the deploy script, not in the worker. */
export const isInScript = (point: Point): boolean =>
  point === 'rollback:switch-back' || SCRIPT_POINTS.some((each) => each === point);

export const isOfRollback = (point: Point): boolean => ROLLBACK_POINTS.some((each) => each === point);

/** Points that only a train to production passes: below it, no tag is made. */
export const needsProduction = (point: Point): boolean => point === 'tag';
