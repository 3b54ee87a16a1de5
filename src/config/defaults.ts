/** What holds where the file says nothing; each figure once. */
import type { ApprovalRule } from '../domain/policy';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

export const DEFAULTS = {
  main: 'main',
  versionFile: 'package.json',
  changelog: 'CHANGELOG.md',
  graceMs: HOUR,
  idleTimeoutMs: 5 * MINUTE,
  timeoutMs: 30 * MINUTE,
  pollEveryMs: MINUTE / 6,
  envTemplate: '.env.example',
  healthPath: '/health',
  versionPath: '/api/version',
  smokeTimeoutMs: MINUTE / 6,
  /** */
  watchWindowMs: { production: HOUR, below: 15 * MINUTE },
  watchFloorMs: 10 * MINUTE,
  watchEveryMs: MINUTE,
  /** A baseline longer than this tells of another time of day. */
  baselineCapMs: HOUR,
  /** */
  noDataMs: 3 * MINUTE,
  /** Three minutes at the usual interval, as for a target without data. */
  watchErrors: 3,
  /** */
  miniWindowMs: 5 * MINUTE,
  /** */
  askMs: 15 * MINUTE,
  escalateMs: 5 * MINUTE,
  /** */
  slotGapMs: HOUR,
  /** */
  isolate: { tries: 3, forMs: 3 * HOUR },
  pattern: 'fix/{{bug}}',
  /** P-040. */
  flagStaleAfterMs: 30 * 24 * HOUR,
  reportsDir: 'releases',
} as const;

/** Who lets a fix through where the file names nobody (T-012); in a freeze, an admin and one other senior (T-207). */
export const APPROVALS: { readonly default: ApprovalRule; readonly freeze: ApprovalRule } = {
  default: { count: 1, roles: ['admin', 'manager'], notRequester: true },
  freeze: { count: 2, roles: ['admin', 'senior'], notRequester: true },
};
