/** The workflows that a worker runs; the bundle starts here. */
import type { VersioningBehavior } from '@temporalio/common';
import { setWorkflowOptions, workflowInfo } from '@temporalio/workflow';
import { bugFixWorkflow } from './bug-fix';
import { deploymentWorkflow } from './deployment';
import { environmentWorkflow } from './environment';

/** The server refuses every task of a worker that names a behaviour and is not versioned itself. */
const whenVersioned = (versioningBehavior: VersioningBehavior) => () =>
  workflowInfo().currentDeploymentVersion?.deploymentName ? { versioningBehavior } : {};

// With Worker Versioning only (6-faults E11): what acts on the world ends with the code it began with. Bugs wait for
// months and environments live for ever: pinned, they would hold their first build as long.
setWorkflowOptions(whenVersioned('PINNED'), deploymentWorkflow);
setWorkflowOptions(whenVersioned('AUTO_UPGRADE'), bugFixWorkflow);
setWorkflowOptions(whenVersioned('AUTO_UPGRADE'), environmentWorkflow);

export { bugFixWorkflow, deploymentWorkflow, environmentWorkflow };
