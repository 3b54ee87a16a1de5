/** Who acts, and where from. */

export const ROLES = ['admin', 'manager', 'senior', 'cto', 'developer', 'operator', 'auditor'] as const;
export type Role = (typeof ROLES)[number];

export const SURFACES = ['api', 'cli', 'board', 'telegram', 'temporal-ui', 'tidegate'] as const;
/** Where a decision came from; `tidegate` is the product itself. */
export type Surface = (typeof SURFACES)[number];

/** The person behind a decision: the canonical id from `people` of the config, whatever the surface. */
export interface Actor {
  readonly id: string;
  readonly roles: readonly Role[];
  readonly surface: Surface;
}

/** Tidegate acting by itself (a timer, a train, a breach). */
export const TIDEGATE: Actor = { id: 'tidegate', roles: [], surface: 'tidegate' };
/** An unsigned message from Temporal's own UI: may retry or hold, never approve (3-architecture §3 rule 3). */
export const TEMPORAL_OPERATOR: Actor = { id: 'operator via Temporal', roles: [], surface: 'temporal-ui' };
