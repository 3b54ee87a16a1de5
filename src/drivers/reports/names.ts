/** Names of report files (4-interfaces §9, A-008). */
import { DateTime } from 'luxon';
import type { DeploymentState } from '../../domain/deployment';

export type ReportKind = 'release' | 'rollback';

const GRAMMAR = /^[A-Za-z0-9][A-Za-z0-9._+-]*$/;
const MAX_LENGTH = 200;
const STAMP = 'yyyy-MM-dd-HHmm';

/** Whether a name may be a report's: it can neither leave the folder nor name a hidden file. */
export const isReportName = (name: string): boolean => name.length <= MAX_LENGTH && GRAMMAR.test(name);

/**
 * `<version>_<env>_<YYYY-MM-DD-HHmm>` from the deployment's start in the service's zone. A deployment that has no
 * candidate (it was aborted before) is called `unbuilt`.
 */
export function reportStem(deployment: DeploymentState, zone: string): string {
  const version = safePart(deployment.candidate?.version ?? 'unbuilt');
  const stamp = DateTime.fromMillis(deployment.startedAt, { zone }).toFormat(STAMP);
  return `${version}_${safePart(deployment.env)}_${stamp}`;
}

const safePart = (part: string): string => part.replace(/[^A-Za-z0-9.+-]/g, '-').slice(0, 60);

/** The first name is bare; a name that another deployment has taken gets `-2`, then `-3`. */
export const reportName = (kind: ReportKind, stem: string, number: number): string =>
  number === 1 ? `${kind}_${stem}` : `${kind}_${stem}-${number}`;

/** The start of the deployment that a name tells, to the minute, or null when the name is of another kind. */
export function stampOf(name: string, zone: string): number | null {
  const stamp = /^(?:release|rollback)_.+_(\d{4}-\d{2}-\d{2}-\d{4})(?:-\d+)?$/.exec(name)?.[1];
  if (stamp === undefined) return null;
  const start = DateTime.fromFormat(stamp, STAMP, { zone });
  return start.isValid ? start.toMillis() : null;
}
