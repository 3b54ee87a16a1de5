/** Worker Versioning by config: which build of which deployment a worker is (3-architecture §3 rule 10, 6-faults E11). */
import type { WorkerDeploymentOptions } from '@temporalio/worker';
import type { Settings } from '../config/settings';
import { TidegateFailure } from '../domain/failures';

/** What Temporal and its command line take without quoting. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$/;
const BUILD = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;

/** Null where neither variable is set: then nothing is versioned. @throws BadPlan for one without the other */
export function versioningOf({ deployment, buildId }: Settings): WorkerDeploymentOptions | null {
  if (deployment === null && buildId === null) return null;
  if (deployment === null || buildId === null) {
    throw new TidegateFailure(
      'BadPlan',
      'Worker Versioning needs a name and a build: set both TIDEGATE_DEPLOYMENT (such as tidegate) and TIDEGATE_BUILD_ID (such as 0.2.0), or neither.',
    );
  }
  if (!NAME.test(deployment)) throw unfit('TIDEGATE_DEPLOYMENT', 'letters, digits, - and _');
  if (!BUILD.test(buildId)) throw unfit('TIDEGATE_BUILD_ID', 'letters, digits, dots, - and _');
  return {
    version: { deploymentName: deployment, buildId },
    useWorkerVersioning: true,
    // For what lives long; a deployment pins itself (workflows/index.ts).
    defaultVersioningBehavior: 'AUTO_UPGRADE',
  };
}

const unfit = (variable: string, allowed: string): TidegateFailure =>
  new TidegateFailure('BadPlan', `${variable} cannot be used as a name: ${allowed}, at most 100 of them.`);
